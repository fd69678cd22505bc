-- What both verbs of the circuit breaker start with. The rules are those of dispatcher/domain/breaker.py.
-- KEYS 1 circuit: a string, <failures>|<until ms>|<probing 0/1>   ARGV 1 now in ms (0: the server's)  2… the verb's own
-- Nothing that must not be lost: without it a provider that is down is called a few times more.

local TRIPS_AT, FIRST_MS, LONGEST_MS, ASK_AGAIN_MS = 5, 2000, 60000, 5000
local FORGOTTEN_MS = 600000  -- a line that nobody called for so long is tried as if nothing had been

local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

local text = redis.call('GET', KEYS[1])
local failures, ends, probing = 0, 0, '0'
if text then
  failures, ends, probing = string.match(text, '^(%d+)|(%d+)|([01])$')
  failures, ends = tonumber(failures), tonumber(ends)
end

local function keep()
  redis.call('SET', KEYS[1], string.format('%d|%d|%s', failures, ends, probing), 'PX', FORGOTTEN_MS)
end
