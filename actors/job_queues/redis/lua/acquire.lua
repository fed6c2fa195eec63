-- Takes the supervision of the queue, if it is free or one's own.
-- KEYS[1] counters
-- ARGV    scheduler, ttl in ms
-- Returns the epoch, or nil. It carries the holder's name, so that a count rolled back by a failover
-- never gives two holders one epoch.
local owner = base .. 'owner'
local v = call('HMGET', owner, 'who', 'until', 'epoch')
if v[1] and tonumber(v[2]) > now then
  if v[1] ~= ARGV[1] then return nil end
  call('HSET', owner, 'until', now + tonumber(ARGV[2]))
  return v[3]
end
local epoch = call('HINCRBY', owner, 'n', 1) .. ':' .. ARGV[1]
call('HSET', owner, 'who', ARGV[1], 'until', now + tonumber(ARGV[2]), 'epoch', epoch)
open()
return epoch
