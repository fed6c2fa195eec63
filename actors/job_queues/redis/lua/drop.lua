-- Forgets a stretch of the queue's jobs; the last call forgets the rest, but not what was spent and
-- the jobs whose quotas are to be given back.
-- KEYS[1] counters
-- ARGV    most jobs per call
-- Returns 1 while there is more.
local ids = call('ZRANGE', base .. 'index', 0, tonumber(ARGV[1]) - 1)
for _, id in ipairs(ids) do
  local v = call('HMGET', base .. 'job:' .. id, 'k', 'gw', 'ac', 'ms')
  if v[1] then call('UNLINK', base .. 'key:' .. v[1]) end
  for _, delivery in ipairs(call('LRANGE', base .. 'deliveries:' .. id, 0, -1)) do
    call('UNLINK', base .. 'delivery:' .. delivery)
  end
  if v[3] and holds_quota({ account = v[3] }) then
    call('ZADD', base .. 'ended', now, id .. ' ' .. (v[4] or '0'))
  end
  call('UNLINK', base .. 'job:' .. id, base .. 'events:' .. id, base .. 'deliveries:' .. id)
  call('ZREM', base .. 'index', id)
  announce({ id = id, watchers = v[2] }, END)
end
flush()
if #ids == tonumber(ARGV[1]) then return 1 end
for _, name in ipairs(call('SMEMBERS', base .. 'cohorts')) do
  call('UNLINK', base .. 'cohort:' .. name, base .. 'members:' .. name, base .. 'notes:' .. name)
end
for _, name in ipairs({ 'cohorts', 'interactive', 'batch', 'running', 'delayed', 'dead', 'index', 'deadlines', 'callbacks', 'owner', 'idle', 'back:interactive', 'back:batch', 'counters' }) do
  call('UNLINK', base .. name)
end
return 0
