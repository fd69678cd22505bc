-- Free a lock, if it is the holder's; or let it stand as it did before the try that certainly did not send.
-- ARGV 2 holder  3 taken ms  4 until ms (0: free)   Returns 1 or 0
if standing(KEYS[2]) ~= ARGV[2] then return 0 end
if tonumber(ARGV[4]) > now then
  keep(KEYS[2], ARGV[2], tonumber(ARGV[4]), tonumber(ARGV[3]))
else
  redis.call('DEL', KEYS[2])
end
return 1
