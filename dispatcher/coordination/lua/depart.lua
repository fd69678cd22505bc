-- The call of a ticket is about to start: is it still its own, and has the sender's least gap passed since the last call
-- that did? Its lease lasts anew from now on. Refused when the lane is another ticket's, when a pacer was given it as
-- overdue and is deciding about it, or when the sender's day was lost, of which only `begin` may make a new one.
-- ARGV 3 lane  4 token  5 lease ms  6 sender  7 gap ms (0: none is kept)  8 start that it was given, and let pass (0: none)
-- Returns {held, wait ms, start}; start 0: not before so many ms, ask again then.
local flight = flight_of(ARGV[3])
if not flight or flight.token ~= ARGV[4] or flight.overdue then return { 0, 0, 0 } end
local gap = tonumber(ARGV[7])
local day = gap > 0 and day_of(ARGV[6])
if gap > 0 and not day then return { 0, 0, 0 } end
flight['until'] = now + tonumber(ARGV[5])
save_flight(ARGV[3], flight)
put(ARGV[3], flight['until'])
if gap == 0 then return { 1, 0, now } end

local from = flight.at
if day.gone > 0 and day.gone ~= tonumber(ARGV[8]) then from = math.max(from, day.gone + gap) end
if now < from then return { 1, from - now, 0 } end
day.gone, day.last = now, math.max(day.last, now)
save_day(ARGV[6], day)
return { 1, 0, now }
