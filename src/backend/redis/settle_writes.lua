-- Removes writes from the queue KEYS[1] and its group ARGV[1]. ARGV[2] is the expiry in milliseconds
-- of the entries that still hold the version that was persisted, or empty for none.
-- For the n-th write, KEYS[n + 1] is its entry, ARGV[2n + 1] its id and ARGV[2n + 2] its version's
-- eight bytes.
for n = 1, #KEYS - 1 do
    local id = ARGV[2 * n + 1]
    redis.call('XACK', KEYS[1], ARGV[1], id)
    redis.call('XDEL', KEYS[1], id)
    if ARGV[2] ~= '' and redis.call('GETRANGE', KEYS[n + 1], 0, 7) == ARGV[2 * n + 2] then
        redis.call('PEXPIRE', KEYS[n + 1], ARGV[2])
    end
end
