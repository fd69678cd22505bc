-- Drop a campaign: cursor, lanes, retries. While tickets of it are out its record stays, for their pace.
-- ARGV 3 campaign   Returns 1, or 0 if it was not known
local id = ARGV[3]
local plan = campaign(id)
if not plan then return 0 end
for _, lane in ipairs(crew(id)) do leave(lane, id) end
redis.call('HDEL', KEYS[6], id)
redis.call('ZREMRANGEBYLEX', KEYS[7], '[' .. id .. ':', '(' .. id .. ';')
plan.stop, plan.gone = plan.next, true
if plan.flights == 0 then records[id] = false end
dirty[id] = true
save()
return 1
