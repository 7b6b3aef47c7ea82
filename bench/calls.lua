-- The load on the charging listener, for wrk: calls that are authorised, charged in mid-call and ended.
--
-- wrk does not tie a request to the answer before it, so a call's update is sent LAG calls after its authorisation and its end
-- LAG calls after that: by then, with fewer connections than LAG, the earlier answer has long come.
--
-- Requests are put together here and not by wrk.format, which costs the processor that is measured a third of the loader.
local LAG = 1000
local thread_count = 0

function setup(thread)
  thread_count = thread_count + 1
  thread:set("thread_number", thread_count)
end

function init(args)
  math.randomseed(20261122 + thread_number)
  organizations = {}
  for line in io.lines(os.getenv("BENCH_ORGANIZATIONS")) do organizations[#organizations + 1] = line end
  run = os.getenv("BENCH_RUN")
  called = {}
  position = 0
  requests = -1 -- wrk asks for one request that it checks and never sends
  local head = " HTTP/1.1\r\nHost: " .. wrk.headers["Host"] .. "\r\nAuthorization: Bearer " .. os.getenv("BENCH_TOKEN")
    .. "\r\nContent-Type: application/json\r\nContent-Length: "
  authorise, update, finish = "POST /v1/charging/authorise" .. head, "POST /v1/charging/update" .. head, "POST /v1/charging/end" .. head
end

-- Milliseconds to wait before each request, on average; none by default. wrk calls it only where it is defined.
local interval = tonumber(os.getenv("BENCH_INTERVAL_MS") or "0")
if interval > 0 then
  function delay() return math.random(0, 2 * interval) end
end

function request()
  local kind = requests % 3
  requests = requests + 1
  if requests == 0 then return authorise .. "2\r\n\r\n{}" end
  if kind == 0 then
    position = position + 1
    called[position] = organizations[math.random(#organizations)]
    called[position - 3 * LAG] = nil
  end
  local number = position - kind * LAG
  if number < 1 then kind, number = 0, -1 - requests end
  local organization = called[number] or organizations[1]
  local body = '{"organization_id":"' .. organization .. '","session_id":"' .. run .. "-" .. thread_number .. "-" .. number .. '"'
  local head = authorise
  if kind == 0 then
    body = body .. ',"caller":"+40212345678","callee":"+40722123456"}'
  elseif kind == 1 then
    head, body = update, body .. ',"request_number":1,"used_seconds":2}'
  else
    head, body = finish, body .. ',"used_seconds":5}'
  end
  return head .. #body .. "\r\n\r\n" .. body
end
