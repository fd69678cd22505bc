-- A worker takes a ticket up: its lease lasts for the call from now on, its messages are taken from the sender's day.
-- Refused when the lane is another ticket's, when the ticket was begun before (the broker delivered its job twice),
-- or when a pacer was given the lane as overdue and is deciding about it.
-- ARGV 3 lane  4 token  5 lease ms  6 sender  7 "" if it has no caps, else "caps"  8 limit (-1: none, 0: closed)
--      9 gap ms  10 the day's end ms  11 known today ("": not asked)  12 known last
-- Returns {begun, granted, today, last}; begun 2: the sender's day is not known, and nothing was begun.
local flight = flight_of(ARGV[3])
if not flight or flight.token ~= ARGV[4] or flight.begun or flight.overdue then return { 0, 0, 0, 0 } end

local function take(day, limit, gap, ends)
  flight.at, flight.before = now, day.last
  if day['until'] <= now then day.today = 0 end
  day['until'] = ends
  local size = flight.size
  if limit >= 0 then size = math.min(size, math.max(0, limit - day.today)) end
  if day.last > 0 and now < day.last + gap then size = 0 end
  if size > 0 then
    day.today, day.last = day.today + size, now
  end
  flight.kept, flight.day = size, ends
  redis.call('HSET', KEYS[8], ARGV[6], cjson.encode(day))
  return { 1, size, day.today, day.last }
end

local function taken()
  if ARGV[7] == '' then
    redis.call('HDEL', KEYS[8], ARGV[6])
    return { 1, flight.size, 0, 0 }
  end
  local limit, ends = tonumber(ARGV[8]), tonumber(ARGV[10])
  if limit == 0 or now >= ends then return { 1, 0, 0, 0 } end
  local text = redis.call('HGET', KEYS[8], ARGV[6])
  local day = text and cjson.decode(text)
  if not day or (day['until'] > now and day['until'] ~= ends) then
    if ARGV[11] == '' then return { 2, 0, 0, 0 } end
    day = { ['until'] = ends, today = tonumber(ARGV[11]), last = tonumber(ARGV[12]) }
  end
  return take(day, limit, tonumber(ARGV[9]), ends)
end

local answer = taken()
if answer[1] == 1 then
  flight.begun = true
  flight['until'] = now + tonumber(ARGV[5])
  save_flight(ARGV[3], flight)
  put(ARGV[3], flight['until'])
end
return answer
