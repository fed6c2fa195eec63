-- What every script shares. Prepended to each of them.
-- KEYS[1] = mg:{tag}:counters. All other keys of the queue are derived from it: they carry the same
-- hash tag, so a script never leaves its slot, and a batch of jobs needs no list of keys.
local call = redis.call
local base = string.sub(KEYS[1], 1, -9)
local COUNTERS = KEYS[1]
local GROUP = 'workers'
-- Leases say who holds what, so the group needs one consumer only, and none is left behind by dead workers.
local CONSUMER = 'lease'
local clock = call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

-- Whole numbers as text. Lua and Redis write a number by printf, which costs as much as a small
-- command, and the jobs of one call mostly have the same ones.
local texts = {}
local function text_of(number)
  local text = texts[number]
  if not text then
    text = string.format('%.0f', number)
    texts[number] = text
  end
  return text
end
local NOW = text_of(now)

local counted = {}
local WAITING = { interactive = 'waiting:interactive', batch = 'waiting:batch' }
local function count(field, by)
  counted[field] = (counted[field] or 0) + by
end

-- Times in buckets, by kind; the bucket of the last one is tried first, for jobs of one call are alike.
local observed = {}
local function observe(kind, ms)
  local seen = observed[kind]
  if not seen then
    seen = { buckets = {}, sum = 0, above = 0, most = 0 }
    observed[kind] = seen
  end
  if ms <= seen.above or ms > seen.most then
    local bucket = 1
    while bucket <= #BOUNDS and ms > BOUNDS[bucket] do bucket = bucket + 1 end
    seen.last, seen.above, seen.most = bucket, BOUNDS[bucket - 1] or -1, BOUNDS[bucket] or math.huge
  end
  seen.buckets[seen.last] = (seen.buckets[seen.last] or 0) + 1
  seen.sum = seen.sum + ms
end

-- Seconds out of a job's limits, in ms (`keep` as text). Jobs of one batch mostly share one text.
local parsed = {}
local function limits_of(text)
  local limits = parsed[text]
  if not limits then
    local queue, retention = string.match(text, '^[^,]*,[^,]*,([^,]*),([^,]*)')
    limits = { queue = math.floor(tonumber(queue) * 1000), keep = text_of(math.floor(tonumber(retention) * 1000)) }
    parsed[text] = limits
  end
  return limits
end

-- Fields that few jobs have; `x` says that a job has any of them.
local function load_rare(job)
  local v = call('HMGET', job.key, 'ln', 'k', 'cb', 'gw', 'cx', 'ev', 'co', 'v')
  if v[1] then job.lane = 'batch' end
  job.idempotency, job.callback, job.watchers, job.cancel, job.events, job.cohort = v[2], v[3], v[4], v[5], v[6], v[7]
  job.version = v[8]
end

local function load(id)
  local key = base .. 'job:' .. id
  local v = call('HMGET', key, 'st', 'fe', 'g', 'a', 'L', 'x')
  if not v[1] then return nil end
  local job = { id = id, key = key, state = v[1], fence = v[2] or '0', generation = v[3] or '0', attempt = tonumber(v[4] or 0), limits = v[5], lane = 'interactive' }
  if v[6] then load_rare(job) end
  return job
end

-- When the job's present attempt began, and the ticket it began with.
local function start_of(job)
  local at, ticket = string.match(call('HGET', job.key, 'r' .. job.fence), '^(%d+) %d+ (%S+)')
  return tonumber(at), ticket
end

