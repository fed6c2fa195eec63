-- Gives the supervision up.
-- KEYS[1] counters
-- ARGV    epoch
local owner = base .. 'owner'
if call('HGET', owner, 'epoch') == ARGV[1] then
  call('HDEL', owner, 'who', 'until', 'epoch')
end
return 1
