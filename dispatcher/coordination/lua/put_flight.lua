-- Rebuilding: a message that was being sent when the memory was lost is in flight. Its campaign should have been planned before:
-- one that is not known counts as gone, with no pace to give the lane a delay.
-- ARGV 3 lane  4 campaign  5 seq  6 size  7 token  8 lease ms   Returns 1, or 0 if the lane has a flight already
local lane, id = ARGV[3], ARGV[4]
if redis.call('HEXISTS', KEYS[4], lane) == 1 then return 0 end
redis.call('HSETNX', KEYS[3], lane, NEW_LANE)
local ends = now + tonumber(ARGV[8])
save_flight(lane, {
  token = ARGV[7], campaign = id, seq = tonumber(ARGV[5]), size = tonumber(ARGV[6]),
  ['until'] = ends, begun = true, overdue = false, lease = tonumber(ARGV[8]), kept = 0, day = 0, at = 0, before = 0,
})
put(lane, ends)
records[id] = campaign(id) or {
  next = 0, stop = 0, dmin = 0, dmax = 0, cs = 0, cg = 0, batch = 1,
  open = 0, start = 0, gate = 0, ended = 0, flights = 0, held = false, gone = true, prio = 0, why = 'start', acct = 0,
}
records[id].flights = records[id].flights + 1
open_chunk(records[id])
dirty[id] = true
save()
return 1
