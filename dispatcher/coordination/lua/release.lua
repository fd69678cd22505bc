-- Look at up to `limit` due lanes in the order of their times: give tickets, and the tickets whose lease ran out.
-- ARGV 3 room: jobs that may wait in the queue  4 limit  5 token prefix  6 begin lease ms  7 overdue ms  8 nothing ms
-- Returns {tickets, overdue, ms until the next lane is due, full}; a ticket is five items: lane, campaign, seq,
-- size, token. Looking at the queue's length here, not before, keeps any number of pacers within the room.
local room = tonumber(ARGV[3]) - redis.call('LLEN', KEYS[10])
local tickets, overdue, given, full = {}, {}, 0, 0

local function write(list, lane, flight)
  local n = #list
  list[n + 1], list[n + 2] = lane, flight.campaign
  list[n + 3], list[n + 4], list[n + 5] = flight.seq, flight.size, flight.token
end

-- seq and size of what the campaign gives now
local function take(id)
  local plan, retry = campaign(id), first_retry(id)
  if retry and retry.due <= now then
    redis.call('ZREM', KEYS[7], retry.member)
    firsts[id] = nil
    return retry.seq, retry.size
  end
  local first = plan.next
  local size = math.min(plan.batch, plan.stop - first)
  if plan.cs > 0 then
    size = math.min(size, (math.floor(first / plan.cs) + 1) * plan.cs - first)
  end
  plan.next = first + size
  return first, size
end

local function give(lane, record)
  local id, due, dropped = seek(record, now)
  if not id then
    if dropped then save_lane(lane, record) end
    return put(lane, due)
  end
  if #record.ring > 1 then
    record.ring = without(record.ring, id)
    enlist(record.ring, id)
  end
  if dropped or #record.ring > 1 then save_lane(lane, record) end
  local seq, size = take(id)
  records[id].flights = records[id].flights + 1
  dirty[id] = true
  given = given + 1
  local flight = {
    token = ARGV[5] .. '-' .. given, campaign = id, seq = seq, size = size,
    ['until'] = now + tonumber(ARGV[6]), begun = false, overdue = false, kept = 0, day = 0, at = 0, before = 0,
  }
  save_flight(lane, flight)
  put(lane, flight['until'])
  write(tickets, lane, flight)
end

for _, lane in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[4])) do
  local flight = flight_of(lane)
  if flight then
    flight.overdue = true
    save_flight(lane, flight)
    put(lane, now + tonumber(ARGV[7]))
    write(overdue, lane, flight)
  else
    local record = lane_record(lane)
    if record.held then
      put(lane, nil)
    elseif free_at(record) > now then
      put(lane, free_at(record))
    elseif given >= room then
      full = 1
      break
    else
      give(lane, record)
    end
  end
end
save()
local next_due = head() or now + tonumber(ARGV[8])
return { tickets, overdue, math.max(0, next_due - now), full }
