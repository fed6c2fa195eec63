-- What every script shares. Prepended to each of them.
-- KEYS[1] = mg:{tag}:counters. All other keys of the queue are derived from it: they carry the same
-- hash tag, so a script never leaves its slot, and a batch of jobs needs no list of keys.
local base = string.sub(KEYS[1], 1, -9)
local COUNTERS = KEYS[1]
local GROUP = 'workers'
-- Leases say who holds what, so the group needs one consumer only, and none is left behind by dead workers.
local CONSUMER = 'lease'
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local counted = {}
local function count(field, by)
  counted[field] = (counted[field] or 0) + by
end

local function observe(kind, ms)
  local bucket = 1
  while bucket <= #BOUNDS and ms > BOUNDS[bucket] do bucket = bucket + 1 end
  count(kind .. bucket, 1)
  count(kind .. 'sum', ms)
end

-- Writes this call's counts, once per field however many jobs it moved.
local function flush()
  for field, by in pairs(counted) do
    if by ~= 0 then redis.call('HINCRBY', COUNTERS, field, by) end
  end
end

local function load(id)
  local key = base .. 'job:' .. id
  local v = redis.call('HMGET', key, 'st', 'fe', 'g', 'a', 's', 'tk', 'ln', 'L', 'k', 'cb', 'gw', 'cx', 'ev')
  if not v[1] then return nil end
  return {
    id = id, key = key, state = v[1], fence = tonumber(v[2] or 0), generation = v[3] or '0',
    attempt = tonumber(v[4] or 0), stalls = tonumber(v[5] or 0), ticket = v[6],
    lane = v[7] and 'batch' or 'interactive', limits = v[8], idempotency = v[9], callback = v[10],
    watchers = v[11], cancel = v[12], events = v[13],
  }
end

-- Tells the gateways that wait for this job to look again.
local function announce(job)
  if job.watchers then
    for gateway in string.gmatch(job.watchers, '%S+') do
      redis.call('SPUBLISH', base .. 'changed:' .. gateway, job.id)
    end
  end
end

-- Wakes workers that found nothing to do.
local function wake()
  if redis.call('EXISTS', base .. 'idle') == 1 then
    redis.call('DEL', base .. 'idle')
    redis.call('SPUBLISH', base .. 'wake', '')
  end
end

-- Makes a delivery for a callback that asked for this event. A callback is stored as ',type,type, url'.
local function tell(job, event, data)
  if not job.callback then return end
  local types, url = string.match(job.callback, '^(%S+) (.*)$')
  if not string.find(types, ',' .. event .. ',', 1, true) then return end
  local id = job.id .. '.' .. redis.call('HINCRBY', job.key, 'cn', 1)
  redis.call('HSET', base .. 'delivery:' .. id, 'job', job.id, 'url', url, 'type', event, 'at', now, 'data', data or '{}', 'state', 'due')
  redis.call('ZADD', base .. 'callbacks', now, id)
  redis.call('RPUSH', base .. 'deliveries:' .. job.id, id)
end

local NAMES = { c = 'completed', f = 'failed', x = 'cancelled', e = 'expired', w = 'retrying', q = 'queued', r = 'running' }

-- Every way to a final state ends here. `mark` is the history field: 'e<fence>' or 'z<generation>'.
local function finish(job, state, mark, field, value, code)
  if job.state == 'q' then
    count('waiting:' .. job.lane, -1)
  elseif job.state == 'w' then
    redis.call('ZREM', base .. 'delayed', job.id)
  end
  if job.delivered then
    redis.call('XACK', base .. job.lane, GROUP, job.delivered)
  end
  local note = state .. ' ' .. now
  if field == 'er' then note = note .. ' ' .. value end
  if field then
    redis.call('HSET', job.key, 'st', state, mark, note, field, value)
  else
    redis.call('HSET', job.key, 'st', state, mark, note)
  end
  local keep = math.floor(tonumber(string.match(job.limits, '^[^,]*,[^,]*,[^,]*,([^,]*)')) * 1000)
  redis.call('PEXPIRE', job.key, keep)
  if job.idempotency then redis.call('PEXPIRE', base .. 'key:' .. job.idempotency, keep) end
  if job.events then redis.call('PEXPIRE', base .. 'events:' .. job.id, keep) end
  count(NAMES[state], 1)
  if code then count('failure:' .. code, 1) end
  tell(job, NAMES[state], nil)
  announce(job)
  job.state = state
end

-- Tickets given back wait here by their place in line; the sequence is padded so that text order is
-- number order within one millisecond.
local function give_back(job)
  local ms, seq = string.match(job.ticket, '^(%d+)-(%d+)$')
  redis.call('ZADD', base .. 'back:' .. job.lane, ms, string.format('%012d', tonumber(seq)) .. ' ' .. job.ticket .. ' ' .. job.id)
  count('waiting:' .. job.lane, 1)
end

local function open()
  for _, lane in ipairs({ 'interactive', 'batch' }) do
    redis.pcall('XGROUP', 'CREATE', base .. lane, GROUP, '0', 'MKSTREAM')
  end
end

-- Adds a ticket at the tail of a lane, and keeps the order of deadlines: a job that expires before
-- one ahead of it would be missed by the walk from the head, so it is put on a list of its own.
local function enqueue(id, lane, generation, limits)
  local timeout = tonumber(string.match(limits, '^[^,]*,[^,]*,([^,]*)')) * 1000
  local deadline = now + timeout
  local last = tonumber(redis.call('HGET', COUNTERS, 'deadline:' .. lane) or 0)
  if deadline < last then
    redis.call('ZADD', base .. 'deadlines', deadline, id .. ' ' .. generation)
  elseif deadline > last then
    redis.call('HSET', COUNTERS, 'deadline:' .. lane, string.format('%.0f', deadline))
  end
  count('waiting:' .. lane, 1)
  if generation == '0' then
    return redis.call('XADD', base .. lane, '*', 'j', id)
  end
  return redis.call('XADD', base .. lane, '*', 'j', id, 'g', generation)
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
