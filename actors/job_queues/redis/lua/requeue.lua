-- Puts a dead-lettered job back at the tail, its attempts forgotten.
-- KEYS[1] counters
-- ARGV    id, who asks or ''
-- Returns 1, or 0 when the job is no dead letter.
local job = load(ARGV[1])
if not job or job.state ~= 'f' or call('ZREM', base .. 'dead', job.id) == 0 then return 0 end
local generation = tostring(tonumber(job.generation) + 1)
call('HDEL', job.key, 'dl', 'er', 'tr', 's', 'cx', 'pr')
call('HSET', job.key, 'st', 'q', 'a', 0, 'g', generation, 'p' .. generation, ARGV[2] == '' and now or now .. ' ' .. ARGV[2])
note(job.id, 'p' .. generation)
call('PERSIST', job.key)
if job.idempotency then call('PERSIST', base .. 'key:' .. job.idempotency) end
enqueue(job.id, job.lane, generation, job.limits)
announce(job)
flush()
wake()
return 1
