-- Will nothing more of a campaign be released? It is held, or there is nothing in its cursor, waiting or in flight.
-- ARGV 3 campaign   Returns 1 or 0
local plan = campaign(ARGV[3])
return (exhausted(ARGV[3]) or plan.held) and 1 or 0
