-- For wrk: GETs or PUTs of random keys, and the result as one line of JSON.
--   wrk ... -s requests.lua URL -- get|put PREFIX json|raw
local keys = 10000
local value = string.rep("v", 100)
local bodies = {raw = value, json = '{"value":"' .. value .. '"}'}
local types = {raw = "text/plain", json = "application/json"}
local method, prefix, kind

function init(args)
  method, prefix, kind = string.upper(args[1]), args[2], args[3]
  math.randomseed(os.time())
end

function request()
  local path = string.format("%skey:%012d", prefix, math.random(0, keys - 1))
  if method == "GET" then return wrk.format("GET", path) end
  return wrk.format("PUT", path, {["Content-Type"] = types[kind]}, bodies[kind])
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'JSON {"requests":%d,"seconds":%.6f,"errors":%d,"p50":%d,"p99":%d}\n',
    summary.requests, summary.duration / 1e6,
    errors.connect + errors.read + errors.write + errors.status + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
