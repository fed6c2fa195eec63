-- Makes a delivery due again at once.
-- KEYS[1] counters
-- ARGV    delivery id
-- Returns 1, or 0 when there is none.
local key = base .. 'delivery:' .. ARGV[1]
local v = call('HMGET', key, 'state', 'job')
if not v[1] then return 0 end
if v[1] == 'dead' then count('callbacks_dead', -1) end
call('HSET', key, 'state', 'due')
call('PERSIST', key)
call('PERSIST', base .. 'deliveries:' .. v[2])
call('ZADD', base .. 'callbacks', now, ARGV[1])
flush()
wake()
return 1
