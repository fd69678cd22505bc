-- A worker that was held up asks whether its ticket still is its own before it calls; the lease lasts anew from now on.
-- Refused when the lane is another ticket's, or when a pacer was given it as overdue and is deciding about it.
-- ARGV 3 lane  4 token  5 lease ms   Returns 1 or 0
local flight = flight_of(ARGV[3])
if not flight or flight.token ~= ARGV[4] or flight.overdue then return 0 end
flight['until'] = now + tonumber(ARGV[5])
save_flight(ARGV[3], flight)
put(ARGV[3], flight['until'])
return 1
