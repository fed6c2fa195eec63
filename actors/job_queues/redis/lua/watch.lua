-- Asks to be told of a job's changes.
-- KEYS[1] counters
-- ARGV    id, gateway (with a '!' behind it to hear of the end only)
-- Returns 1 if changes may come, 0 if the job is final or missing.
local v = call('HMGET', base .. 'job:' .. ARGV[1], 'st', 'gw')
if not v[1] or v[1] == 'c' or v[1] == 'f' or v[1] == 'x' or v[1] == 'e' then return 0 end
local watchers = v[2] or ''
if not string.find(' ' .. watchers .. ' ', ' ' .. ARGV[2] .. ' ', 1, true) then
  -- Those of gateways long gone fall off the end.
  call('HSET', base .. 'job:' .. ARGV[1], 'gw', string.sub(ARGV[2] .. ' ' .. watchers, 1, 400), 'x', 1)
end
return 1
