-- Write locks down as the ledger has them while the memory is being rebuilt: there is no epoch yet.
-- KEYS locks  ARGV for each its holder, taken and until, as in _locks.lua  Returns 1
local EXPIRY_SLACK_MS = 60000  -- as in _locks.lua
for i, key in ipairs(KEYS) do
  local ends = tonumber(string.match(ARGV[i], '(%d+)$'))
  redis.call('SET', key, ARGV[i], 'PXAT', string.format('%d', ends + EXPIRY_SLACK_MS))
end
return 1
