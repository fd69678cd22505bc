-- Nothing leaves on these lanes before a moment.
-- ARGV 3, 4 lane and ms, and so on in pairs   Returns 1
for i = 3, #ARGV, 2 do
  local lane, record = ARGV[i], lane_record(ARGV[i])
  record.ready = math.max(record.ready, tonumber(ARGV[i + 1]))
  save_lane(lane, record)
  local current = redis.call('ZSCORE', KEYS[2], lane)
  if current and tonumber(current) < free_at(record) and redis.call('HEXISTS', KEYS[4], lane) == 0 then
    put(lane, free_at(record))
  end
end
return 1
