-- Sets KEYS[1] to the entry ARGV[1], unless what it holds has a higher version. What follows in ARGV
-- are the options of SET. Answers 1 if it was set.
--
-- Versions are compared as numbers, which are exact below 2^53: Lua's `<` on strings goes by the
-- server's locale. An entry ARGV[1] that is too short for a version is an error.
local version = struct.unpack('>I8', ARGV[1])
local held = redis.call('GETRANGE', KEYS[1], 0, 7)
if #held == 8 and struct.unpack('>I8', held) > version then
    return 0
end
redis.call('SET', KEYS[1], unpack(ARGV))
return 1
