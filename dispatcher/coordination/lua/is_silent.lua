-- Was a ticket begun by a worker that has not said since that it lives?
-- ARGV 3 lane  4 token   Returns 1 or 0
local flight = flight_of(ARGV[3])
return (flight and flight.token == ARGV[4] and flight.begun and not flight.spared) and 1 or 0
