-- The policies of these lanes' senders changed: whatever they rest for is asked anew by the next ticket.
-- ARGV 3… lanes   Returns 1
local before_head = head()
for i = 3, #ARGV do
  local record = known_lane(ARGV[i])
  if record and (record.rest or 0) > 0 then
    record.rest, record.why = 0, ''
    place_free(ARGV[i], record)
  end
end
tell(before_head)
return 1
