-- Reads the oldest steps that are to be audited, with what the records say of them.
-- KEYS[1] counters
-- ARGV    most steps, most bytes of inputs and results together (the first step may pass it),
--         the position to go on from, or 0 for the oldest
-- Returns position of the first step since the queue began, steps that are there, then per step its list:
--         text, model, version, submitter, lane, parent, provenance, the step's field, the attempt's start,
--         input (of a submission) or result (of a completion); the text alone when the record is gone.
local at = tonumber(call('HGET', COUNTERS, 'audited') or 0)
local from = math.max(0, tonumber(ARGV[3]) - at)
local texts = call('LRANGE', base .. 'audit', from, from + tonumber(ARGV[1]) - 1)
local out = { at + from, call('LLEN', base .. 'audit') - from }
local left = tonumber(ARGV[2])
for _, text in ipairs(texts) do
  local id, mark = string.match(text, '^(%S+) (%S+)')
  local fence = string.match(mark, '^e(%d+)$')
  local v = call('HMGET', base .. 'job:' .. id, 'm', 'v', 'by', 'ln', 'pa', 'pv', mark, fence and 'r' .. fence or mark, mark == 'q' and 'in' or 'm')
  if not v[1] then
    out[#out + 1] = { text }
  else
    local body = false
    if mark == 'q' then
      body = v[9]
    elseif v[7] and string.sub(v[7], 1, 2) == 'c ' then
      body = call('HGET', base .. 'job:' .. id, 'res')
    end
    if body then left = left - #body end
    if left < 0 and #out > 2 then break end
    out[#out + 1] = { text, v[1], v[2], v[3], v[4], v[5], v[6], v[7], v[8], body }
  end
end
return out
