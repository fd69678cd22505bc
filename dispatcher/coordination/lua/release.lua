-- Look at up to `limit` due lanes in the order of their times: give tickets, and the tickets whose lease ran out. Where
-- there is not room for all of them, those that are due get in line, by the turns of their accounts; the line is served
-- when half of the room is free, so that jobs carry many.
-- ARGV 3 room: tickets that may be out with nobody at work on them  4 limit  5 token prefix  6 begin lease ms
--      7 overdue ms  8 nothing ms
-- Returns {tickets, overdue, ms until the next lane is due, full}; a ticket is five items: lane, campaign, seq,
-- size, token. Counting them here, not before, keeps any number of pacers within the room; jobs whose tickets ran out
-- while nobody took them are jobs still.
local out, room
local tickets, overdue, given = {}, {}, 0

local function write(list, lane, flight)
  local n = #list
  list[n + 1], list[n + 2] = lane, flight.campaign
  list[n + 3], list[n + 4], list[n + 5] = flight.seq, flight.size, flight.token
end

-- seq and size of what the campaign gives now, and whether it waited for a time of its own
local function take(id)
  local plan, retry = campaign(id), first_retry(id)
  if retry and retry.due <= now then
    redis.call('ZREM', KEYS[7], retry.member)
    firsts[id] = nil
    return retry.seq, retry.size, true
  end
  local first = plan.next
  local size = math.min(plan.batch, plan.stop - first)
  if plan.cs > 0 then
    size = math.min(size, (math.floor(first / plan.cs) + 1) * plan.cs - first)
  end
  plan.next = first + size
  return first, size, false
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
  local seq, size, again = take(id)
  records[id].flights = records[id].flights + 1
  dirty[id] = true
  given = given + 1
  local flight = {
    token = ARGV[5] .. '-' .. given, campaign = id, seq = seq, size = size,
    ['until'] = now + tonumber(ARGV[6]), begun = false, overdue = false, lease = 0, kept = 0, day = 0, at = 0,
    before = 0, again = again,
  }
  if again then redis.call('ZADD', KEYS[12], 0, out_again(lane, flight)) end
  save_flight(lane, flight)
  redis.call('SADD', KEYS[11], lane)
  put(lane, flight['until'])
  write(tickets, lane, flight)
end

-- A lane that is due gives a ticket, or sleeps: held, resting, or without work.
local function take_up(lane)
  local record = lane_record(lane)
  if record.held then
    put(lane, nil)
  elseif free_at(record) > now then
    put(lane, free_at(record))
  else
    give(lane, record)
  end
end

-- The lane's place is its account's next turn: behind the account's own lanes, and never before who is served now.
local function line_up(lane)
  local record = lane_record(lane)
  local ready = not record.held and free_at(record) <= now
  local id, _, dropped = nil, nil, false
  if ready then id, _, dropped = seek(record, now) end
  if not id then return take_up(lane) end
  if dropped then save_lane(lane, record) end
  local account = string.format('%d', campaign(id).acct or 0)
  local turns = redis.call('HMGET', KEYS[10], account, 'reached')
  local turn = math.max(tonumber(turns[1] or 0), tonumber(turns[2] or 0)) + 1
  redis.call('HSET', KEYS[10], account, string.format('%d', turn))
  put(lane, IN_LINE + turn)
end

local function first_in_line()
  local first = redis.call('ZRANGE', KEYS[2], 0, 0, 'WITHSCORES')
  local place = first[2] and tonumber(first[2])
  if place and place < 0 then return first[1], place - IN_LINE end
end

local function serve_line()
  local reached = nil
  local most = room >= out and tonumber(ARGV[4]) or 0
  for _ = 1, most do
    local lane, turn = first_in_line()
    if not lane or given >= room then break end
    reached = turn
    take_up(lane)
  end
  if not first_in_line() then
    redis.call('DEL', KEYS[10])
  elseif reached then
    redis.call('HSET', KEYS[10], 'reached', string.format('%d', reached))
  end
end

local ready = {}
for _, lane in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], 0, now, 'LIMIT', 0, ARGV[4])) do
  local flight = flight_of(lane)
  if flight then
    no_longer_offered(lane, flight)
    flight.overdue = true
    save_flight(lane, flight)
    put(lane, now + tonumber(ARGV[7]))
    write(overdue, lane, flight)
  else
    ready[#ready + 1] = lane
  end
end
out = math.max(redis.call('SCARD', KEYS[11]), redis.call('LLEN', KEYS[13]))
room = tonumber(ARGV[3]) - out
if #ready > room or first_in_line() then
  for _, lane in ipairs(ready) do line_up(lane) end
  serve_line()
else
  for _, lane in ipairs(ready) do take_up(lane) end
end
save()
local next_due = head() or now + tonumber(ARGV[8])
local full = first_in_line() and (given >= room or room < out)
return { tickets, overdue, math.max(0, next_due - now), full and 1 or 0 }
