-- Take a client's lock; who holds it already takes it anew, from now on.
-- ARGV 2 holder  3 until ms  4 ms from now until the message has left   Returns 0 if it is the holder's, else the ms that it still is another's
local holder, _, ends = standing(KEYS[2])
if holder and holder ~= ARGV[2] then return ends - now end
keep(KEYS[2], ARGV[2], math.max(tonumber(ARGV[3]), ends or 0), now + tonumber(ARGV[4]))
return 0
