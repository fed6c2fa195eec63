-- Tells of progress or adds a log line, only for the holder.
-- KEYS[1] counters
-- ARGV    id, fence, type ('progress' or 'log'), data as JSON, most events kept, how long they are kept in ms
-- Returns 1, or 0 when the lease had passed on.
local job = load(ARGV[1])
if not job or job.state ~= 'r' or job.fence ~= ARGV[2] then return 0 end
local events = base .. 'events:' .. job.id
call('XADD', events, 'MAXLEN', '~', ARGV[5], '*', 't', ARGV[3], 'd', ARGV[4])
if not job.events then
  call('HSET', job.key, 'ev', 1, 'x', 1)
  -- Until the job ends; then they go with its record.
  call('PEXPIRE', events, ARGV[6])
end
if ARGV[3] == 'progress' then
  call('HSET', job.key, 'pr', ARGV[4])
  tell(job, 'progress', ARGV[4])
end
announce(job)
flush()
return 1
