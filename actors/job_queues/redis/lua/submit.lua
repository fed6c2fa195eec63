-- Accepts jobs, each with its record and its ticket in one step.
-- KEYS[1] counters
-- ARGV    per job: id, lane or '' for one that has completed with its result, idempotency key or '', fingerprint, limits, caller, n, then n record fields and values
-- Returns per job 'a' (accepted), 'd<id>' (was accepted before), 'c<id>' (same key, other request),
--         'f' (refused: too much waits to be audited).
local out = {}
local index = {}
local i = 1
local full = AUDIT_LIMIT > 0 and call('LLEN', base .. 'audit') >= AUDIT_LIMIT
while i <= #ARGV do
  local id, lane, idempotency, fingerprint, limits, caller, n = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], tonumber(ARGV[i + 6])
  local first, last = i + 7, i + 6 + n
  i = last + 1
  local key = base .. 'job:' .. id
  local verdict = 'a'
  if call('EXISTS', key) == 1 then
    -- Touched, so that WAIT on a new connection has a write of its own to wait for.
    call('HSET', key, 'seen', now)
    verdict = 'd' .. id
  elseif idempotency ~= '' then
    -- Taken for this job, unless it is another's already.
    local prior
    if full then
      prior = call('GET', base .. 'key:' .. idempotency)
    else
      prior = call('SET', base .. 'key:' .. idempotency, id, 'NX', 'GET')
    end
    local known = prior and call('HGET', base .. 'job:' .. prior, 'fp')
    if known then
      call('HSET', base .. 'job:' .. prior, 'seen', now)
      verdict = (known == fingerprint and 'd' or 'c') .. prior
    elseif prior and not full then
      -- That job's record is past its retention.
      call('SET', base .. 'key:' .. idempotency, id)
    end
  end
  if verdict == 'a' and full then verdict = 'f' end
  if verdict == 'a' then
    note(id, 'q', caller ~= '' and ' ' .. caller)
    call('HSET', key, 'st', 'q', unpack(ARGV, first, last))
    if lane == '' then
      local job = load(id)
      job.state = nil -- it never waited
      finish(job, 'c', 'z0', nil, nil, nil)
    else
      enqueue(id, lane, '0', limits)
    end
    index[#index + 1] = '0'
    index[#index + 1] = id
  end
  out[#out + 1] = verdict
end
if #index > 0 then call('ZADD', base .. 'index', unpack(index)) end
flush()
wake()
return out
