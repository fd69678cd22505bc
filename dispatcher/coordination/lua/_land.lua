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
  local sender = string.match(lane, '^%d+')
  local text = back > 0 and redis.call('HGET', KEYS[8], sender)
  local day = text and cjson.decode(text)
  if not day then return end
  if day['until'] == flight.day then day.today = math.max(0, day.today - back) end
  if left == 0 and day.last == flight.at then day.last = flight.before end
  redis.call('HSET', KEYS[8], sender, cjson.encode(day))
end

local function land(done, jitter, first)
  local lane, id, before_head = ARGV[3], ARGV[4], head()
  local flight, plan, before = flight_of(lane), campaign(id), earliest(id)
  local holds = flight and flight.token == ARGV[5]
  local record = holds and lane_record(lane)
  if holds then
    redis.call('HDEL', KEYS[4], lane)
    give_back(lane, flight)
    record.rest, record.why = tonumber(ARGV[7]), ARGV[8]
    settle(record, done, jitter, plan)
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
