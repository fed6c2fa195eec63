-- Hands out callbacks that are due, and holds them back from the next round, for the holder only.
-- KEYS[1] counters
-- ARGV    epoch, most, hold in ms
-- Returns delivery ids.
if call('HGET', base .. 'owner', 'epoch') ~= ARGV[1] then return {} end
local ids = call('ZRANGEBYSCORE', base .. 'callbacks', '-inf', now, 'LIMIT', 0, ARGV[2])
for _, id in ipairs(ids) do
  call('ZADD', base .. 'callbacks', now + tonumber(ARGV[3]), id)
end
return ids
