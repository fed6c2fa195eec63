-- One round of looking after the queue, for the holder of the epoch only.
-- KEYS[1] counters
-- ARGV    epoch, ttl in ms, most stalls, most jobs per step
-- Returns nil for anyone else; else promoted, rescued, dead-lettered, expired, idle, callbacks due, lag repaired,
--         jobs whose quotas are to be given back, steps to be audited
local owner = base .. 'owner'
if call('HGET', owner, 'epoch') ~= ARGV[1] then return nil end
call('HSET', owner, 'until', now + tonumber(ARGV[2]))
local most_stalls, limit = tonumber(ARGV[3]), tonumber(ARGV[4])
local promoted, rescued, dead, expired, repaired = 0, 0, 0, 0, 0

-- Retries that are due come back at the tail.
for _, id in ipairs(call('ZRANGEBYSCORE', base .. 'delayed', '-inf', now, 'LIMIT', 0, limit)) do
  call('ZREM', base .. 'delayed', id)
  local job = load(id)
  if job and job.state == 'w' then
    local generation = tostring(tonumber(job.generation) + 1)
    call('HSET', job.key, 'st', 'q', 'g', generation, 'p' .. generation, now)
    call('HDEL', job.key, 'due')
    note(id, 'p' .. generation)
    enqueue(id, job.lane, generation, job.limits)
    announce(job)
    promoted = promoted + 1
  end
end

-- Jobs whose lease has passed: their worker is lost. The fence moves on, which shuts it out.
local lost = call('ZRANGEBYSCORE', base .. 'running', '-inf', now, 'WITHSCORES', 'LIMIT', 0, limit)
for i = 1, #lost, 2 do
  -- It ran no longer than its lease, however long nobody looked.
  local id, lost_at = lost[i], tonumber(lost[i + 1])
  call('ZREM', base .. 'running', id)
  local job = load(id)
  if job and job.state == 'r' then
    local mark = 'e' .. job.fence
    local began, ticket = start_of(job)
    spend(job, math.max(0, lost_at - began))
    local stalls = tonumber(call('HGET', job.key, 's') or 0) + 1
    call('HSET', job.key, 's', stalls)
    if job.cancel then
      job.delivered = ticket
      finish(job, 'x', mark, nil, nil, nil)
    elseif stalls > most_stalls then
      call('HSET', job.key, 'dl', 1)
      call('ZADD', base .. 'dead', now, id)
      job.delivered = ticket
      finish(job, 'f', mark, 'er', '{"code":"stalled","message":"lost its worker ' .. stalls .. ' times"}', 'stalled')
      dead = dead + 1
    else
      call('HSET', job.key, 'st', 'q', mark, 'q ' .. lost[i + 1])
      note(id, mark)
      give_back(job, ticket)
      count('redelivered', 1)
      announce(job)
      rescued = rescued + 1
    end
  end
end
-- Given-back tickets wake nobody by themselves.
if promoted + rescued > 0 then wake() end

local function expire(id, generation, deadline_passed)
  local job = load(id)
  if job and job.state == 'q' and job.generation == generation then
    if not deadline_passed(job) then return false end
    finish(job, 'e', 'z' .. job.generation, 'er', QUEUE_TIMEOUT, 'queue_timeout')
    expired = expired + 1
  end
  return true
end

-- Jobs that expire before one ahead of them in line.
for _, member in ipairs(call('ZRANGEBYSCORE', base .. 'deadlines', '-inf', now, 'LIMIT', 0, limit)) do
  call('ZREM', base .. 'deadlines', member)
  local id, generation = string.match(member, '^(%S+) (%S+)$')
  expire(id, generation, function() return true end)
end

