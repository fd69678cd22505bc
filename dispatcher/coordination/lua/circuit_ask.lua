-- May a host call this line? Of an open circuit whose time is over, who asks first is the probe.
-- ARGV 3 probe ms   Returns an answer
if failures < TRIPS_AT then return answer(0) end
if now < ends then return answer(probing == '1' and math.min(ends - now, ASK_AGAIN_MS) or ends - now) end
ends, probing = now + tonumber(ARGV[3]), '1'
keep()
return answer(0)
