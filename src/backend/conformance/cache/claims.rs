//! Locks and leases.

use super::{Kept, LATER, NEVER_HERE, PATIENCE, POLL, SOON, Setup, ensure, ensure_eq, entry};
use crate::backend::{Leased, Token};
use crate::model::{Key, Nanos};

/// They differ in their last byte, or in their first.
const ONE: Token = Token(1);
const OTHER: Token = Token(2);
const THIRD: Token = Token(1 + (7 << 120));

pub(super) async fn locks_once(on: Setup<'_>) -> Kept {
    let (cache, other) = (on.node(0).await?, on.node(1).await?);
    ensure(cache.lock(Key(1), ONE, NEVER_HERE).await?, "nobody had it")?;
    ensure(!other.lock(Key(1), OTHER, NEVER_HERE).await?, "somebody has it")?;
    ensure(!cache.lock(Key(1), ONE, NEVER_HERE).await?, "whoever asks has it already")?;
    ensure(other.lock(Key(2), OTHER, NEVER_HERE).await?, "nobody had the other key's")?;
    ensure_eq(cache.get(Key(1)).await?, None, "the entry of a locked key")?;
    for token in [OTHER, THIRD] {
        ensure(!other.unlock(Key(1), token).await?, "it was not taken with that token")?;
    }
    ensure(!other.lock(Key(1), OTHER, NEVER_HERE).await?, "it was released by another token")?;
    // The token is what counts, not the node.
    ensure(other.unlock(Key(1), ONE).await?, "it was taken with that token")?;
    ensure(!cache.unlock(Key(1), ONE).await?, "it was released before")?;
    ensure(other.lock(Key(1), OTHER, NEVER_HERE).await?, "it was released")?;
    cache.set(Key(1), entry(1, b""), None).await?;
    cache.delete(Key(1)).await?;
    ensure(!cache.lock(Key(1), ONE, NEVER_HERE).await?, "it went with the entry")
}

pub(super) async fn lock_expires(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    ensure(cache.lock(Key(1), ONE, SOON).await?, "nobody had it")?;
    let deadline = on.clock.now() + PATIENCE;
    while !cache.lock(Key(1), OTHER, NEVER_HERE).await? {
        ensure(on.clock.now() < deadline, "the lock should have expired")?;
        on.pass(POLL).await;
    }
    ensure(!cache.unlock(Key(1), ONE).await?, "the lock that expired is another's now")?;
    ensure(cache.unlock(Key(1), OTHER).await?, "it was taken with that token")?;
    ensure(cache.lock(Key(2), ONE, Nanos(1)).await?, "the least expiry was refused")
}

pub(super) async fn leases_once(on: Setup<'_>) -> Kept {
    let (cache, other) = (on.node(0).await?, on.node(1).await?);
    ensure_eq(cache.lease_get(Key(1), ONE, NEVER_HERE).await?, Leased::Granted, "the first")?;
    ensure_eq(other.lease_get(Key(1), OTHER, NEVER_HERE).await?, Leased::Taken, "the second")?;
    ensure_eq(cache.lease_get(Key(1), ONE, NEVER_HERE).await?, Leased::Taken, "the first again")?;
    ensure_eq(cache.lease_get(Key(2), OTHER, NEVER_HERE).await?, Leased::Granted, "another key")?;
    ensure(cache.lock(Key(1), OTHER, NEVER_HERE).await?, "a lease is no lock")?;
    for token in [OTHER, THIRD] {
        let set = other.lease_set(Key(1), token, entry(9, b""), None).await?;
        ensure(!set, "the lease is not that token's")?;
    }
    ensure_eq(cache.get(Key(1)).await?, None, "the entry")?;
    let (filled, found) = (entry(1, b"fill"), Leased::Found(entry(1, b"fill")));
    ensure(other.lease_set(Key(1), ONE, filled, None).await?, "the lease is the token's")?;
    ensure_eq(other.lease_get(Key(1), OTHER, NEVER_HERE).await?, found, "after the fill")?;
    cache.delete(Key(1)).await?;
    let set = cache.lease_set(Key(1), ONE, entry(2, b""), None).await?;
    ensure(!set, "the lease ended with the fill")?;
    ensure_eq(cache.lease_get(Key(1), OTHER, NEVER_HERE).await?, Leased::Granted, "the next")
}

