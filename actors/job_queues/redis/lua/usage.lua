-- What jobs have taken on some days. The sums stay when the queue is dropped.
-- KEYS[1] counters
-- ARGV    first day, last day, payer or ''
-- Returns per day that has any: day, a flat list of fields and sums (see spending.lua).
local out = {}
local wanted = ARGV[3] ~= '' and ARGV[3] .. ' ' or nil
for day = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local all = redis.call('HGETALL', SPENT .. 'usage:' .. day)
  if #all > 0 and wanted then
    local some = {}
    for i = 1, #all, 2 do
      if all[i] == 'model' or string.sub(all[i], 1, #wanted) == wanted then
        some[#some + 1] = all[i]
        some[#some + 1] = all[i + 1]
      end
    end
    all = some
  end
  if #all > 2 then
    out[#out + 1] = day
    out[#out + 1] = all
  end
end
return out
