-- Make a campaign known, or its end, pace, lanes, start and hold anew; never the cursor of one that is known.
-- ARGV 3 campaign  4 next  5 stop (one past the last seq)  6 delay min  7 delay max  8 chunk size  9 chunk gap
--      10 batch  11 start ms  12 held "1"/"0"  13 priority  14 why it starts then
--      15 account  16… lanes
-- Returns 1
local id, before_head = ARGV[3], head()
local known = campaign(id)
local fresh = not known or known.gone
local plan = {
  next = fresh and tonumber(ARGV[4]) or known.next, stop = tonumber(ARGV[5]),
  dmin = tonumber(ARGV[6]), dmax = tonumber(ARGV[7]), cs = tonumber(ARGV[8]), cg = tonumber(ARGV[9]),
  batch = tonumber(ARGV[10]), start = tonumber(ARGV[11]), held = ARGV[12] == '1', gone = false,
  open = fresh and 0 or known.open, gate = fresh and 0 or known.gate,
  ended = known and known.ended or 0, flights = known and known.flights or 0, prio = tonumber(ARGV[13]), why = ARGV[14],
  acct = tonumber(ARGV[15]),
}
local moves = not fresh and (known.prio or 0) ~= plan.prio
if fresh or plan.cs ~= known.cs then open_chunk(plan) end
close_chunk(id, plan)
records[id], dirty[id] = plan, true
save()

local lanes, stays = {}, {}
for i = 16, #ARGV do
  lanes[#lanes + 1] = ARGV[i]
  stays[ARGV[i]] = true
end
for _, lane in ipairs(crew(id)) do
  if moves or not stays[lane] then leave(lane, id) end -- wake gives it its new place in the rings
end
redis.call('HSET', KEYS[6], id, cjson.encode(lanes))
wake(id)
tell(before_head)
return 1
