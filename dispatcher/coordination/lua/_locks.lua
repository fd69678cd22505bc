-- What every verb of the contact locks starts with. The rules are those of dispatcher/domain/contactlock.py.
-- KEYS 1 epoch  2 lock: a string, <holder>|<taken ms>|<until ms>
-- ARGV 1 now in ms (0: the server's)  2… the verb's own
-- The stored moment decides whether a lock stands. The key's expiry only cleans up, a minute later, for
-- it runs on the server's clock and `now` may be another's.

if redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('CLOCKLOST the contact locks must be rebuilt')
end

local EXPIRY_SLACK_MS = 60000

local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
end

-- holder, taken, until of a lock that stands; nil if it is free
local function standing(key)
  local text = redis.call('GET', key)
  if not text then return nil end
  local holder, taken, ends = string.match(text, '^([^|]*)|(%d+)|(%d+)$')
  if tonumber(ends) <= now then return nil end
  return holder, tonumber(taken), tonumber(ends)
end

-- taken: from when on a reply lifts it
local function keep(key, holder, ends, taken)
  local lasts = string.format('%d', math.max(0, ends - now) + EXPIRY_SLACK_MS)
  redis.call('SET', key, string.format('%s|%d|%d', holder, taken, ends), 'PX', lasts)
end
