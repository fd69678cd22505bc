-- Has the clock nothing more of a campaign, neither in its cursor, nor waiting, nor in flight?
-- ARGV 3 campaign   Returns 1 or 0
return exhausted(ARGV[3]) and 1 or 0
