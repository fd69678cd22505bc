-- The lease, in ms, within which a worker that had taken a ticket up was not heard of.
-- ARGV 3 lane  4 token   Returns 0 if nobody took it up, or who did said that it lives
local flight = flight_of(ARGV[3])
if not flight or flight.token ~= ARGV[4] or flight.spared then return 0 end
return flight.lease or 0
