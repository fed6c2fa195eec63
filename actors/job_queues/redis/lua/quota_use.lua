-- How subjects stand. Not of one queue.
-- KEYS[1] mg:{quota}:held
-- ARGV    subjects
-- Returns per subject jobs in flight, jobs today, ms of compute today, as one flat list.
local base = string.sub(KEYS[1], 1, -5)
local day = math.floor(tonumber(redis.call('TIME')[1]) / 86400)
local out = {}
for i, subject in ipairs(ARGV) do
  local v = redis.call('HMGET', base .. 'day:' .. day .. ':' .. subject, 'jobs', 'ms')
  out[3 * i - 2] = redis.call('ZCARD', base .. 'ids:' .. subject)
  out[3 * i - 1] = tonumber(v[1] or 0)
  out[3 * i] = tonumber(v[2] or 0)
end
return out
