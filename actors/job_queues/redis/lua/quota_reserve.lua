-- Holds quotas for jobs, each all of its own or none. All quotas are in one slot, whatever the models
-- of the jobs. Not of one queue: it has no library.
-- KEYS[1] mg:{quota}:held, which has the subjects of every job that quotas are held for
-- ARGV    how long a hold stands without a look at the job in ms, then per job: id, n, then n times subject, requests in the window, window in microseconds, jobs in flight, jobs per day, ms of compute per day ('' where there is no limit)
-- Returns per job: place of the subject at fault (0 for none), its limit ('s', 'f', 'd' or 'c'), wait in ms, then per subject requests, jobs in flight, jobs today, ms of compute today.
local call = redis.call
local base = string.sub(KEYS[1], 1, -5)
local clock = call('TIME')
local us = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local now = math.floor(us / 1000)
local day = math.floor(now / 86400000)
local until_tomorrow = (day + 1) * 86400000 - now
local hold = now + tonumber(ARGV[1])

-- How a subject stands, and the limit that has no room with the time to wait.
local function look(subject, room, window, flight, per_day, compute)
  local v = call('HMGET', base .. 'day:' .. day .. ':' .. subject, 'jobs', 'ms')
  local s = { subject = subject, requests = 0, flight = call('ZCARD', base .. 'ids:' .. subject), jobs = tonumber(v[1] or 0), ms = tonumber(v[2] or 0) }
  if room ~= '' then
    local calls = base .. 'calls:' .. subject
    call('ZREMRANGEBYSCORE', calls, '-inf', us - tonumber(window))
    s.requests = call('ZCARD', calls)
    if s.requests >= tonumber(room) then
      local oldest = call('ZRANGE', calls, 0, 0, 'WITHSCORES')
      return s, 's', math.max(1, math.ceil((tonumber(oldest[2]) + tonumber(window) - us) / 1000))
    end
  end
  if flight ~= '' and s.flight >= tonumber(flight) then return s, 'f', 1000 end
  if per_day ~= '' and s.jobs >= tonumber(per_day) then return s, 'd', until_tomorrow end
  if compute ~= '' and s.ms >= tonumber(compute) then return s, 'c', until_tomorrow end
  return s
end

local function take(id, s, room, window)
  call('ZADD', base .. 'ids:' .. s.subject, now, id)
  s.flight = s.flight + 1
  local today = base .. 'day:' .. day .. ':' .. s.subject
  s.jobs = call('HINCRBY', today, 'jobs', 1)
  if s.jobs == 1 then call('PEXPIRE', today, 2 * 86400000) end
  if room ~= '' then
    local calls = base .. 'calls:' .. s.subject
    call('ZADD', calls, us, id)
    call('PEXPIRE', calls, math.ceil(tonumber(window) / 1000) + 1000)
    s.requests = s.requests + 1
  end
end

local out = {}
local i = 2
while i <= #ARGV do
  local id, n = ARGV[i], tonumber(ARGV[i + 1])
  local first = i + 2
  i = first + 6 * n
  -- Sent again: what was held then is held.
  local before = call('HEXISTS', KEYS[1], id) == 1
  local standing, fault, limit, wait = {}, 0, '', 0
  for k = 1, n do
    local at = first + 6 * (k - 1)
    local s, full, pause = look(ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4], ARGV[at + 5])
    standing[k] = s
    if full and not before and pause > wait then fault, limit, wait = k, full, pause end
  end
  if fault == 0 and not before then
    local subjects = {}
    for k, s in ipairs(standing) do
      local at = first + 6 * (k - 1)
      take(id, s, ARGV[at + 1], ARGV[at + 2])
      subjects[k] = s.subject
    end
    call('HSET', KEYS[1], id, table.concat(subjects, ' '))
    call('ZADD', base .. 'check', hold, id)
  end
  local row = { fault, limit, wait }
  for _, s in ipairs(standing) do
    row[#row + 1] = s.requests
    row[#row + 1] = s.flight
    row[#row + 1] = s.jobs
    row[#row + 1] = s.ms
  end
  out[#out + 1] = row
end
return out
