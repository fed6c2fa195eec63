-- Forgets steps that the trail has, and lets the records of jobs that ended with them expire.
-- KEYS[1] counters
-- ARGV    the position behind the last of them, most steps per call
-- Returns 1 while there is more. Sent again, it does nothing.
local at = tonumber(call('HGET', COUNTERS, 'audited') or 0)
local n = math.min(tonumber(ARGV[1]) - at, tonumber(ARGV[2]))
if n <= 0 then return 0 end
local texts = call('LRANGE', base .. 'audit', 0, n - 1)
n = #texts
if n == 0 then return 0 end
for _, text in ipairs(texts) do
  local id, mark = string.match(text, '^(%S+) (%S+)')
  local kind, number = string.match(mark, '^([ez])(%d+)$')
  if kind then
    local key = base .. 'job:' .. id
    local v = call('HMGET', key, 'st', kind == 'e' and 'fe' or 'g', 'L', mark)
    local state, ended = string.match(v[4] or '', '^(%a) (%d+)')
    -- A requeued job has another end to come.
    if state and v[1] == state and string.find('cfxe', state, 1, true) and (v[2] or '0') == number then
      call('PEXPIRE', key, math.max(1, tonumber(limits_of(v[3]).keep) - (now - tonumber(ended))))
    end
  end
end
call('LTRIM', base .. 'audit', n, -1)
call('HSET', COUNTERS, 'audited', at + n)
return at + n < tonumber(ARGV[1]) and 1 or 0
