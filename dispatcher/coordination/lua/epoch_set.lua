-- The memory is complete: from now on it may be worked with. Only on the very server on which the rebuild began.
-- KEYS 1 epoch  2 building   ARGV 1 the build's mark, "<run id>:<its own>"   Returns 1, or 0: begin anew
local run_id = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
if redis.call('GET', KEYS[2]) ~= ARGV[1] or string.sub(ARGV[1], 1, #run_id + 1) ~= run_id .. ':' then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
