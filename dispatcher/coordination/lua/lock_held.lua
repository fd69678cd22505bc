-- How long each of these clients is still held.
-- KEYS 2… locks   Returns the ms in their order, 0 for free
local left = {}
for i = 2, #KEYS do
  local holder, _, ends = standing(KEYS[i])
  left[i - 1] = holder and ends - now or 0
end
return left
