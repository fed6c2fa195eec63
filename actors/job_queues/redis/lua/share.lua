-- Sets with whom a job is shared. What is so already is no change, and nothing to be audited.
-- KEYS[1] counters
-- ARGV    id, the entries as JSON, who asks and why as JSON
-- Returns 1, or 0 where there is no such job.
local job = load(ARGV[1])
if not job then return 0 end
local before = call('HGET', job.key, 'sh') or '[]'
local function members(entries)
  local list = cjson.decode(entries)
  for i, entry in ipairs(list) do list[i] = entry .. ' ' .. job.id end
  return list
end
if before == ARGV[2] then return 1 end
if ARGV[2] == '[]' then
  call('HDEL', job.key, 'sh')
else
  call('HSET', job.key, 'sh', ARGV[2])
end
for _, member in ipairs(members(before)) do call('ZREM', base .. 'shared', member) end
for _, member in ipairs(members(ARGV[2])) do call('ZADD', base .. 'shared', 0, member) end
local n = call('HINCRBY', job.key, 'sn', 1)
note(job.id, 'h' .. n, ' ' .. now .. ' [' .. before .. ',' .. ARGV[2] .. ',' .. ARGV[3] .. ']')
flush()
return 1
