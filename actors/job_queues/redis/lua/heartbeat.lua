-- Renews leases.
-- KEYS[1] counters
-- ARGV    lease in ms, then per lease: id, fence
-- Returns per lease 'h' (held), 'c' (held, but the job is to be cancelled), 'l' (lost).
local out = {}
for i = 2, #ARGV, 2 do
  local v = call('HMGET', base .. 'job:' .. ARGV[i], 'st', 'fe', 'cx')
  if v[1] == 'r' and v[2] == ARGV[i + 1] then
    call('ZADD', base .. 'running', 'XX', now + tonumber(ARGV[1]), ARGV[i])
    out[#out + 1] = v[3] and 'c' or 'h'
  else
    out[#out + 1] = 'l'
  end
end
return out
