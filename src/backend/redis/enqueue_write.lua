-- Gives the entry ARGV[2] of the key with the number ARGV[1] its next version, sets it as KEYS[1]
-- and appends it to the write queue KEYS[3]. KEYS[2] counts the key's versions; ARGV[3] is what it
-- starts from where it is absent, or empty. Answers the version, or nil if there is no counter.
--
-- Every step that can be refused for lack of memory is refused at the first of them.
local version = redis.call('INCR', KEYS[2])
if version == 1 then
    -- A counter never holds 0 between two calls, so it was absent.
    if ARGV[3] == '' then
        redis.call('DEL', KEYS[2])
        return false
    end
    version = redis.call('INCRBY', KEYS[2], ARGV[3])
end
local entry = struct.pack('>I8', version) .. string.sub(ARGV[2], 9)
redis.call('SET', KEYS[1], entry)
redis.call('XADD', KEYS[3], '*', 'key', ARGV[1], 'entry', entry)
return version
