-- What became of a call. Calls that were under way when the circuit opened tell nothing new.
-- A probe that made no call, for a guard kept its message back, lets the next one probe.
-- ARGV 2 reached "1"/"0", "": there was no call   Returns {the ms until which it is open now, 0: closed; failures in a row}
if ARGV[2] == '1' then
  redis.call('DEL', KEYS[1])
  return { 0, 0 }
end
if ARGV[2] == '' then
  if probing == '1' then
    ends, probing = now, '0'
    keep()
  end
  return { math.max(0, ends - now), failures }
end
if failures >= TRIPS_AT and probing == '0' and now < ends then return { ends - now, failures } end
failures, probing = failures + 1, '0'
if failures >= TRIPS_AT then
  ends = now + math.min(LONGEST_MS, FIRST_MS * 2 ^ math.min(failures - TRIPS_AT, 10))
end
keep()
return { failures >= TRIPS_AT and ends - now or 0, failures }
