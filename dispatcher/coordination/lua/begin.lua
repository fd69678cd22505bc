-- A worker takes a ticket up: its lease lasts for the call from now on.
-- Refused when the lane is another ticket's, when the ticket was begun before (the broker delivered its job twice),
-- or when a pacer was given the lane as overdue and is deciding about it.
-- ARGV 3 lane  4 token  5 lease ms   Returns 1 or 0
local flight = flight_of(ARGV[3])
if not flight or flight.token ~= ARGV[4] or flight.begun or flight.overdue then return 0 end
flight.begun = true
flight['until'] = now + tonumber(ARGV[5])
save_flight(ARGV[3], flight)
put(ARGV[3], flight['until'])
return 1
