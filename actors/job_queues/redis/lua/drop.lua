-- Forgets a stretch of the queue's jobs; the last call forgets the rest, but not what was spent and
-- the jobs whose quotas are to be given back. Where jobs are audited they are ended first, and
-- forgotten once nothing of them is left to be audited.
-- KEYS[1] counters
-- ARGV    most jobs per call, the last id of the call before or ''
-- Returns 1 when all is gone, 0 when something is to be audited first, else the id to go on from ('' from the beginning).
local limit, from = tonumber(ARGV[1]), ARGV[2]
if AUDIT_LIMIT > 0 and call('LLEN', base .. 'audit') + call('ZCARD', base .. 'index') > 0 then
  local ids = call('ZRANGEBYLEX', base .. 'index', from == '' and '-' or '(' .. from, '+', 'LIMIT', 0, limit)
  for _, id in ipairs(ids) do
    local job = load(id)
    if job and (job.state == 'q' or job.state == 'w') then
      finish(job, 'x', 'z' .. job.generation, nil, nil, nil)
    elseif job and job.state == 'r' then
      local began, ticket = start_of(job)
      spend(job, now - began)
      job.delivered = ticket
      stopped[#stopped + 1] = id
      finish(job, 'x', 'e' .. job.fence, nil, nil, nil)
    end
  end
  if #ids == limit then
    flush()
    return ids[#ids]
  end
  if call('LLEN', base .. 'audit') + #trail > 0 then
    flush()
    return 0
  end
end
local ids = call('ZRANGE', base .. 'index', 0, limit - 1)
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
if #ids == limit then return '' end
for _, name in ipairs(call('SMEMBERS', base .. 'cohorts')) do
  call('UNLINK', base .. 'cohort:' .. name, base .. 'members:' .. name, base .. 'notes:' .. name)
end
for _, name in ipairs({ 'cohorts', 'interactive', 'batch', 'running', 'delayed', 'dead', 'index', 'shared', 'deadlines', 'callbacks', 'owner', 'idle', 'back:interactive', 'back:batch', 'audit', 'counters' }) do
  call('UNLINK', base .. name)
end
return 1
