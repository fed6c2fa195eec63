-- Gives the supervision up.
-- KEYS[1] counters
-- ARGV    epoch
local owner = base .. 'owner'
if redis.call('HGET', owner, 'epoch') == ARGV[1] then
  redis.call('HDEL', owner, 'who', 'until', 'epoch')
end
return 1
