-- Sets KEYS[1] to the entry ARGV[2] if what it holds begins with ARGV[1]. What follows in ARGV are
-- the options of SET. Answers 1 if it was set.
--
-- An absent entry reads as an empty one, and one byte more than needed is read, because no byte
-- cannot be asked for.
local held = redis.call('GETRANGE', KEYS[1], 0, #ARGV[1])
if string.sub(held, 1, #ARGV[1]) ~= ARGV[1] or redis.call('EXISTS', KEYS[1]) == 0 then
    return 0
end
redis.call('SET', KEYS[1], unpack(ARGV, 2))
return 1
