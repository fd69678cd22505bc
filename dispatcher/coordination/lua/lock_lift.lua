-- The client replied: free its lock if it was taken before.
-- ARGV 2 the reply's time in ms   Returns 1 or 0
local holder, taken = standing(KEYS[2])
if not holder or taken >= tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[2])
return 1
