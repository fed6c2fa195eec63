-- Records how attempts ended: record, ack, callback and wake-up in one step, only for the holder.
-- KEYS[1] counters
-- ARGV    per ending: id, fence, state letter, payload (result or error as JSON, or ''), error code or '', delay in ms or 'dead' or ''
-- Returns per ending 1 (recorded, now or by the same call before) or 0 (the lease had passed on).
local out = {}
for i = 1, #ARGV, 6 do
  local id, fence, state, payload, code, extra = ARGV[i], tonumber(ARGV[i + 1]), ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5]
  local job = load(id)
  if not job or job.state ~= 'r' or job.fence ~= fence then
    local note = job and redis.call('HGET', job.key, 'e' .. ARGV[i + 1])
    if note and string.sub(note, 1, 1) == state then
      out[#out + 1] = 1
    else
      count('discarded', 1)
      out[#out + 1] = 0
    end
  else
    local mark = 'e' .. ARGV[i + 1]
    local started = redis.call('HGET', job.key, 'r' .. ARGV[i + 1])
    observe('run', now - tonumber(string.match(started, '^%d+')))
    redis.call('ZREM', base .. 'running', id)
    job.delivered = job.ticket
    if state == 'w' then
      local due = now + tonumber(extra)
      redis.call('XACK', base .. job.lane, GROUP, job.ticket)
      redis.call('HSET', job.key, 'st', 'w', 'due', due, 'er', payload, mark, 'w ' .. now .. ' ' .. payload)
      redis.call('ZADD', base .. 'delayed', due, id)
      count('retried', 1)
      tell(job, 'retrying', payload)
      announce(job)
    elseif state == 'c' then
      finish(job, 'c', mark, 'res', payload, nil)
    elseif state == 'x' then
      finish(job, 'x', mark, nil, nil, nil)
    else
      if extra == 'dead' then
        redis.call('HSET', job.key, 'dl', 1)
        redis.call('ZADD', base .. 'dead', now, id)
      end
      finish(job, state, mark, 'er', payload, code)
    end
    out[#out + 1] = 1
  end
end
flush()
return out