-- Acks are gathered and sent once per call and lane.
local acks = { interactive = {}, batch = {} }
local function ack(lane, ticket)
  local tickets = acks[lane]
  tickets[#tickets + 1] = ticket
end

-- Hints are gathered too: one message per gateway that waits, with a line for each job.
local hints = {}

-- Steps of jobs that are to be audited are gathered too: an id, the history field of the step, and
-- for a submission who called. They stay in the list until the trail has them.
local trail = {}
local function note(id, mark, more)
  if AUDIT_LIMIT == 0 then return end
  trail[#trail + 1] = id .. ' ' .. mark .. (more or '')
end

-- Writes what was gathered: once per field, lane or set, however many jobs were moved.
local started, stopped = {}, {}
local function flush()
  if #trail > 0 then
    call('RPUSH', base .. 'audit', unpack(trail))
    trail = {}
  end
  for gateway, lines in pairs(hints) do
    call('SPUBLISH', base .. 'changed:' .. gateway, table.concat(lines, '\n'))
    hints[gateway] = nil
  end
  for lane, tickets in pairs(acks) do
    if #tickets > 0 then call('XACK', base .. lane, GROUP, unpack(tickets)) end
  end
  if #stopped > 0 then call('ZREM', base .. 'running', unpack(stopped)) end
  if #started > 0 then call('ZADD', base .. 'running', unpack(started)) end
  for kind, seen in pairs(observed) do
    for bucket, times in pairs(seen.buckets) do count(kind .. bucket, times) end
    count(kind .. 'sum', seen.sum)
  end
  for field, by in pairs(counted) do
    if by ~= 0 then call('HINCRBY', COUNTERS, field, by) end
  end
  write_spent(now)
end

-- Tells the gateways that wait for this job to look again; `mark` is END at its last change. A
-- gateway with a '!' waits for nothing but the end, and is told with it how a completed job ended
-- (`job.told`), so that it need not read the record.
local END = ' end'

local function announce(job, mark)
  if not job.watchers then return end
  for gateway, only in string.gmatch(job.watchers, '([^%s!]+)(!?)') do
    if mark or only == '' then
      local lines = hints[gateway]
      if not lines then
        lines = {}
        hints[gateway] = lines
      end
      local told = only ~= '' and job.told or ''
      lines[#lines + 1] = job.id .. (mark or '') .. told
    end
  end
end

-- Wakes workers that found nothing to do, and the supervisor of a queue in which nothing went on.
local function wake()
  if call('EXISTS', base .. 'idle', base .. 'asleep') > 0 then
    call('DEL', base .. 'idle', base .. 'asleep')
    call('SPUBLISH', base .. 'wake', '')
  end
end

-- Makes a delivery for a callback that asked for this event. A callback is stored as ',type,type, url'.
local function tell(job, event, data)
  if not job.callback then return end
  local types, url = string.match(job.callback, '^(%S+) (.*)$')
  if not string.find(types, ',' .. event .. ',', 1, true) then return end
  local id = job.id .. '.' .. call('HINCRBY', job.key, 'cn', 1)
  call('HSET', base .. 'delivery:' .. id, 'job', job.id, 'url', url, 'type', event, 'at', now, 'data', data or '{}', 'state', 'due')
  call('ZADD', base .. 'callbacks', now, id)
  call('RPUSH', base .. 'deliveries:' .. job.id, id)
end

-- Counts how a job of a cohort, or an attempt of it, ended; `ms` is how long a completed one ran.
local function tally(job, state, ms)
  local key = base .. 'cohort:' .. job.cohort
  if call('HINCRBY', key, state, 1) == 1 then call('SADD', base .. 'cohorts', job.cohort) end
  if ms then
    local bucket = ms <= 1 and 0 or math.ceil(math.log(ms) / math.log(BUCKET_GROWTH))
    call('HINCRBY', key, 't' .. bucket, 1)
  end
  call('PEXPIRE', key, COHORT_KEPT)
  if state == 'w' then return end
  local members, notes = base .. 'members:' .. job.cohort, base .. 'notes:' .. job.cohort
  if call('LPUSH', members, job.id) > MAX_MEMBERS then
    call('HDEL', notes, call('LINDEX', members, -1))
    call('LTRIM', members, 0, MAX_MEMBERS - 1)
  end
  call('PEXPIRE', members, COHORT_KEPT)
end

local NAMES = { c = 'completed', f = 'failed', x = 'cancelled', e = 'expired', w = 'retrying', q = 'queued', r = 'running' }

-- Every way to a final state ends here. `mark` is the history field: 'e<fence>' or 'z<generation>'.
local function finish(job, state, mark, field, value, code)
  if job.state == 'q' then
    count(WAITING[job.lane], -1)
  elseif job.state == 'w' then
    call('ZREM', base .. 'delayed', job.id)
  end
  if job.delivered then
    ack(job.lane, job.delivered)
  end
  local text = state .. ' ' .. NOW
  if field == 'er' then
    text = text .. ' ' .. value
  elseif state == 'x' then
    local by = job.by or (job.cancel and string.match(job.cancel, '^%d+ (.+)$'))
    if by then text = text .. ' ' .. by end
  end
  if field then
    call('HSET', job.key, 'st', state, mark, text, field, value)
  else
    call('HSET', job.key, 'st', state, mark, text)
  end
  note(job.id, mark)
  local keep = limits_of(job.limits).keep
  -- A record that is still to be audited has no end; `audited.lua` gives it one.
  if AUDIT_LIMIT == 0 then call('PEXPIRE', job.key, keep) end
  if job.idempotency then call('PEXPIRE', base .. 'key:' .. job.idempotency, keep) end
  if job.events then call('PEXPIRE', base .. 'events:' .. job.id, keep) end
  count(NAMES[state], 1)
  conclude(job, state, now)
  if code then count('failure:' .. code, 1) end
  if job.cohort then tally(job, state, state == 'c' and job.ran) end
  tell(job, NAMES[state], nil)
  announce(job, END)
  job.state = state
end

-- Tickets given back wait here by their place in line; the sequence is padded so that text order is
-- number order within one millisecond.
local function give_back(job, ticket)
  local ms, seq = string.match(ticket, '^(%d+)-(%d+)$')
  call('ZADD', base .. 'back:' .. job.lane, ms, string.format('%012d', tonumber(seq)) .. ' ' .. ticket .. ' ' .. job.id)
  count(WAITING[job.lane], 1)
end

local function open()
  for _, lane in ipairs({ 'interactive', 'batch' }) do
    redis.pcall('XGROUP', 'CREATE', base .. lane, GROUP, '0', 'MKSTREAM')
  end
end

-- Adds a ticket at the tail of a lane, and keeps the order of deadlines: a job that expires before
-- one ahead of it would be missed by the walk from the head, so it is put on a list of its own.
local last_deadline = {}
local function enqueue(id, lane, generation, limits)
  local deadline = now + limits_of(limits).queue
  local last = last_deadline[lane]
  if not last then last = tonumber(call('HGET', COUNTERS, 'deadline:' .. lane) or 0) end
  if deadline < last then
    call('ZADD', base .. 'deadlines', deadline, id .. ' ' .. generation)
  elseif deadline > last then
    call('HSET', COUNTERS, 'deadline:' .. lane, string.format('%.0f', deadline))
    last = deadline
  end
  last_deadline[lane] = last
  count(WAITING[lane], 1)
  if generation == '0' then
    call('XADD', base .. lane, '*', 'j', id)
  else
    call('XADD', base .. lane, '*', 'j', id, 'g', generation)
  end
end

-- A ticket's fields as id and generation; a nudge has neither.
local function ticket_fields(fields)
  local id, generation = nil, '0'
  for i = 1, #fields, 2 do
    if fields[i] == 'j' then id = fields[i + 1] elseif fields[i] == 'g' then generation = fields[i + 1] end
  end
  return id, generation
end

local QUEUE_TIMEOUT = '{"code":"queue_timeout","message":"waited longer than its queue timeout"}'
