-- Let lanes go on, whatever held them.
-- ARGV 3… lanes   Returns 1
local before_head = head()
for i = 3, #ARGV do
  local record = known_lane(ARGV[i])
  if record then
    record.held, record['until'] = false, 0
    place_free(ARGV[i], record)
  end
end
tell(before_head)
return 1
