-- The policies of these lanes' senders changed: whatever they rest for is asked anew by the next ticket.
-- ARGV 3… lanes   Returns 1
local before_head = head()
for i = 3, #ARGV do
  local text = redis.call('HGET', KEYS[3], ARGV[i])
  local record = text and cjson.decode(text)
  if record and (record.rest or 0) > 0 then
    record.rest, record.why = 0, ''
    if redis.call('HEXISTS', KEYS[4], ARGV[i]) == 0 then place(ARGV[i], record) end
    save_lane(ARGV[i], record)
  end
end
tell(before_head)
return 1
