-- What every verb of the lane clock starts with; the loader puts it in front. The rules are those of
-- dispatcher/domain/laneclock.py, under the same names; tests play one against the other.
--
-- KEYS 1 epoch  2 clock  3 lanes  4 flights  5 campaigns  6 crews  7 retries  8 days  9 wake  10 turns  11 offered
--      12 again  (13 queue: release)
-- ARGV 1 now in ms (0: the server's)  2 "1" while rebuilding: works without the epoch  3… the verb's own
-- Campaign records are read once a call and written by save(), for many lanes share one.

if ARGV[2] ~= '1' and redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('CLOCKLOST the lane clock must be rebuilt')
end

-- Whole ms: `now` is rounded down, `now_up` up, so that what counts from an end is never a fraction too short.
local now = tonumber(ARGV[1])
local now_up = now
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
  now_up = time[1] * 1000 + math.ceil(time[2] / 1000)
end

local records, dirty, firsts = {}, {}, {}

local function campaign(id)
  if records[id] == nil then
    local text = redis.call('HGET', KEYS[5], id)
    records[id] = text and cjson.decode(text) or false
  end
  return records[id]
end

local function save()
  for id in pairs(dirty) do
    if records[id] then
      redis.call('HSET', KEYS[5], id, cjson.encode(records[id]))
    else
      redis.call('HDEL', KEYS[5], id)
    end
  end
end

-- Lanes that are due and wait for room stand in line on the clock, at this plus a turn: below every time.
local IN_LINE = -2 ^ 50

local NEW_LANE = '{"ready":0,"ring":[],"held":false,"until":0,"rest":0,"why":""}'

local function known_lane(lane)
  local text = redis.call('HGET', KEYS[3], lane)
  return text and cjson.decode(text)
end

local function lane_record(lane)
  return known_lane(lane) or cjson.decode(NEW_LANE)
end

local function save_lane(lane, record)
  redis.call('HSET', KEYS[3], lane, cjson.encode(record))
end

local function flight_of(lane)
  local text = redis.call('HGET', KEYS[4], lane)
  return text and cjson.decode(text)
end

local function save_flight(lane, flight)
  redis.call('HSET', KEYS[4], lane, cjson.encode(flight))
end

-- Its ticket was given out, and nobody has begun it yet; after 10 s nobody may any more.
local function is_offered(flight)
  return not flight.begun and not flight.overdue
end

local function no_longer_offered(lane, flight)
  if is_offered(flight) then redis.call('SREM', KEYS[11], lane) end
end

-- Sender and slot of a lane.
local function parts(lane)
  local sender, slot = string.match(lane, '^(%d+)%.(%d+)$')
  return sender, tonumber(slot)
end

-- What a sender with caps has sent, and when; nil where nothing is known of it.
local function day_of(sender)
  local text = redis.call('HGET', KEYS[8], sender)
  local day = text and cjson.decode(text)
  if not day then return nil end
  day.gone, day.gap, day.lanes = day.gone or 0, day.gap or 0, day.lanes or 0
  return day
end

local function save_day(sender, day)
  redis.call('HSET', KEYS[8], sender, cjson.encode(day))
end

-- The last start of the sender's that was given out or made, 0: none; the next is a gap later.
local function starts_after(day)
  return math.max(day.last, day.gone)
end

local function free_at(record)
  return math.max(record.ready, record['until'], record.rest or 0)
end

local function put(lane, at)
  if at then redis.call('ZADD', KEYS[2], at, lane) else redis.call('ZREM', KEYS[2], lane) end
end

local function head()
  local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
  return first[2] and tonumber(first[2])
end

-- Tell the pacers in how many ms a lane will be due, if none was due as early before.
local function tell(before)
  local after = head()
  if after and (not before or after < before) then
    redis.call('PUBLISH', KEYS[9], string.format('%d', math.max(0, after - now)))
  end
end

-- The earliest retry of a campaign: its members <campaign>:<due, 13 digits>:<seq>:<size> are read in order.
local function first_retry(id)
  if firsts[id] == nil then
    local found = redis.call('ZRANGEBYLEX', KEYS[7], '[' .. id .. ':', '(' .. id .. ';', 'LIMIT', 0, 1)[1]
    if found then
      local due, seq, size = string.match(found, ':(%d+):(%d+):(%d+)$')
      firsts[id] = { member = found, due = tonumber(due), seq = tonumber(seq), size = tonumber(size) }
    else
      firsts[id] = false
    end
  end
  return firsts[id]
end

-- Retries stand from ARGV[first] on, as they are kept, without the campaign.
local function file(id, first)
  for i = first, #ARGV do
    redis.call('ZADD', KEYS[7], 0, id .. ':' .. ARGV[i])
  end
  firsts[id] = nil
end

-- A ticket that is out of what waited for a time of its own, as KEYS[12] has it.
local function out_again(lane, flight)
  return string.format('%s:%09d:%05d:%s', flight.campaign, flight.seq, flight.size, lane)
end

-- Are any of these messages in such a ticket? Of those that begin before their end, the last is looked at.
local function is_out(id, seq, size)
  local before = '(' .. id .. ':' .. string.format('%09d', seq + size)
  local last = redis.call('ZREVRANGEBYLEX', KEYS[12], before, '[' .. id .. ':', 'LIMIT', 0, 1)[1]
  if not last then return false end
  local from, length = string.match(last, ':(%d+):(%d+):[%d.]+$')
  return from + length > seq
end

local function has_work(record)
  return record.next < record.stop and (record.cs == 0 or math.floor(record.next / record.cs) <= record.open)
end

local function exhausted(id)
  local record = campaign(id)
  return not record or (record.next >= record.stop and record.flights == 0 and not first_retry(id))
end

local function earliest(id)
  local record = campaign(id)
  if not record or record.held then return nil end
  if has_work(record) then return math.max(record.start, record.gate) end
  local retry = first_retry(id)
  return retry and math.max(record.start, record.gate, retry.due) or nil
end

local function open_chunk(record)
  record.open = record.cs > 0 and math.floor(record.next / record.cs) or 0
  if record.cs > 0 and record.flights > 0 and record.open > 0 and record.next % record.cs == 0 then
    record.open = record.open - 1
  end
end

-- A message of the chunk that went back unsent, and may leave at once, keeps it open.
local function close_chunk(id, record)
  local retry = record.cs > 0 and first_retry(id)
  if retry and retry.due == 0 then return end
  if record.cs > 0 and record.flights == 0 and record.next < record.stop
      and record.next == (record.open + 1) * record.cs then
    record.open = record.open + 1
    if record.ended > 0 then record.gate = math.max(record.gate, record.ended + record.cg) end
  end
end

-- Nothing of the open chunk was given yet, and a message of an earlier one was never sent: that one is not over.
local function reopen_chunk(id, record)
  local retry = record.cs > 0 and record.open > 0 and first_retry(id)
  if retry and retry.due == 0 and record.next == record.open * record.cs then
    record.open, dirty[id] = record.open - 1, true
  end
end

-- The first campaign of the ring with work by `at`, and nothing; or nothing, and when there will be work.
-- Drops campaigns that are through; the third value says whether it dropped any.
local function seek(record, at)
  local kept, best, winner = {}, nil, nil
  for _, id in ipairs(record.ring) do
    if winner then
      kept[#kept + 1] = id
    elseif not exhausted(id) then
      kept[#kept + 1] = id
      local due = earliest(id)
      if due and due <= at then
        winner = id
      elseif due and (not best or due < best) then
        best = due
      end
    end
  end
  local dropped = #kept < #record.ring
  record.ring = kept
  if winner then return winner, nil, dropped end
  return nil, best, dropped
end

-- Put a lane that is not in flight on the clock at its next work, or off it. The caller saves the record.
local function place(lane, record)
  if record.held then return put(lane, nil) end
  local at = math.max(now, free_at(record))
  local winner, due = seek(record, at)
  put(lane, winner and at or due)
end

-- The same after a change that may let it leave earlier, and keep the change; a flight goes on.
local function place_free(lane, record)
  if redis.call('HEXISTS', KEYS[4], lane) == 0 then place(lane, record) end
  save_lane(lane, record)
end

local function without(ring, id)
  local kept = {}
  for _, other in ipairs(ring) do
    if other ~= id then kept[#kept + 1] = other end
  end
  return kept
end

local function contains(ring, id)
  for _, other in ipairs(ring) do
    if other == id then return true end
  end
  return false
end

local function priority(id)
  local record = campaign(id)
  return record and record.prio or 0
end

-- Put a campaign into a ring, behind those of its own priority and above.
local function enlist(ring, id)
  local place = #ring + 1
  while place > 1 and priority(ring[place - 1]) < priority(id) do place = place - 1 end
  table.insert(ring, place, id)
end

-- This lane no longer serves the campaign.
local function leave(lane, id)
  local record = lane_record(lane)
  if contains(record.ring, id) then
    record.ring = without(record.ring, id)
    save_lane(lane, record)
  end
end

local function crew(id)
  local text = redis.call('HGET', KEYS[6], id)
  return text and cjson.decode(text) or {}
end

-- Put the campaign's lanes on the clock for its next work (LT: unless they come earlier), and the campaign into
-- their rings; in slices, for unpack has room for some thousands.
local function wake(id)
  local due = earliest(id)
  local lanes = due and crew(id) or {}
  for first = 1, #lanes, 1000 do
    local last = math.min(first + 999, #lanes)
    local texts = redis.call('HMGET', KEYS[3], unpack(lanes, first, last))
    local flying = redis.call('HMGET', KEYS[4], unpack(lanes, first, last))
    local joined, moved = {}, {}
    for i = first, last do
      local lane, record = lanes[i], cjson.decode(texts[i - first + 1] or NEW_LANE)
      if not contains(record.ring, id) then
        enlist(record.ring, id)
        joined[#joined + 1], joined[#joined + 2] = lane, cjson.encode(record)
      end
      if not record.held and not flying[i - first + 1] then
        moved[#moved + 1], moved[#moved + 2] = math.max(now, free_at(record), due), lane
      end
    end
    if #joined > 0 then redis.call('HSET', KEYS[3], unpack(joined)) end
    if #moved > 0 then redis.call('ZADD', KEYS[2], 'LT', unpack(moved)) end
  end
end

local function wake_if_earlier(id, before)
  local after = earliest(id)
  if after and (not before or after < before) then wake(id) end
end