local waiting = 0
for _, lane in ipairs({ 'interactive', 'batch' }) do
  local stream = base .. lane
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err or #groups == 0 then
    open()
  else
    local group = {}
    for i = 1, #groups[1], 2 do group[groups[1][i]] = groups[1][i + 1] end
    local delivered = group['last-delivered-id']

    -- All others expire in the order of the line: walk from where the last round stopped.
    local walked = call('HGET', COUNTERS, 'walked:' .. lane)
    local from = delivered
    if walked and tonumber(string.match(walked, '^%d+')) > tonumber(string.match(delivered, '^%d+')) then from = walked end
    for _, entry in ipairs(call('XRANGE', stream, '(' .. from, '+', 'COUNT', limit)) do
      local id, generation = ticket_fields(entry[2])
      local ready = tonumber(string.match(entry[1], '^%d+'))
      local past = not id or expire(id, generation, function(job)
        return now > ready + limits_of(job.limits).queue
      end)
      if not past then break end
      walked = entry[1]
    end
    if walked then call('HSET', COUNTERS, 'walked:' .. lane, walked) end

    -- Only what lies before the oldest pending entry is trimmed: that leaves no holes, so lag stays exact.
    local pending = call('XPENDING', stream, GROUP, '-', '+', 1)
    local low = pending[1] and pending[1][1]
    if not low then
      -- Nothing is pending: all that was delivered goes, so that an idle stream has no entries.
      local ms, seq = string.match(delivered, '^(%d+)-(%d+)$')
      low = ms .. '-' .. string.format('%d', tonumber(seq) + 1)
    end
    call('XTRIM', stream, 'MINID', low)

    -- A failover of Redis before 7.4 forgets how many entries were read; count them where it shows.
    local length = call('XLEN', stream)
    local drained = #call('XRANGE', stream, '(' .. delivered, '+', 'COUNT', 1) == 0
    local lag = group['lag']
    if not lag or lag > length or lag < 0 or (drained and lag > 0) or (not drained and lag == 0) then
      local unread = 0
      local cursor = delivered
      while not drained do
        local page = call('XRANGE', stream, '(' .. cursor, '+', 'COUNT', 10000)
        if #page == 0 then break end
        unread = unread + #page
        cursor = page[#page][1]
      end
      local info = call('XINFO', 'STREAM', stream)
      local added = 0
      for i = 1, #info, 2 do if info[i] == 'entries-added' then added = info[i + 1] end end
      call('XGROUP', 'SETID', stream, GROUP, delivered, 'ENTRIESREAD', added - unread)
      repaired = repaired + 1
    end
    if not drained or call('ZCARD', base .. 'back:' .. lane) > 0 then waiting = waiting + 1 end
  end
end

-- The indexes and the dead letters forget jobs whose records have gone, a stretch of them each round.
-- What was shared by a gateway that did not keep the index is put into it.
local cursors = call('HMGET', COUNTERS, 'swept', 'swept:shared')
local stretch = call('ZRANGEBYLEX', base .. 'index', cursors[1] or '-', '+', 'LIMIT', 0, limit)
for _, id in ipairs(stretch) do
  local v = call('HMGET', base .. 'job:' .. id, 'st', 'sh')
  if not v[1] then
    call('ZREM', base .. 'index', id)
    call('ZREM', base .. 'dead', id)
  elseif v[2] then
    for _, entry in ipairs(cjson.decode(v[2])) do call('ZADD', base .. 'shared', 0, entry .. ' ' .. id) end
  end
end
call('HSET', COUNTERS, 'swept', #stretch < limit and '-' or '(' .. stretch[#stretch])
-- A record that has gone does not say with whom it was shared, so these are walked by themselves.
local shared = call('ZRANGEBYLEX', base .. 'shared', cursors[2] or '-', '+', 'LIMIT', 0, limit)
for _, member in ipairs(shared) do
  if call('EXISTS', base .. 'job:' .. string.match(member, '%S+$')) == 0 then
    call('ZREM', base .. 'shared', member)
  end
end
if #shared == limit then
  call('HSET', COUNTERS, 'swept:shared', '(' .. shared[limit])
elseif cursors[2] then
  call('HDEL', COUNTERS, 'swept:shared')
end
flush()

local due = call('ZCOUNT', base .. 'callbacks', '-inf', now)
local unaudited = AUDIT_LIMIT == 0 and 0 or call('LLEN', base .. 'audit')
local idle = waiting == 0 and unaudited == 0 and #stretch < limit and #shared < limit
  and call('ZCARD', base .. 'running') == 0 and call('ZCARD', base .. 'delayed') == 0
  and call('ZCARD', base .. 'callbacks') == 0 and call('ZCARD', base .. 'ended') == 0
if idle then call('SET', base .. 'asleep', '1', 'PX', 120000) end
return { promoted, rescued, dead, expired, idle and 1 or 0, due, repaired, call('ZCARD', base .. 'ended'), unaudited }
