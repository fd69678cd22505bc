-- A worker has a ticket in its hands, and is about to read for the first time what it needs to begin it: that may kill it.
-- Refused as by begin.
-- ARGV 3 lane  4 token  5 lease ms   Returns 1 or 0
local flight = flight_of(ARGV[3])
if not flight or flight.token ~= ARGV[4] or not is_offered(flight) then return 0 end
flight.lease = tonumber(ARGV[5])
flight['until'] = now + flight.lease
save_flight(ARGV[3], flight)
put(ARGV[3], flight['until'])
return 1
