-- Let lanes go on, whatever held them.
-- ARGV 3… lanes   Returns 1
local before_head = head()
for i = 3, #ARGV do
  local record = redis.call('HGET', KEYS[3], ARGV[i])
  if record then
    record = cjson.decode(record)
    record.held, record['until'] = false, 0
    if redis.call('HEXISTS', KEYS[4], ARGV[i]) == 0 then place(ARGV[i], record) end
    save_lane(ARGV[i], record)
  end
end
tell(before_head)
return 1
