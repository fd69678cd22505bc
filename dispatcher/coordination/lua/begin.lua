-- A worker takes a ticket up: its lease lasts for the call from now on, its messages are taken from the sender's day.
-- Refused when the lane is another ticket's, when the ticket was begun before (the broker delivered its job twice),
-- or when a pacer was given the lane as overdue and is deciding about it.
-- ARGV 3 lane  4 token  5 lease ms  6 sender  7 "" if it has no caps, else "caps"  8 limit (-1: none, 0: closed)
--      9 gap ms  10 the day's end ms  11 known today ("": not asked)  12 known last  13 ahead ms: a start that is so near
--      is given now, and the worker waits for it
-- Returns {begun, granted, today, last}; begun 2: the sender's day is not known, and nothing was begun.
local flight = flight_of(ARGV[3])
if not flight or flight.token ~= ARGV[4] or not is_offered(flight) then return { 0, 0, 0, 0 } end

local function take(day, limit, gap, ends)
  if day['until'] <= now then day.today = 0 end
  local _, slot = parts(ARGV[3])
  day['until'], day.gap, day.lanes = ends, gap, math.max(day.lanes, slot + 1)
  local start, size = now, flight.size
  if gap > 0 and starts_after(day) > 0 then start = math.max(now, starts_after(day) + gap) end
  if limit >= 0 then size = math.min(size, math.max(0, limit - day.today)) end
  if start > now + tonumber(ARGV[13]) then size = 0 end
  flight.at, flight.before = start, day.last
  if size > 0 then
    day.today, day.last = day.today + size, start
  end
  flight.kept, flight.day = size, ends
  save_day(ARGV[6], day)
  return { 1, size, day.today, starts_after(day) }
end

local function taken()
  if ARGV[7] == '' then
    redis.call('HDEL', KEYS[8], ARGV[6])
    return { 1, flight.size, 0, 0 }
  end
  local limit, ends = tonumber(ARGV[8]), tonumber(ARGV[10])
  if limit == 0 or now >= ends then return { 1, 0, 0, 0 } end
  local day = day_of(ARGV[6])
  if not day or (day['until'] > now and day['until'] ~= ends) then
    if ARGV[11] == '' then return { 2, 0, 0, 0 } end
    day = {
      ['until'] = ends, today = tonumber(ARGV[11]), last = tonumber(ARGV[12]), gone = day and day.gone or 0, gap = 0, lanes = 0,
    }
  end
  return take(day, limit, tonumber(ARGV[9]), ends)
end

local answer = taken()
if answer[1] == 1 then
  no_longer_offered(ARGV[3], flight)
  flight.begun, flight.lease = true, tonumber(ARGV[5])
  flight['until'] = now + flight.lease
  save_flight(ARGV[3], flight)
  put(ARGV[3], flight['until'])
end
return answer
