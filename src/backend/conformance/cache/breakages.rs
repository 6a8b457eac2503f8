//! What a cache comes to when it is broken on purpose, and once it is mended.

use super::{Kept, PATIENCE, POLL, Setup, ensure, ensure_eq, entry};
use crate::backend::{Cache, Enqueued};
use crate::model::{CacheBreakage, Key, Nanos, Outcome, Span, Toxics, Version};

const KEY: Key = Key(1);

pub(super) async fn killed_is_empty(on: Setup<'_>) -> Kept {
    let cache = filled(on).await?;
    on.host.inject(&CacheBreakage::Killed).await?;
    ensure(cache.get(KEY).await.is_err(), "a killed cache answers")?;
    on.host.lift(&CacheBreakage::Killed).await?;
    let found = again(on, || cache.get(KEY)).await?;
    ensure_eq(found, None, "the entry from before the kill")?;
    ensure_eq(cache.claim_writes(10, Nanos::ZERO).await?, Vec::new(), "the queue from before")?;
    usable(on, &*cache).await
}

pub(super) async fn killed_keeps_what_it_appended(on: Setup<'_>) -> Kept {
    let cache = filled(on).await?;
    on.host.inject(&CacheBreakage::Killed).await?;
    on.host.lift(&CacheBreakage::Killed).await?;
    let found = again(on, || cache.get(KEY)).await?;
    ensure_eq(found, Some(entry(1, b"one")), "the entry from before the kill")?;
    let queued = cache.claim_writes(10, Nanos::ZERO).await?;
    ensure_eq(queued.len(), 1, "queued writes from before the kill")?;
    cache.settle_writes(&queued, None).await?;
    usable(on, &*cache).await
}

pub(super) async fn flushed_is_empty(on: Setup<'_>) -> Kept {
    let cache = filled(on).await?;
    on.host.inject(&CacheBreakage::Flushed).await?;
    ensure_eq(cache.get(KEY).await?, None, "the entry from before the flush")?;
    usable(on, &*cache).await
}

pub(super) async fn paused_answers_later(on: Setup<'_>) -> Kept {
    silent(on, CacheBreakage::Paused).await
}

pub(super) async fn unreachable_answers_later(on: Setup<'_>) -> Kept {
    silent(on, CacheBreakage::Unreachable).await
}

pub(super) async fn reset_loses_nothing(on: Setup<'_>) -> Kept {
    let cache = filled(on).await?;
    on.host.inject(&CacheBreakage::Reset).await?;
    let found = again(on, || cache.get(KEY)).await?;
    ensure_eq(found, Some(entry(1, b"one")), "the entry from before the reset")?;
    usable(on, &*cache).await
}

pub(super) async fn slow_takes_longer(on: Setup<'_>) -> Kept {
    let cache = filled(on).await?;
    let toxics = Toxics { latency: Span::from_millis(20), ..Toxics::default() };
    on.host.inject(&CacheBreakage::Slow(toxics)).await?;
    let began = on.clock.now();
    ensure_eq(cache.get(KEY).await?, Some(entry(1, b"one")), "the entry over a slow network")?;
    let took = on.clock.now() - began;
    on.host.lift(&CacheBreakage::Slow(toxics)).await?;
    ensure(took >= Nanos::from_millis(40), "there and back took no longer than it would have")?;
    usable(on, &*cache).await
}

pub(super) async fn listeners_learn(on: Setup<'_>) -> Kept {
    for breakage in [CacheBreakage::Killed, CacheBreakage::Reset] {
        let cache = filled(on).await?;
        let mut bus = cache.subscribe().await?;
        on.host.inject(&breakage).await?;
        ensure(bus.next().await.is_err(), "a listener does not learn that its connection is lost")?;
        if breakage == CacheBreakage::Killed {
            on.host.lift(&breakage).await?;
        }
        let mut bus = again(on, || cache.subscribe()).await?;
        again(on, || cache.broadcast(KEY)).await?;
        bus.next().await?;
    }
    Ok(())
}

async fn silent(on: Setup<'_>, breakage: CacheBreakage) -> Kept {
    let cache = filled(on).await?;
    on.host.inject(&breakage).await?;
    ensure(cache.get(KEY).await.is_err(), "a cache that cannot be heard answers")?;
    on.host.lift(&breakage).await?;
    let found = again(on, || cache.get(KEY)).await?;
    ensure_eq(found, Some(entry(1, b"one")), "the entry from before the silence")?;
    usable(on, &*cache).await
}

/// A handle, and a cache with an entry and a queued write.
async fn filled(on: Setup<'_>) -> Result<std::sync::Arc<dyn Cache>, super::Broken> {
    let cache = on.node(0).await?;
    again(on, || cache.set(KEY, entry(1, b"one"), None)).await?;
    cache.enqueue_write(Key(2), entry(0, b"two"), Some(Version(6))).await?;
    Ok(cache)
}

/// Everything works: entries, scripts, both streams and the bus.
async fn usable(on: Setup<'_>, cache: &dyn Cache) -> Kept {
    let again_set = || cache.set(Key(7), entry(1, b"seven"), None);
    again(on, again_set).await?;
    ensure_eq(cache.get(Key(7)).await?, Some(entry(1, b"seven")), "an entry set afterwards")?;
    let queued = cache.enqueue_write(Key(8), entry(0, b"eight"), Some(Version(3))).await?;
    ensure_eq(queued, Enqueued::As(Version(4)), "a write that was queued afterwards")?;
    let claimed = cache.claim_writes(10, Nanos::ZERO).await?;
    ensure(claimed.iter().any(|write| write.key == Key(8)), "what was queued cannot be claimed")?;
    cache.settle_writes(&claimed, None).await?;
    ensure(cache.delete_if_older(Key(7), Version(2)).await?, "a script deletes nothing")
}

/// The first answer that is no fault: clients find out about their connections one by one.
async fn again<T, F>(on: Setup<'_>, call: impl Fn() -> F) -> Outcome<T>
where
    F: Future<Output = Outcome<T>>,
{
    let deadline = on.clock.now() + PATIENCE;
    loop {
        let outcome = call().await;
        if outcome.is_ok() || on.clock.now() >= deadline {
            return outcome;
        }
        on.clock.sleep(POLL).await;
    }
}
