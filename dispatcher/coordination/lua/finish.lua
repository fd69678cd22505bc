-- The call of a ticket is over: free the lane at now + busy + the delay drawn, close the chunk if it was its last.
-- The pace is the campaign's as it is now, not as it was at the release: a new pace acts on the next message.
-- ARGV 3 lane  4 campaign  5 token  6 left  7 rest ms  8 why  9 jitter 0..999999  10 busy ms  11… retries
-- Returns {held, exhausted}
return land(now_up + tonumber(ARGV[10]), tonumber(ARGV[9]), 11)
