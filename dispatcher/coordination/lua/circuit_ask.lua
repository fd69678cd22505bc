-- May this line be called? Of an open circuit whose time is over, who asks first is the probe.
-- ARGV 2 probe ms   Returns {0: call, else the ms until it may be asked again; failures in a row}
if failures < TRIPS_AT then return { 0, failures } end
if now < ends then return { probing == '1' and math.min(ends - now, ASK_AGAIN_MS) or ends - now, failures } end
ends, probing = now + tonumber(ARGV[2]), '1'
keep()
return { 0, failures }
