-- Rebuilding: a message that was being sent when the memory was lost is in flight; its campaign was planned before.
-- ARGV 3 lane  4 campaign  5 seq  6 size  7 token  8 lease ms   Returns 1, or 0 if the lane has a flight already
local lane, id = ARGV[3], ARGV[4]
if redis.call('HEXISTS', KEYS[4], lane) == 1 then return 0 end
redis.call('HSETNX', KEYS[3], lane, NEW_LANE)
local ends = now + tonumber(ARGV[8])
save_flight(lane, {
  token = ARGV[7], campaign = id, seq = tonumber(ARGV[5]), size = tonumber(ARGV[6]),
  ['until'] = ends, begun = true, overdue = false,
})
put(lane, ends)
local plan = campaign(id)
if plan then
  plan.flights = plan.flights + 1
  open_chunk(plan)
  dirty[id] = true
  save()
end
return 1
