-- Records one try of a delivery.
-- KEYS[1] counters
-- ARGV    delivery id, the try as JSON, 'delivered' | 'dead' | 'due', due in ms or '', how long a finished one is kept in ms
-- Returns 1, or 0 when there is none.
local key = base .. 'delivery:' .. ARGV[1]
local v = call('HMGET', key, 'state', 'attempts', 'job')
if not v[1] then return 0 end
local attempts = v[2] and (v[2] .. ',' .. ARGV[2]) or ARGV[2]
call('HSET', key, 'state', ARGV[3], 'attempts', attempts)
if ARGV[3] == 'due' then
  call('ZADD', base .. 'callbacks', ARGV[4], ARGV[1])
else
  call('ZREM', base .. 'callbacks', ARGV[1])
  call('PEXPIRE', key, ARGV[5])
  call('PEXPIRE', base .. 'deliveries:' .. v[3], ARGV[5])
  if ARGV[3] == 'dead' then count('callbacks_dead', 1) end
end
flush()
return 1
