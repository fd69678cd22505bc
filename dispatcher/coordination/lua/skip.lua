-- Nothing was sent for a ticket: free the lane at once, its delay stays as it was.
-- ARGV 3 lane  4 campaign  5 token  6… retries   Returns {held, exhausted}
return land(nil, 0, 6)
