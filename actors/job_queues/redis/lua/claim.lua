-- Takes tickets and starts their jobs, in one step: a job is never taken without a lease.
-- KEYS[1] counters
-- ARGV    worker, count, lease in ms
-- Returns { more, claims }: more = 1 when only stale tickets were met and there may be others.
--         a claim is id, fence, ticket, attempt, ready, input, traceparent, provenance, and what it has in
--         common with most: lane, version, model, submitter, limits; left out where it is the same as
--         of the claim before
-- A ticket given back carries no generation: it left its place only with its job.
-- With a count of 0 the streams and their group are made, and nothing else is done.
local worker, want, lease = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
if want == 0 then
  open()
  return { 0, {} }
end
local claims = {}
local met = 0
local leased = text_of(now + lease)
local common = {}

local function start(lane, ticket, id, generation)
  met = met + 1
  local key = base .. 'job:' .. (id or '')
  local v = call('HMGET', key, 'st', 'fe', 'g', 'a', 'L', 'x', 'v', 'm', 'in', 'by', 'tp', 'pv')
  local current = v[3] or '0'
  if v[1] ~= 'q' or current ~= (generation or current) then
    ack(lane, ticket)
    return
  end
  local ready = tonumber(string.match(ticket, '^%d+'))
  local job = nil
  if v[6] then
    job = { id = id, key = key, state = 'q', generation = current, limits = v[5], lane = lane }
    load_rare(job)
  end
  if now > ready + limits_of(v[5]).queue then
    job = job or { id = id, key = key, state = 'q', generation = current, limits = v[5], lane = lane }
    job.delivered = ticket
    finish(job, 'e', 'z' .. current, 'er', QUEUE_TIMEOUT, 'queue_timeout')
    return
  end
  local fence, attempt = tonumber(v[2] or 0) + 1, tonumber(v[4] or 0) + 1
  local fence_text, attempt_text = text_of(fence), text_of(attempt)
  local mark = 'r' .. fence_text
  call('HSET', key, 'st', 'r', 'fe', fence_text, 'a', attempt_text, mark, NOW .. ' ' .. attempt_text .. ' ' .. ticket .. ' ' .. worker)
  note(id, mark)
  started[#started + 1] = leased
  started[#started + 1] = id
  observe('queue', now - ready)
  if job then
    tell(job, 'started', nil)
    announce(job)
  end
  local claim = { id, fence, ticket, attempt, ready, v[9], v[11], v[12] }
  if lane ~= common[1] or v[7] ~= common[2] or v[8] ~= common[3] or v[10] ~= common[4] or v[5] ~= common[5] then
    common = { lane, v[7], v[8], v[10], v[5] }
    for i = 1, 5 do claim[8 + i] = common[i] end
  end
  claims[#claims + 1] = claim
end

local function read(lane, n)
  local reply = redis.pcall('XREADGROUP', 'GROUP', GROUP, CONSUMER, 'COUNT', n, 'STREAMS', base .. lane, '>')
  if reply and reply.err then
    if not string.find(reply.err, 'NOGROUP', 1, true) then error(reply.err) end
    open()
    reply = call('XREADGROUP', 'GROUP', GROUP, CONSUMER, 'COUNT', n, 'STREAMS', base .. lane, '>')
  end
  return reply and reply[1] and reply[1][2] or {}
end

-- Takes up to n tickets of a lane, those given back first; answers how many jobs were started.
local function take(lane, n)
  if n <= 0 then return 0 end
  local before = #claims
  local back = call('ZPOPMIN', base .. 'back:' .. lane, n)
  for i = 1, #back, 2 do
    local ticket, id = string.match(back[i], '^%d+ (%S+) (%S+)$')
    start(lane, ticket, id, nil)
  end
  local rest = n - #back / 2
  if rest > 0 then
    for _, entry in ipairs(read(lane, rest)) do
      start(lane, entry[1], ticket_fields(entry[2]))
    end
  end
  local taken = #claims - before
  count(WAITING[lane], -taken)
  count('attempts', taken)
  return taken
end

local has_batch = call('XLEN', base .. 'batch') > 0
local turn = has_batch and tonumber(call('HGET', COUNTERS, 'turn') or 0) or 0
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
if has_batch then call('HSET', COUNTERS, 'turn', turn) end
flush()
local more = (#claims == 0 and met > 0) and 1 or 0
if #claims == 0 and more == 0 then
  call('SET', base .. 'idle', '1', 'PX', 120000)
end
return { more, claims }
