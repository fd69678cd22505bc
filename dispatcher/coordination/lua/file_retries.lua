-- Release these messages (again) at their time, from whichever lane of the campaign is free.
-- ARGV 3 campaign  4… retries   Returns 1, or 0 if the campaign is not known: plan it first
local id, before_head = ARGV[3], head()
local plan, before = campaign(id), earliest(id)
if not plan or plan.gone then return 0 end
file(id, 4)
reopen_chunk(id, plan)
save()
wake_if_earlier(id, before)
tell(before_head)
return 1
