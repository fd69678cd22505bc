-- The client is in contact, says the provider: the lock is this holder's, and stands until then; longer, if
-- another's did. The day that the holder took for its own send does not count, for it was not sent.
-- ARGV 2 holder  3 until ms   Returns 1
local holder, _, ends = standing(KEYS[2])
if holder == ARGV[2] then ends = nil end
keep(KEYS[2], ARGV[2], math.max(tonumber(ARGV[3]), ends or 0), now)
return 1
