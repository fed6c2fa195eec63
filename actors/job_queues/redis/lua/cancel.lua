-- Cancels a waiting job at once (its ticket stays, and is met as stale); asks a running one to stop.
-- KEYS[1] counters
-- ARGV    id, who asks or ''
-- Returns 'cancelled', 'cancelling', 'final' or 'missing'.
local job = load(ARGV[1])
if not job then return 'missing' end
if job.state == 'r' then
  call('HSET', job.key, 'cx', ARGV[2] == '' and now or now .. ' ' .. ARGV[2], 'x', 1)
  note(job.id, 'cx')
  announce(job)
  flush()
  return 'cancelling'
end
if job.state ~= 'q' and job.state ~= 'w' then return 'final' end
if ARGV[2] ~= '' then job.by = ARGV[2] end
finish(job, 'x', 'z' .. job.generation, nil, nil, nil)
flush()
return 'cancelled'
