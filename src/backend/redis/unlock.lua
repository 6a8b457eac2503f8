-- Deletes the lock KEYS[1] if it is held with the token ARGV[1]. Answers 1 if it did.
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
