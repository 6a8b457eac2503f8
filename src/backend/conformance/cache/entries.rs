//! Entries and their expiry.

use super::{Broken, Kept, LATER, NEVER_HERE, SOON, Setup, ensure, ensure_eq, entry};
use crate::model::{Key, Nanos, Version};

pub(super) async fn reads_back(on: Setup<'_>) -> Kept {
    let (one, other) = (on.node(0).await?, on.node(1).await?);
    ensure_eq(one.get(Key(1)).await?, None, "an entry that was never set")?;
    let bodies = [Vec::new(), (0..=255).collect(), vec![b'\n'; 100_000]];
    for (key, body) in bodies.iter().enumerate() {
        one.set(Key(key as u64), entry(7, body), None).await?;
    }
    for (key, body) in bodies.iter().enumerate() {
        let found = other.get(Key(key as u64)).await?;
        ensure(found == Some(entry(7, body)), "another node reads something else")?;
    }
    one.set(Key(0), entry(8, b"new"), None).await?;
    ensure_eq(other.get(Key(0)).await?, Some(entry(8, b"new")), "after an overwriting set")
}

pub(super) async fn expires(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    cache.set(Key(1), entry(1, b"short"), Some(SOON)).await?;
    cache.set(Key(2), entry(1, b"long"), Some(NEVER_HERE)).await?;
    cache.set(Key(3), entry(1, b"none"), None).await?;
    // An expiry finer than the server's own grain must not come out as none, or as refused.
    cache.set(Key(4), entry(1, b"least"), Some(Nanos(1))).await?;
    on.gone(&*cache, Key(1)).await?;
    on.gone(&*cache, Key(4)).await?;
    ensure(cache.get(Key(2)).await?.is_some(), "one with a longer expiry went too")?;
    ensure(cache.get(Key(3)).await?.is_some(), "one without expiry went too")
}

pub(super) async fn set_restarts_expiry(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    for key in [1, 2] {
        cache.set(Key(key), entry(1, b""), Some(SOON)).await?;
    }
    cache.set(Key(3), entry(1, b""), Some(NEVER_HERE)).await?;
    cache.set(Key(4), entry(1, b""), None).await?;
    cache.set(Key(1), entry(2, b""), Some(NEVER_HERE)).await?;
    cache.set(Key(2), entry(2, b""), None).await?;
    cache.set(Key(3), entry(2, b""), Some(SOON)).await?;
    cache.set(Key(4), entry(2, b""), Some(SOON)).await?;
    on.pass(LATER).await;
    ensure(cache.get(Key(1)).await?.is_some(), "the longer expiry was not taken")?;
    ensure(cache.get(Key(2)).await?.is_some(), "the old expiry still applied")?;
    on.gone(&*cache, Key(3)).await?;
    on.gone(&*cache, Key(4)).await
}

pub(super) async fn sets_if_absent(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    ensure(cache.set_if_absent(Key(1), entry(1, b"a"), Some(SOON)).await?, "it was not set")?;
    on.gone(&*cache, Key(1)).await?;
    ensure(cache.set_if_absent(Key(1), entry(2, b"b"), None).await?, "an expired one is absent")?;
    ensure_eq(cache.get(Key(1)).await?, Some(entry(2, b"b")), "what was set")
}

pub(super) async fn keeps_present(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    for (key, ttl) in [(1, None), (2, Some(NEVER_HERE))] {
        cache.set(Key(key), entry(1, b"first"), ttl).await?;
        let set = cache.set_if_absent(Key(key), entry(2, b"second"), Some(SOON)).await?;
        ensure(!set, "an entry that was there was set")?;
    }
    on.pass(LATER).await;
    for key in [1, 2] {
        let found = cache.get(Key(key)).await?;
        ensure_eq(found, Some(entry(1, b"first")), "the entry, after the later one's expiry")?;
    }
    // A machine that stalls may let the first entry expire before the second comes.
    for ttl in [SOON, Nanos::from_secs(1), Nanos::from_secs(10)] {
        cache.set(Key(3), entry(1, b"first"), Some(ttl)).await?;
        if !cache.set_if_absent(Key(3), entry(2, b"second"), None).await? {
            return on.gone(&*cache, Key(3)).await;
        }
    }
    Err(Broken("an entry that was there was set".into()))
}

pub(super) async fn deletes(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    cache.set(Key(1), entry(1, b""), None).await?;
    cache.set(Key(2), entry(1, b""), None).await?;
    ensure(cache.delete(Key(1)).await?, "there was an entry")?;
    ensure_eq(cache.get(Key(1)).await?, None, "after the delete")?;
    ensure(!cache.delete(Key(1)).await?, "there was none")?;
    ensure(cache.get(Key(2)).await?.is_some(), "another entry went too")
}

pub(super) async fn deletes_if_older(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    ensure(!cache.delete_if_older(Key(1), Version(9)).await?, "there was none")?;
    // Pairs that compare wrongly as text, as single bytes or as signed or 32-bit numbers.
    let rising = [0, 1, 9, 10, 127, 128, 255, 256, 65_535, 1 << 31, 1 << 32, (1 << 40) + 1];
    for pair in rising.windows(2) {
        let (older, newer) = (Version(pair[0]), Version(pair[1]));
        cache.set(Key(1), entry(newer.0, b"body"), None).await?;
        for event in [older, newer] {
            let deleted = cache.delete_if_older(Key(1), event).await?;
            ensure(!deleted, &format!("{newer:?} is not below {event:?}"))?;
        }
        ensure(cache.get(Key(1)).await?.is_some(), "the entry went though it is not older")?;
        cache.set(Key(1), entry(older.0, b"body"), None).await?;
        let deleted = cache.delete_if_older(Key(1), newer).await?;
        ensure(deleted, &format!("{older:?} is below {newer:?}"))?;
        ensure_eq(cache.get(Key(1)).await?, None, "after the delete")?;
    }
    Ok(())
}
