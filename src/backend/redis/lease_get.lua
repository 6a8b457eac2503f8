-- Answers the entry KEYS[1]. Where there is none, takes the lease KEYS[2] with the token ARGV[1] for
-- ARGV[2] milliseconds, and answers 1 if it was taken or 0 if somebody has it.
local entry = redis.call('GET', KEYS[1])
if entry then
    return entry
end
if redis.call('SET', KEYS[2], ARGV[1], 'NX', 'PX', ARGV[2]) then
    return 1
end
return 0
