-- Free a lock, if it is the holder's.
-- ARGV 2 holder   Returns 1 or 0
if standing(KEYS[2]) ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[2])
return 1
