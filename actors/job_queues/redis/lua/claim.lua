-- Takes tickets and starts their jobs, in one step: a job is never taken without a lease.
-- KEYS[1] counters
-- ARGV    worker, count, lease in ms
-- Returns { more, claims }: more = 1 when only stale tickets were met and there may be others.
--         a claim is id, fence, ticket, lane, attempt, ready, version, model, input, submitter, limits, traceparent
local worker, want, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local claims = {}
local met = 0

local function start(lane, ticket, id, generation)
  met = met + 1
  local job = id and load(id)
  if not job or job.state ~= 'q' or job.generation ~= generation then
    redis.call('XACK', base .. lane, GROUP, ticket)
    return
  end
  local ready = tonumber(string.match(ticket, '^%d+'))
  local timeout = tonumber(string.match(job.limits, '^[^,]*,[^,]*,([^,]*)')) * 1000
  if now > ready + timeout then
    job.delivered = ticket
    finish(job, 'e', 'z' .. job.generation, 'er', QUEUE_TIMEOUT, 'queue_timeout')
    return
  end
  local fence, attempt = job.fence + 1, job.attempt + 1
  redis.call('HSET', job.key, 'st', 'r', 'fe', fence, 'a', attempt, 'tk', ticket, 'r' .. fence, now .. ' ' .. attempt .. ' ' .. worker)
  redis.call('ZADD', base .. 'running', now + lease, id)
  count('waiting:' .. lane, -1)
  count('attempts', 1)
  observe('queue', now - ready)
  tell(job, 'started', nil)
  announce(job)
  local v = redis.call('HMGET', job.key, 'v', 'm', 'in', 'by', 'tp')
  claims[#claims + 1] = { id, fence, ticket, lane, attempt, ready, v[1], v[2], v[3], v[4], job.limits, v[5] }
end

local function read(lane, n)
  local reply = redis.pcall('XREADGROUP', 'GROUP', GROUP, CONSUMER, 'COUNT', n, 'STREAMS', base .. lane, '>')
  if reply and reply.err then
    if not string.find(reply.err, 'NOGROUP', 1, true) then error(reply.err) end
    open()
    reply = redis.call('XREADGROUP', 'GROUP', GROUP, CONSUMER, 'COUNT', n, 'STREAMS', base .. lane, '>')
  end
  return reply and reply[1] and reply[1][2] or {}
end

-- Takes up to n tickets of a lane, those given back first; answers how many jobs were started.
local function take(lane, n)
  if n <= 0 then return 0 end
  local before = #claims
  local back = redis.call('ZPOPMIN', base .. 'back:' .. lane, n)
  for i = 1, #back, 2 do
    local ticket, id = string.match(back[i], '^%d+ (%S+) (%S+)$')
    start(lane, ticket, id, redis.call('HGET', base .. 'job:' .. id, 'g') or '0')
  end
  local rest = n - #back / 2
  if rest > 0 then
    for _, entry in ipairs(read(lane, rest)) do
      start(lane, entry[1], ticket_fields(entry[2]))
    end
  end
  return #claims - before
end

local has_batch = redis.call('XLEN', base .. 'batch') > 0
local turn = has_batch and tonumber(redis.call('HGET', COUNTERS, 'turn') or 0) or 0
for _ = 1, 8 do
  local slots = want - #claims
  if slots <= 0 then break end
  local seen = met
  if has_batch then
    -- One claim in eight is for batch while it has jobs; `turn` counts those since it last had one.
    local batch = take('batch', math.floor((turn + slots) / 8))
    local interactive = take('interactive', slots - batch)
    batch = batch + take('batch', slots - batch - interactive)
    turn = math.max(0, math.min(7, turn + interactive + batch - 8 * batch))
  else
    take('interactive', slots)
  end
  if met == seen then break end
end
if has_batch then redis.call('HSET', COUNTERS, 'turn', turn) end
flush()
local more = (#claims == 0 and met > 0) and 1 or 0
if #claims == 0 and more == 0 then
  redis.call('SET', base .. 'idle', '1', 'PX', 15000)
end
return { more, claims }
