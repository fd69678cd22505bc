-- What became of a host's call. Calls that were under way when its circuit opened tell nothing new.
-- A probe that made no call, for a guard kept its message back, lets the next one probe.
-- ARGV 3 reached "1"/"0", "": there was no call   Returns an answer
if ARGV[3] == '1' then
  failures = 0
  redis.call('HDEL', KEYS[1], host)
  local others = redis.call('HLEN', KEYS[1])
  if others > (known[2] and 1 or 0) then
    redis.call('HSET', KEYS[1], '', string.format('%d', now))
  elseif others > 0 then
    redis.call('DEL', KEYS[1])
  end
  return answer(0)
end
if ARGV[3] == '' then
  if probing == '1' then
    ends, probing = now, '0'
    keep()
  end
  return answer(ends - now)
end
if failures < TRIPS_AT or probing == '1' or now >= ends then
  failures, probing = failures + 1, '0'
  ends = now
  if failures >= TRIPS_AT then
    ends = now + math.min(LONGEST_MS, FIRST_MS * 2 ^ math.min(failures - TRIPS_AT, 10))
  end
  keep()
end
return answer(ends - now)
