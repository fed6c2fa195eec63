-- Answers jobs whose hold is due for a look, and puts the next look off. Not of one queue.
-- KEYS[1] mg:{quota}:held
-- ARGV    most jobs, until the next look in ms
-- Returns ids.
local base = string.sub(KEYS[1], 1, -5)
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local ids = redis.call('ZRANGEBYSCORE', base .. 'check', '-inf', now, 'LIMIT', 0, ARGV[1])
for _, id in ipairs(ids) do redis.call('ZADD', base .. 'check', now + tonumber(ARGV[2]), id) end
return ids
