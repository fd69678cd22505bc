-- Let a campaign go on, and wake its lanes.
-- ARGV 3 campaign   Returns 1, or 0 if it is not known
local plan, before_head = campaign(ARGV[3]), head()
if not plan then return 0 end
plan.held, dirty[ARGV[3]] = false, true
save()
wake(ARGV[3])
tell(before_head)
return 1
