-- Nothing was sent for a ticket: free the lane at once, or when its rest is over; its delay stays as it was.
-- ARGV 3 lane  4 campaign  5 token  6 left  7 rest ms  8 why  9… retries   Returns {held, exhausted}
return land(nil, 0, 9)
