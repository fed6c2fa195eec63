-- Gives back what is held for jobs, once however often it is sent. Not of one queue.
-- KEYS[1] mg:{quota}:held
-- ARGV    per job: id, ms of compute, 'undo' if it was never accepted or ''
-- Returns how many were held.
local call = redis.call
local base = string.sub(KEYS[1], 1, -5)
local day = math.floor(tonumber(call('TIME')[1]) / 86400)
local released = 0
for i = 1, #ARGV, 3 do
  local id, ms, undo = ARGV[i], ARGV[i + 1], ARGV[i + 2] == 'undo'
  local subjects = call('HGET', KEYS[1], id)
  if subjects then
    released = released + 1
    call('HDEL', KEYS[1], id)
    call('ZREM', base .. 'check', id)
    for subject in string.gmatch(subjects, '%S+') do
      call('ZREM', base .. 'ids:' .. subject, id)
      local today = base .. 'day:' .. day .. ':' .. subject
      if undo then
        if tonumber(call('HGET', today, 'jobs') or 0) > 0 then call('HINCRBY', today, 'jobs', -1) end
        call('ZREM', base .. 'calls:' .. subject, id)
      elseif ms ~= '0' then
        call('HINCRBY', today, 'ms', ms)
        call('PEXPIRE', today, 2 * 86400000)
      end
    end
  end
end
return released
