-- A worker that began a ticket met trouble with a server before its claim, and lives: its silence is no sign of its death.
-- ARGV 3 lane  4 token   Returns 1, or 0 if the lane is another ticket's
local flight = flight_of(ARGV[3])
if not flight or flight.token ~= ARGV[4] then return 0 end
flight.spared = true
save_flight(ARGV[3], flight)
return 1
