-- Release these messages (again) at their time, from whichever lane of the campaign is free.
-- Not those that are out already: whoever has them files what is to be sent again, or a pacer does when their lease is over.
-- ARGV 3 campaign  4… retries   Returns 1, or 0 if the campaign is not known: plan it first
local id, before_head = ARGV[3], head()
local plan, before = campaign(id), earliest(id)
if not plan or plan.gone then return 0 end
for i = 4, #ARGV do
  local seq, size = string.match(ARGV[i], ':(%d+):(%d+)$')
  if not is_out(id, tonumber(seq), tonumber(size)) then redis.call('ZADD', KEYS[7], 0, id .. ':' .. ARGV[i]) end
end
firsts[id] = nil
reopen_chunk(id, plan)
save()
wake_if_earlier(id, before)
tell(before_head)
return 1
