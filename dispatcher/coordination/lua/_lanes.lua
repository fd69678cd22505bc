-- What every verb of the lane clock starts with; the loader puts it in front. The rules are those of
-- dispatcher/domain/laneclock.py, under the same names; tests play one against the other.
--
-- KEYS 1 epoch  2 clock  3 lanes  4 flights  5 campaigns  6 crews  7 retries  8 wake  (9 queue: release)
-- ARGV 1 now in ms (0: the server's)  2 "1" while rebuilding: works without the epoch  3… the verb's own
-- Campaign records are read once a call and written by save(), for many lanes share one.

if ARGV[2] ~= '1' and redis.call('EXISTS', KEYS[1]) == 0 then
  return redis.error_reply('CLOCKLOST the lane clock must be rebuilt')
end

local now = tonumber(ARGV[1])
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000 + math.floor(time[2] / 1000)
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

local NEW_LANE = '{"ready":0,"ring":[],"held":false,"until":0}'

local function lane_record(lane)
  return cjson.decode(redis.call('HGET', KEYS[3], lane) or NEW_LANE)
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

local function free_at(record)
  return math.max(record.ready, record['until'])
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
    redis.call('PUBLISH', KEYS[8], string.format('%d', math.max(0, after - now)))
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

local function close_chunk(record)
  if record.cs > 0 and record.flights == 0 and record.next < record.stop
      and record.next == (record.open + 1) * record.cs then
    record.open = record.open + 1
    if record.ended > 0 then record.gate = math.max(record.gate, record.ended + record.cg) end
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

local function without(ring, id)
  local kept = {}
  for _, other in ipairs(ring) do
    if other ~= id then kept[#kept + 1] = other end
  end
  return kept
end

local function crew(id)
  local text = redis.call('HGET', KEYS[6], id)
  return text and cjson.decode(text) or {}
end

-- Put the campaign's lanes on the clock for its next work, and the campaign into their rings.
local function wake(id)
  local due = earliest(id)
  if not due then return end
  for _, lane in ipairs(crew(id)) do
    local record = lane_record(lane)
    local member = false
    for _, other in ipairs(record.ring) do member = member or other == id end
    if not member then
      record.ring[#record.ring + 1] = id
      save_lane(lane, record)
    end
    if not record.held and redis.call('HEXISTS', KEYS[4], lane) == 0 then
      local at = math.max(now, free_at(record), due)
      local current = redis.call('ZSCORE', KEYS[2], lane)
      if not current or tonumber(current) > at then put(lane, at) end
    end
  end
end

local function wake_if_earlier(id, before)
  local after = earliest(id)
  if after and (not before or after < before) then wake(id) end
end
