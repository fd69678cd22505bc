-- Release nothing more of a campaign. Its lanes notice when they come up.
-- ARGV 3 campaign   Returns 1, or 0 if it is not known
local plan = campaign(ARGV[3])
if not plan then return 0 end
plan.held, dirty[ARGV[3]] = true, true
save()
return 1
