-- Release nothing more on these lanes. Holds add up: the latest moment counts, and one without an end until resumed.
-- ARGV 3 until ms ("": until resumed)  4… lanes   Returns 1
for i = 4, #ARGV do
  local record = lane_record(ARGV[i])
  if ARGV[3] == '' then
    record.held = true
  else
    record['until'] = math.max(record['until'], tonumber(ARGV[3]))
  end
  save_lane(ARGV[i], record)
end
return 1
