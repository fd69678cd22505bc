-- Taking a flight down, for finish and skip. ARGV 3 lane  4 campaign  5 token  6 how many messages left ("": all)
-- 7 rest ms and 8 why: no send of the lane before then (0: no rest); retries from ARGV[first] on.
-- `done` is when its send ended, nil if nothing was sent; `jitter` 0..999999 draws the delay.
-- Retries are filed even if the token is the lane's no more: a message to be sent again must not be lost.
-- Returns {held, exhausted} as 0 or 1.

local function settle(record, done, jitter, plan)
  if done then
    local delay = 0
    if plan then
      local spread = jitter * (plan.dmax - plan.dmin + 1)
      delay = plan.dmin + (spread - spread % 1000000) / 1000000
    end
    record.ready = math.max(record.ready, done + delay)
  end
  if plan then
    plan.flights = math.max(0, plan.flights - 1)
    plan.ended = math.max(plan.ended, done or 0)
  end
end

-- What did not leave goes back to the sender's day that it was taken from; if nothing left, no gap is to be kept.
local function give_back(lane, flight)
  local left = tonumber(ARGV[6])
  local back = left and (flight.kept or 0) - left or 0
  local sender = parts(lane)
  local day = back > 0 and day_of(sender)
  if not day then return end
  if day['until'] == flight.day then day.today = math.max(0, day.today - back) end
  if left == 0 and day.last == flight.at then day.last = flight.before end
  save_day(sender, day)
end

-- The moments at which the sender's other lanes come, in order.
local function comings(lane, sender, lanes)
  local names, found = {}, {}
  for slot = 0, lanes - 1 do
    local name = sender .. '.' .. slot
    if name ~= lane then names[#names + 1] = name end
  end
  if #names == 0 then return found end
  local times, flying = redis.call('ZMSCORE', KEYS[2], unpack(names)), redis.call('HMGET', KEYS[4], unpack(names))
  for i = 1, #names do
    if times[i] and not flying[i] and tonumber(times[i]) > now then found[#found + 1] = tonumber(times[i]) end
  end
  table.sort(found)
  return found
end

-- Where the sender keeps a least gap its lanes come one after the other: a lane that comes with another would only be
-- refused by begin, and come again with it.
local function keep_apart(lane, flight, record)
  local sender = parts(lane)
  local day = flight.day > 0 and day_of(sender)
  if not day or day.gap == 0 or starts_after(day) == 0 then return end
  local at = math.max(now, free_at(record), starts_after(day) + day.gap)
  for _, other in ipairs(comings(lane, sender, day.lanes)) do
    if math.abs(other - at) < day.gap then at = other + day.gap end
  end
  if at > math.max(now, free_at(record)) then record.rest, record.why = at, 'min_gap' end
end

local function land(done, jitter, first)
  local lane, id, before_head = ARGV[3], ARGV[4], head()
  local flight, plan, before = flight_of(lane), campaign(id), earliest(id)
  local holds = flight and flight.token == ARGV[5]
  local record = holds and lane_record(lane)
  if holds then
    redis.call('HDEL', KEYS[4], lane)
    no_longer_offered(lane, flight)
    if flight.again then redis.call('ZREM', KEYS[12], out_again(lane, flight)) end
    give_back(lane, flight)
    record.rest, record.why = tonumber(ARGV[7]), ARGV[8]
    settle(record, done, jitter, plan)
    keep_apart(lane, flight, record)
  end
  if plan and not plan.gone then
    file(id, first)
    close_chunk(id, plan)
  elseif plan and plan.flights == 0 then
    records[id] = false
  end
  if plan then dirty[id] = true end
  save()
  if holds then
    place(lane, record)
    save_lane(lane, record)
  end
  wake_if_earlier(id, before)
  tell(before_head)
  return { holds and 1 or 0, exhausted(id) and 1 or 0 }
end
