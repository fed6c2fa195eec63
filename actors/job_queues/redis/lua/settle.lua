-- Records how attempts ended: record, ack, callback and wake-up in one step, only for the holder.
-- KEYS[1] counters
-- ARGV    per ending: id, fence, state letter, payload (result or error as JSON, or ''), error code or '', delay in ms or 'dead' or '', trace or ''
-- Returns per ending 1 (recorded, now or by the same call before), 2 (recorded, and quotas are to be given back) or 0 (the lease had passed on).
local out = {}
-- A longer result is read by who waits for it.
local MOST_TOLD = 4096
for i = 1, #ARGV, 7 do
  local id, fence, state, payload, code, extra, trace = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4], ARGV[i + 5], ARGV[i + 6]
  local key, mark = base .. 'job:' .. id, 'e' .. fence
  local v = call('HMGET', key, 'st', 'fe', 'L', 'x', 'r' .. fence, 'by', 'v', 'ac')
  if v[1] ~= 'r' or v[2] ~= fence then
    local note = call('HGET', key, mark)
    if note and string.sub(note, 1, 1) == state then
      out[#out + 1] = 1
    else
      count('discarded', 1)
      out[#out + 1] = 0
    end
  else
    local job = { id = id, key = key, state = 'r', limits = v[3], lane = 'interactive', payer = v[6], paid_version = v[7], account = v[8] }
    if v[4] then load_rare(job) end
    local began, attempt, ticket = string.match(v[5], '^(%d+) (%d+) (%S+)')
    job.ran = now - tonumber(began)
    observe('run', job.ran)
    spend(job, job.ran)
    stopped[#stopped + 1] = id
    if state == 'w' then
      local due = now + tonumber(extra)
      ack(job.lane, ticket)
      call('HSET', key, 'st', 'w', 'due', due, 'er', payload, mark, 'w ' .. NOW .. ' ' .. payload)
      call('ZADD', base .. 'delayed', due, id)
      note(id, mark)
      if job.cohort then tally(job, 'w') end
      tell(job, 'retrying', payload)
      announce(job)
    else
      job.delivered = ticket
      if trace ~= '' then call('HSET', key, 'tr', trace) end
      if extra == 'dead' then
        call('HSET', key, 'dl', 1)
        call('ZADD', base .. 'dead', now, id)
      end
      if state == 'c' then
        if job.watchers and #payload <= MOST_TOLD then
          job.told = ' ' .. table.concat({ job.version, attempt, began, NOW, payload }, ' ')
        end
        finish(job, 'c', mark, 'res', payload, nil)
      elseif state == 'x' then
        finish(job, 'x', mark, nil, nil, nil)
      else
        finish(job, state, mark, 'er', payload, code)
      end
    end
    out[#out + 1] = state ~= 'w' and holds_quota(job) and 2 or 1
  end
end
flush()
return out