pub(super) async fn deletes_void(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    ensure_eq(cache.lease_get(Key(1), ONE, NEVER_HERE).await?, Leased::Granted, "the first")?;
    ensure(!cache.lease_delete(Key(1)).await?, "there was no entry")?;
    let set = cache.lease_set(Key(1), ONE, entry(1, b"old"), None).await?;
    ensure(!set, "a fill that a delete has overtaken was set")?;
    ensure_eq(cache.get(Key(1)).await?, None, "the entry")?;
    // The next one's lease is not the voided one's to use.
    ensure_eq(cache.lease_get(Key(1), OTHER, NEVER_HERE).await?, Leased::Granted, "the next")?;
    let set = cache.lease_set(Key(1), ONE, entry(1, b"old"), None).await?;
    ensure(!set, "a fill with a voided lease was set")?;
    ensure(cache.lease_set(Key(1), OTHER, entry(2, b"new"), None).await?, "the next one's fill")?;
    ensure(cache.lease_delete(Key(1)).await?, "there was an entry")?;
    ensure(!cache.lease_delete(Key(1)).await?, "there was none any more")
}

pub(super) async fn writer_wins(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    ensure_eq(cache.lease_get(Key(1), ONE, NEVER_HERE).await?, Leased::Granted, "the lease")?;
    cache.set(Key(1), entry(2, b"written"), None).await?;
    let found = cache.lease_get(Key(1), OTHER, NEVER_HERE).await?;
    ensure_eq(found, Leased::Found(entry(2, b"written")), "a look during the lease")?;
    let set = cache.lease_set(Key(1), ONE, entry(1, b"loaded"), None).await?;
    ensure(!set, "a fill replaced what was written meanwhile")?;
    ensure_eq(cache.get(Key(1)).await?, Some(entry(2, b"written")), "the entry")?;
    // The attempt is over, so that a later miss need not wait for its lease to expire.
    cache.delete(Key(1)).await?;
    let next = cache.lease_get(Key(1), OTHER, NEVER_HERE).await?;
    ensure_eq(next, Leased::Granted, "the next, after a fill that came too late")
}

pub(super) async fn lease_expires(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    ensure_eq(cache.lease_get(Key(1), ONE, SOON).await?, Leased::Granted, "the first")?;
    let deadline = on.clock.now() + PATIENCE;
    while cache.lease_get(Key(1), OTHER, NEVER_HERE).await? != Leased::Granted {
        ensure(on.clock.now() < deadline, "the lease should have expired")?;
        on.pass(POLL).await;
    }
    let set = cache.lease_set(Key(1), ONE, entry(1, b""), None).await?;
    ensure(!set, "a fill with an expired lease was set")?;
    ensure(cache.lease_set(Key(1), OTHER, entry(2, b""), Some(SOON)).await?, "the next's fill")?;
    on.gone(&*cache, Key(1)).await?;
    ensure_eq(cache.lease_get(Key(2), ONE, NEVER_HERE).await?, Leased::Granted, "another key")?;
    ensure(cache.lease_set(Key(2), ONE, entry(1, b""), None).await?, "its fill")?;
    on.pass(LATER).await;
    ensure(cache.get(Key(2)).await?.is_some(), "a fill without expiry went")
}

pub(super) async fn reset_frees(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    ensure(cache.lock(Key(1), ONE, NEVER_HERE).await?, "nobody had it")?;
    cache.lease_get(Key(1), ONE, NEVER_HERE).await?;
    on.host.reset().await?;
    ensure(!cache.unlock(Key(1), ONE).await?, "a lock is left")?;
    let set = cache.lease_set(Key(1), ONE, entry(1, b""), None).await?;
    ensure(!set, "a lease is left")?;
    ensure(cache.lock(Key(1), OTHER, NEVER_HERE).await?, "a lock after the reset")?;
    let leased = cache.lease_get(Key(1), OTHER, NEVER_HERE).await?;
    ensure_eq(leased, Leased::Granted, "a lease after the reset")
}
