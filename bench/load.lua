-- A load for wrk: POST of one body, with a key of its own for each request, and the result as JSON.
-- Arguments: the body, what keys begin with ('' for none), then header names and values.
local head, tail, prefix
local sent = 0
local MARK = "@key@"

function init(args)
  local headers = {}
  for i = 3, #args, 2 do headers[args[i]] = args[i + 1] end
  prefix = args[2] or ""
  if prefix ~= "" then headers["idempotency-key"] = MARK end
  local text = wrk.format("POST", nil, headers, args[1])
  local from, to = string.find(text, MARK, 1, true)
  if from then
    head, tail = string.sub(text, 1, from - 1) .. prefix .. "-", string.sub(text, to + 1)
  else
    head = text
  end
end

function request()
  if not tail then return head end
  sent = sent + 1
  return head .. sent .. tail
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"seconds":%.3f,"failures":%d,"p50Ms":%.3f,"p99Ms":%.3f}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000
  ))
end
