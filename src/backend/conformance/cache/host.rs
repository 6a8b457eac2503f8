//! What the experiment asks of the server itself.

use super::{Kept, NEVER_HERE, PATIENCE, POLL, SOON, Setup, ensure, ensure_eq, entry};
use crate::backend::{CacheState, Enqueued, Event};
use crate::model::{Key, Nanos, Version};

pub(super) async fn counts(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let Some(before) = on.host.counters().await? else {
        return Ok(());
    };
    cache.set(Key(1), entry(1, &[0; 10_000]), None).await?;
    for key in [1, 1, 1, 2, 2] {
        cache.get(Key(key)).await?;
    }
    let after = on.host.counters().await?.unwrap_or_default();
    // A server that others use too counts what they do.
    ensure(after.keyspace_hits >= before.keyspace_hits + 3, "three hits were not counted")?;
    ensure(after.keyspace_misses >= before.keyspace_misses + 2, "two misses were not counted")?;
    ensure(after.used_memory > 10_000, "the memory that an entry takes was not counted")
}

pub(super) async fn counts_expiries(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let Some(before) = on.host.counters().await? else {
        return Ok(());
    };
    for key in 1..=50 {
        cache.set(Key(key), entry(1, &[0; 1_000]), Some(SOON)).await?;
    }
    // Some are come upon, and the server looks for the others by itself.
    for key in 1..=10 {
        on.gone(&*cache, Key(key)).await?;
    }
    let deadline = on.clock.now() + PATIENCE;
    loop {
        let after = on.host.counters().await?.unwrap_or_default();
        if after.expired_keys >= before.expired_keys + 50 {
            return ensure(
                after.keyspace_misses >= before.keyspace_misses + 10,
                "what has expired was not counted as missed",
            );
        }
        ensure(on.clock.now() < deadline, "what has expired was not counted")?;
        on.pass(POLL).await;
    }
}

pub(super) async fn gives_memory_back(on: Setup<'_>) -> Kept {
    const LARGE: usize = 1_000_000;
    let cache = on.node(0).await?;
    let used = async || on.host.counters().await.map(|now| now.unwrap_or_default().used_memory);
    cache.set(Key(1), entry(1, &vec![0; LARGE]), None).await?;
    let full = used().await?;
    ensure(cache.delete(Key(1)).await?, "there was an entry")?;
    let emptied = used().await?;
    // A server that others use too may have been given something by them.
    ensure(emptied + LARGE as u64 / 2 < full, "the memory of a deleted entry is still in use")
}

pub(super) async fn state(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    cache.set(Key(5), entry(1, b"five"), None).await?;
    cache.enqueue_write(Key(3), entry(0, b"three"), Some(Version(8))).await?;
    let expected = [
        (Key(3), Some(entry(9, b"three"))),
        (Key(4), None),
        (Key(5), Some(entry(1, b"five"))),
        (Key(3), Some(entry(9, b"three"))),
    ];
    let keys = expected.each_ref().map(|&(key, _)| key);
    let expected: Vec<_> =
        expected.into_iter().map(|(key, entry)| CacheState { key, entry }).collect();
    ensure_eq(on.host.state(&keys).await?, expected, "the state")?;
    ensure_eq(on.host.state(&[]).await?, Vec::new(), "the state of no keys")?;
    let many: Vec<Key> = (0..2_500).map(Key).collect();
    let states = on.host.state(&many).await?;
    let asked_for = states.iter().map(|state| state.key).eq(many);
    ensure(asked_for, "the states of many keys are not in the order asked for")?;
    let held = states.iter().filter(|state| state.entry.is_some()).count();
    ensure_eq(held, 2, "entries held among many keys")
}

pub(super) async fn resets(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let event = Event { sequence: 1, key: Key(1), version: Version(1) };
    for key in 0..2_500 {
        cache.set(Key(key), entry(1, b""), None).await?;
    }
    for _ in 0..2 {
        // One claimed and one fresh, of each.
        cache.enqueue_write(Key(1), entry(0, b""), Some(Version(0))).await?;
        cache.publish(&[event]).await?;
        cache.claim_writes(1, NEVER_HERE).await?;
        cache.claim_events(1, Nanos::ZERO, NEVER_HERE).await?;
    }
    cache.enqueue_write(Key(1), entry(0, b""), None).await?;
    cache.publish(&[event]).await?;
    on.host.reset().await?;
    let keys: Vec<Key> = (0..2_500).map(Key).collect();
    let left = on.host.state(&keys).await?.iter().filter(|state| state.entry.is_some()).count();
    ensure_eq(left, 0, "entries left")?;
    ensure_eq(cache.claim_writes(10, Nanos::ZERO).await?, Vec::new(), "writes left")?;
    let events = cache.claim_events(10, Nanos::ZERO, Nanos::ZERO).await?;
    ensure_eq(events, Vec::new(), "events left")?;
    let answer = cache.enqueue_write(Key(1), entry(0, b""), None).await?;
    ensure_eq(answer, Enqueued::NoCounter, "counters left")?;
    cache.enqueue_write(Key(1), entry(0, b""), Some(Version(6))).await?;
    cache.publish(&[event]).await?;
    ensure_eq(cache.claim_writes(10, NEVER_HERE).await?.len(), 1, "writes after the reset")?;
    let events = cache.claim_events(10, Nanos::ZERO, NEVER_HERE).await?;
    ensure_eq(events.len(), 1, "events after the reset")
}
