-- The client is in contact, says the provider: the lock is this holder's, and stands until then at least.
-- ARGV 2 holder  3 until ms   Returns 1
local _, _, ends = standing(KEYS[2])
keep(KEYS[2], ARGV[2], math.max(tonumber(ARGV[3]), ends or 0), now)
return 1
