-- Deletes the entry KEYS[1] and voids the lease KEYS[2]. Answers 1 if there was an entry.
redis.call('DEL', KEYS[2])
return redis.call('DEL', KEYS[1])
