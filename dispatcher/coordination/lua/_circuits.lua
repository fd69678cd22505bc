-- What both verbs of the circuit breaker start with. The rules are those of dispatcher/domain/breaker.py.
-- KEYS 1 circuits: a hash, host -> <failures>|<until ms>|<probing 0/1>; "" -> when a host last reached the line (ms),
--        while another's circuit was not in order
-- ARGV 1 now in ms (0: the server's)  2 host  3… the verb's own
-- Nothing that must not be lost: without it a provider that is down is called a few times more.

local TRIPS_AT, FIRST_MS, LONGEST_MS, ASK_AGAIN_MS, ELSEWHERE_MS, REACHED_LATELY_MS = 5, 2000, 60000, 5000, 1000, 30000
local FORGOTTEN_MS = 600000  -- a line that no host failed to reach for so long is tried as if nothing had been

local now, host = tonumber(ARGV[1]), ARGV[2]
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local known = redis.call('HMGET', KEYS[1], host, '')
local failures, ends, probing = 0, 0, '0'
if known[1] then
  failures, ends, probing = string.match(known[1], '^(%d+)|(%d+)|([01])$')
  failures, ends = tonumber(failures), tonumber(ends)
end

local function keep()
  redis.call('HSET', KEYS[1], host, string.format('%d|%d|%s', failures, ends, probing))
  redis.call('PEXPIRE', KEYS[1], FORGOTTEN_MS)
end

-- A wait of so many ms, as every verb answers it: {0: call, else the ms until it may be asked again; failures in a row;
-- 1: others want to hear who reaches the line}
local function answer(wait)
  if known[2] and now - tonumber(known[2]) < REACHED_LATELY_MS then wait = math.min(wait, ELSEWHERE_MS) end
  return { math.max(0, wait), failures, redis.call('EXISTS', KEYS[1]) }
end
