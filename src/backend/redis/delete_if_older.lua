-- Deletes the entry KEYS[1] if its version is below ARGV[1]. Answers 1 if it did.
--
-- Versions are compared as numbers, which are exact below 2^53: Lua's `<` on strings goes by the
-- server's locale.
local held = redis.call('GETRANGE', KEYS[1], 0, 7)
if #held == 8 and struct.unpack('>I8', held) < tonumber(ARGV[1]) then
    return redis.call('DEL', KEYS[1])
end
return 0
