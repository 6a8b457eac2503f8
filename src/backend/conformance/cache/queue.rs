//! Writes that the cache acknowledges, and their queue.

use super::{Kept, LATER, NEVER_HERE, PATIENCE, POLL, SOON, Setup, ensure, ensure_eq, entry};
use crate::backend::conformance::cache::Broken;
use crate::backend::{Cache, Enqueued, QueuedWrite};
use crate::model::{Key, Nanos, Version};

pub(super) async fn leaves_no_trace(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    for attempt in ["the first", "the second"] {
        let answer = cache.enqueue_write(Key(1), entry(0, b""), None).await?;
        ensure_eq(answer, Enqueued::NoCounter, attempt)?;
    }
    ensure_eq(cache.get(Key(1)).await?, None, "the entry")?;
    ensure_eq(cache.claim_writes(10, NEVER_HERE).await?, Vec::new(), "the queue")?;
    cache.set(Key(1), entry(3, b"held"), None).await?;
    cache.enqueue_write(Key(1), entry(0, b""), None).await?;
    ensure_eq(cache.get(Key(1)).await?, Some(entry(3, b"held")), "an entry that was there")
}

pub(super) async fn counts_versions(on: Setup<'_>) -> Kept {
    let (one, other) = (on.node(0).await?, on.node(1).await?);
    let steps = [
        (&one, Key(1), Some(Version(0)), Version(1)),
        (&other, Key(1), None, Version(2)),
        (&one, Key(2), Some(Version(41)), Version(42)),
        // Another node seeds too where two find no counter at once: the second seed is void.
        (&other, Key(2), Some(Version(41)), Version(43)),
        (&one, Key(1), None, Version(3)),
    ];
    for (cache, key, seed, version) in steps {
        let answer = cache.enqueue_write(key, entry(0, b""), seed).await?;
        ensure_eq(answer, Enqueued::As(version), "the version")?;
    }
    // The counter outlives the entry: a version is never given twice.
    one.delete(Key(1)).await?;
    let answer = one.enqueue_write(Key(1), entry(0, b""), None).await?;
    ensure_eq(answer, Enqueued::As(Version(4)), "the version after a delete")
}

pub(super) async fn puts_version_in_place(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let body: Vec<u8> = (0..=255).collect();
    let seed = Some(Version(300));
    cache.enqueue_write(Key(7), entry(u64::MAX, &body), seed).await?;
    let expected = entry(301, &body);
    ensure_eq(cache.get(Key(7)).await?, Some(expected.clone()), "the entry")?;
    let queued = cache.claim_writes(10, NEVER_HERE).await?;
    let queued: Vec<_> = queued.into_iter().map(|write| (write.key, write.entry)).collect();
    ensure_eq(queued, vec![(Key(7), expected)], "the queued write")
}

pub(super) async fn does_not_expire(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    cache.set(Key(1), entry(1, b"clean"), Some(SOON)).await?;
    cache.enqueue_write(Key(1), entry(0, b"dirty"), Some(Version(1))).await?;
    on.pass(LATER).await;
    ensure_eq(cache.get(Key(1)).await?, Some(entry(2, b"dirty")), "the entry")
}

pub(super) async fn in_order(on: Setup<'_>) -> Kept {
    let (one, other) = (on.node(0).await?, on.node(1).await?);
    for key in 0..6 {
        one.enqueue_write(Key(key), entry(0, b""), Some(Version(0))).await?;
    }
    ensure_eq(one.claim_writes(0, NEVER_HERE).await?, Vec::new(), "none were asked for")?;
    let mut claims = Vec::new();
    for worker in [&one, &other, &one] {
        let claimed = worker.claim_writes(2, NEVER_HERE).await?;
        claims.push(claimed.iter().map(|write| write.key.0).collect::<Vec<_>>());
    }
    ensure_eq(claims, vec![vec![0, 1], vec![2, 3], vec![4, 5]], "the claims")?;
    ensure_eq(other.claim_writes(2, NEVER_HERE).await?, Vec::new(), "all are taken")
}

pub(super) async fn until_settled(on: Setup<'_>) -> Kept {
    let (dead, alive) = (on.node(0).await?, on.node(1).await?);
    for key in 0..3 {
        dead.enqueue_write(Key(key), entry(0, b""), Some(Version(0))).await?;
    }
    let lost = dead.claim_writes(2, NEVER_HERE).await?;
    let rest = alive.claim_writes(10, NEVER_HERE).await?;
    ensure_eq(rest.len(), 1, "writes that are left while the others are pending")?;
    alive.settle_writes(&rest, None).await?;
    let again = claim_again(on, &*alive, lost.len()).await?;
    ensure_eq(&again, &lost, "writes handed out again")?;
    alive.settle_writes(&again, None).await?;
    on.pass(POLL).await;
    ensure_eq(alive.claim_writes(10, Nanos::ZERO).await?, Vec::new(), "after they were settled")
}

pub(super) async fn settles_unchanged(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    for key in [1, 2, 3] {
        cache.enqueue_write(Key(key), entry(0, b""), Some(Version(0))).await?;
    }
    let persisted = cache.claim_writes(10, NEVER_HERE).await?;
    cache.enqueue_write(Key(1), entry(0, b"changed"), None).await?;
    cache.delete(Key(3)).await?;
    cache.settle_writes(&persisted, Some(SOON)).await?;
    on.gone(&*cache, Key(2)).await?;
    on.pass(LATER).await;
    ensure_eq(cache.get(Key(3)).await?, None, "an entry that was deleted meanwhile")?;
    let changed = cache.get(Key(1)).await?.and_then(|entry| entry.version());
    ensure_eq(changed, Some(Version(2)), "the entry that was written again")?;
    let left = cache.claim_writes(10, NEVER_HERE).await?;
    ensure_eq(left.len(), 1, "writes that are left")?;
    cache.settle_writes(&left, Some(SOON)).await?;
    on.gone(&*cache, Key(1)).await
}

pub(super) async fn settles_without_expiry(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    // More than a backend may put into one command.
    for key in 0..1_200 {
        cache.enqueue_write(Key(key), entry(0, b""), Some(Version(0))).await?;
    }
    let persisted = cache.claim_writes(2_000, NEVER_HERE).await?;
    ensure_eq(persisted.len(), 1_200, "writes claimed at once")?;
    cache.settle_writes(&persisted, None).await?;
    cache.settle_writes(&[], None).await?;
    on.pass(POLL).await;
    ensure_eq(cache.claim_writes(10, Nanos::ZERO).await?, Vec::new(), "after all were settled")?;
    ensure_eq(cache.get(Key(1_199)).await?, Some(entry(1, b"")), "the entry")
}

/// Claims until writes that were left idle have come again.
async fn claim_again(
    on: Setup<'_>,
    cache: &dyn Cache,
    count: usize,
) -> Result<Vec<QueuedWrite>, Broken> {
    let deadline = on.clock.now() + PATIENCE;
    let mut again = Vec::new();
    while again.len() < count {
        ensure(on.clock.now() < deadline, "writes left idle are not handed out again")?;
        on.pass(SOON).await;
        again.extend(cache.claim_writes(count, SOON).await?);
    }
    Ok(again)
}
