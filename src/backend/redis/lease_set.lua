-- Ends the lease KEYS[2] if it is held with the token ARGV[1], and sets the entry KEYS[1] to ARGV[2]
-- if it was and there is no entry. What follows in ARGV are the options of SET. Answers 1 if it was
-- set.
--
-- An entry that is refused for lack of memory ends the lease too: else everybody would wait until it
-- expires for what does not come. SET comes first, for after a change it would not be refused.
if redis.call('GET', KEYS[2]) ~= ARGV[1] then
    return 0
end
local absent = redis.call('EXISTS', KEYS[1]) == 0
local done = absent and redis.pcall('SET', KEYS[1], unpack(ARGV, 2))
redis.call('DEL', KEYS[2])
if done and done.err then
    return done
end
return absent and 1 or 0
