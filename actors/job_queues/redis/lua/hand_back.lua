-- Gives a job back unrun, at its old place in line; the attempt does not count.
-- KEYS[1] counters
-- ARGV    id, fence
-- Returns 1, or 0 when the lease had passed on.
local job = load(ARGV[1])
if not job or job.state ~= 'r' or job.fence ~= ARGV[2] then return 0 end
call('ZREM', base .. 'running', job.id)
local began, ticket = start_of(job)
spend(job, now - began)
if job.cancel then
  job.delivered = ticket
  finish(job, 'x', 'e' .. ARGV[2], nil, nil, nil)
else
  call('HSET', job.key, 'st', 'q', 'a', job.attempt - 1, 'e' .. ARGV[2], 'q ' .. now)
  note(job.id, 'e' .. ARGV[2])
  give_back(job, ticket)
  wake()
  announce(job)
end
flush()
return 1
