-- Sets KEYS[1] to the tombstone ARGV[1], unless what it holds has the tombstone's version or a higher
-- one. What follows in ARGV are the options of SET. Answers 1 if it was set.
--
-- Versions are compared as numbers, which are exact below 2^53: Lua's `<` on strings goes by the
-- server's locale. A tombstone that is too short for a version is an error.
local version = struct.unpack('>I8', ARGV[1])
local held = redis.call('GETRANGE', KEYS[1], 0, 7)
if #held == 8 and struct.unpack('>I8', held) >= version then
    return 0
end
-- A server that is out of memory refuses SET, unless the script has changed something before. It takes
-- any DEL. So the old entry goes in any case, and the small tombstone, which soon expires, comes even
-- where there is no room for entries: without it, a fill on its way could put the old row back.
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[1], unpack(ARGV))
return 1
