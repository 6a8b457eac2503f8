-- Ends the lease KEYS[2] if it is held with the token ARGV[1], and sets the entry KEYS[1] to ARGV[2]
-- if it was and there is no entry. What follows in ARGV are the options of SET. Answers 1 if it was
-- set.
--
-- The step that can be refused for lack of memory comes before any other change.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    return 0
end
local absent = redis.call('EXISTS', KEYS[1]) == 0
if absent then
    redis.call('SET', KEYS[1], unpack(ARGV, 2))
end
redis.call('DEL', KEYS[2])
return absent and 1 or 0
