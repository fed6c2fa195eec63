-- How the queue stands, in one look.
-- KEYS[1] counters
-- Returns counters as a flat list, running, delayed, dead letters, callbacks, oldest waiting in ms, now, steps to be audited
local oldest = 0
for _, lane in ipairs({ 'interactive', 'batch' }) do
  local stream = base .. lane
  local back = call('ZRANGE', base .. 'back:' .. lane, 0, 0, 'WITHSCORES')
  if back[2] then oldest = math.max(oldest, now - tonumber(back[2])) end
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if not groups.err and groups[1] then
    local delivered = '0-0'
    for i = 1, #groups[1], 2 do if groups[1][i] == 'last-delivered-id' then delivered = groups[1][i + 1] end end
    -- The head may be stale (cancelled, expired): look a little further.
    for _, entry in ipairs(call('XRANGE', stream, '(' .. delivered, '+', 'COUNT', 20)) do
      local id, generation = ticket_fields(entry[2])
      local job = id and load(id)
      if job and job.state == 'q' and job.generation == generation then
        oldest = math.max(oldest, now - tonumber(string.match(entry[1], '^%d+')))
        break
      end
    end
  end
end
return {
  call('HGETALL', COUNTERS), call('ZCARD', base .. 'running'), call('ZCARD', base .. 'delayed'),
  call('ZCARD', base .. 'dead'), call('ZCARD', base .. 'callbacks'), oldest, now,
  AUDIT_LIMIT == 0 and 0 or call('LLEN', base .. 'audit'),
}
