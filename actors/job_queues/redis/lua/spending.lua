-- What attempts and jobs take, on the accounts of their submitters and teams. Put before the library.
-- The sums of a day are one hash: '<payer> <version> <what>' to a whole number. What is
--   n jobs that ended, c of them completed, t run time in ms, u processor time in ms beyond t,
--   g graphics processor time in ms, d cost in billionths; the field 'model' is the model's name.
-- They are gathered and written once per call. Sums outlive the jobs, and the queue.
local SPENT = string.sub(KEYS[1], 1, -9)
local spent = {}
local any_spent = nil

-- Reads who pays, unless the caller has done so.
local function load_account(job)
  if job.payer then return end
  local v = redis.call('HMGET', job.key, 'by', 'v', 'ac')
  job.payer, job.paid_version, job.account = v[1], v[2], v[3]
end

local last_payer, last_version, last_sums

local function sums_of(payer, version)
  -- Jobs of one call are mostly of one payer.
  if payer == last_payer and version == last_version then return last_sums end
  local account = payer .. ' ' .. version
  local sums = spent[account]
  if not sums then
    sums = { n = 0, c = 0, t = 0, u = 0, g = 0, d = 0 }
    spent[account] = sums
  end
  last_payer, last_version, last_sums = payer, version, sums
  return sums
end

local function charge(payer, version, n, c, t, u, g, d)
  local s = sums_of(payer, version)
  s.n, s.c, s.t = s.n + n, s.c + c, s.t + t
  s.u, s.g, s.d = s.u + u, s.g + g, s.d + d
end

local function charge_all(job, ...)
  charge(job.payer, job.paid_version, ...)
  for team in string.gmatch(job.account, ' (team:%S+)') do
    charge(team, job.paid_version, ...)
  end
end

local function rates_of(job)
  local cpu, gpu, per_ms, per_call = string.match(job.account, '^. ([^, ]+),([^, ]+),([^, ]+),([^, ]+)')
  if not cpu then return nil end
  return tonumber(cpu), tonumber(gpu), tonumber(per_ms), tonumber(per_call)
end

local function holds_quota(job)
  return job.account and string.byte(job.account) == 113
end

-- An attempt of the job took so long. Called in the step that ends the attempt, and once there.
local function spend(job, ms)
  load_account(job)
  if not job.payer then return end
  any_spent = job.key
  if not job.account then
    local s = sums_of(job.payer, job.paid_version)
    s.t = s.t + ms
    return
  end
  local cpu, gpu, per_ms = rates_of(job)
  if cpu == 0 then return end
  if cpu then
    local u, g, d = ms * (cpu - 1), ms * gpu, ms * per_ms
    charge_all(job, 0, 0, ms, math.floor(u + 0.5), math.floor(g + 0.5), math.floor(d + 0.5))
  else
    charge_all(job, 0, 0, ms, 0, 0, 0)
  end
  if holds_quota(job) then redis.call('HINCRBY', job.key, 'ms', ms) end
end

-- The job has ended. Where quotas are held for it, it waits in a set to be given back: their counts
-- are in another slot.
local function conclude(job, state, now)
  load_account(job)
  if not job.payer then return end
  any_spent = job.key
  local completed = state == 'c' and 1 or 0
  if not job.account then
    local s = sums_of(job.payer, job.paid_version)
    s.n, s.c = s.n + 1, s.c + completed
    return
  end
  local _, _, _, per_call = rates_of(job)
  charge_all(job, 1, completed, 0, 0, 0, completed * (per_call or 0))
  if holds_quota(job) then
    redis.call('ZADD', SPENT .. 'ended', now, job.id .. ' ' .. (redis.call('HGET', job.key, 'ms') or '0'))
  end
end

local function write_spent(now)
  if not any_spent then return end
  local key = SPENT .. 'usage:' .. math.floor(now / 86400000)
  local fresh = false
  for account, sums in pairs(spent) do
    for name, amount in pairs(sums) do
      if amount ~= 0 then
        local by = string.format('%.0f', amount)
        if redis.call('HINCRBY', key, account .. ' ' .. name, by) == amount then fresh = true end
      end
    end
  end
  if fresh then
    redis.call('HSET', key, 'model', redis.call('HGET', any_spent, 'm') or '')
    redis.call('PEXPIRE', key, USAGE_KEPT)
  end
  spent, any_spent, last_payer = {}, nil, nil
end
