-- How many tickets of a campaign wait for a time of their own?
-- ARGV 3 campaign   Returns a number
return redis.call('ZLEXCOUNT', KEYS[7], '[' .. ARGV[3] .. ':', '(' .. ARGV[3] .. ';')
