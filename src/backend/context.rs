//! The context of one request: through it, and only through it, a strategy reaches the backends.

use std::future::Future;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::cache::{Delivery, Enqueued, QueuedWrite};
use super::store::{Applied, Event, Read, VersionedDraft};
use super::{Cache, Store, Tap};
use crate::clock::Clock;
use crate::model::{
    Answer, Call, Draft, Key, Nanos, Outcome, Purpose, Side, Touches, Verb, Version,
};

/// One request's (or one worker's) way to the backends, the clock and chance.
pub struct Ctx<'a> {
    cache: &'a dyn Cache,
    store: &'a dyn Store,
    clock: &'a dyn Clock,
    tap: &'a Tap,
    background: bool,
    seed: u64,
    draws: AtomicU64,
    touches: Mutex<Touches>,
}

impl<'a> Ctx<'a> {
    /// The context of a client's request. `seed` decides every chance it takes.
    pub fn request(
        cache: &'a dyn Cache,
        store: &'a dyn Store,
        clock: &'a dyn Clock,
        tap: &'a Tap,
        seed: u64,
    ) -> Self {
        Self {
            cache,
            store,
            clock,
            tap,
            background: false,
            seed,
            draws: AtomicU64::new(0),
            touches: Mutex::default(),
        }
    }

    /// The context of a strategy's own worker, whose calls no client waits for.
    pub fn worker(
        cache: &'a dyn Cache,
        store: &'a dyn Store,
        clock: &'a dyn Clock,
        tap: &'a Tap,
        seed: u64,
    ) -> Self {
        Self { background: true, ..Self::request(cache, store, clock, tap, seed) }
    }

    pub fn clock(&self) -> &'a dyn Clock {
        self.clock
    }

    /// A number in `[0, 1)`, the same for the same request and draw in every run of the plan.
    pub fn uniform(&self) -> f64 {
        let mut chance = ChaCha8Rng::seed_from_u64(self.seed);
        chance.set_stream(self.draws.fetch_add(1, Ordering::Relaxed));
        chance.random()
    }

    pub fn lookup(&self) -> Purposed<'_> {
        self.purposed(Purpose::Lookup)
    }

    pub fn fill(&self) -> Purposed<'_> {
        self.purposed(Purpose::Fill)
    }

    pub fn write(&self) -> Purposed<'_> {
        self.purposed(Purpose::Write)
    }

    pub fn refresh(&self) -> Purposed<'_> {
        self.purposed(Purpose::Refresh)
    }

    pub fn flush(&self) -> Purposed<'_> {
        self.purposed(Purpose::Flush)
    }

    pub fn relay(&self) -> Purposed<'_> {
        self.purposed(Purpose::Relay)
    }

    pub fn lock(&self) -> Purposed<'_> {
        self.purposed(Purpose::Lock)
    }

    /// Notes that the cache was never told of a write that the store has committed.
    pub fn count_undelivered(&self) {
        self.touches.lock().unwrap_or_else(PoisonError::into_inner).undelivered += 1;
    }

    /// What has been touched so far.
    pub fn touches(&self) -> Touches {
        *self.touches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn purposed(&self, purpose: Purpose) -> Purposed<'_> {
        Purposed { ctx: self, purpose }
    }

    fn touch(&self, call: &Call) {
        let mut touches = self.touches.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = u16::from(matches!(call.answer, Answer::Failed(_)));
        match call.side {
            Side::Cache => {
                touches.cache_faults += failed;
                match (call.purpose, call.answer) {
                    (Purpose::Lookup, Answer::Hit) => touches.cache_hits += 1,
                    (Purpose::Lookup, Answer::Miss) => touches.cache_misses += 1,
                    _ => touches.cache_calls += 1,
                }
            }
            Side::Store => {
                touches.store_faults += failed;
                match call.verb {
                    Verb::Write => touches.store_writes += 1,
                    _ => touches.store_reads += 1,
                }
            }
        }
    }
}

/// The backends, to be called for one stated purpose.
#[derive(Clone, Copy)]
pub struct Purposed<'a> {
    ctx: &'a Ctx<'a>,
    purpose: Purpose,
}

impl<'a> Purposed<'a> {
    pub fn cache(self) -> TappedCache<'a> {
        TappedCache(self)
    }

    pub fn store(self) -> TappedStore<'a> {
        TappedStore(self)
    }

    /// Makes the call, and records it with what `describe` says of its result.
    async fn tapped<T>(
        self,
        (side, verb): (Side, Verb),
        key: Option<Key>,
        call: impl Future<Output = Outcome<T>>,
        describe: impl FnOnce(&T) -> Answered,
    ) -> Outcome<T> {
        let is_load = side == Side::Store && verb == Verb::Read && self.purpose == Purpose::Fill;
        let loading = key.filter(|_| is_load).map(|key| self.ctx.tap.begin_load(key));
        let in_progress = self.ctx.tap.begin_call(side);
        let started = self.ctx.clock.now();
        let outcome = call.await;
        let ended = self.ctx.clock.now();
        let answered = match &outcome {
            Ok(result) => describe(result),
            Err(fault) => Answered { answer: Answer::Failed(*fault), rows: 0, bytes: 0 },
        };
        let call = Call {
            side,
            purpose: self.purpose,
            verb,
            key,
            started,
            ended,
            answer: answered.answer,
            rows: answered.rows,
            bytes: answered.bytes,
            concurrent: in_progress.concurrent,
            duplicate: loading.as_ref().is_some_and(|load| load.duplicate),
            background: self.ctx.background,
        };
        drop((in_progress, loading));
        self.ctx.touch(&call);
        self.ctx.tap.record(call);
        outcome
    }
}

/// What a call's result amounts to.
struct Answered {
    answer: Answer,
    rows: u32,
    bytes: u32,
}

impl Answered {
    fn done(rows: usize, bytes: usize) -> Self {
        Self { answer: Answer::Done, rows: count(rows), bytes: count(bytes) }
    }

    fn found(found: bool, rows: u32, bytes: usize) -> Self {
        let answer = if found { Answer::Hit } else { Answer::Miss };
        Self { answer, rows, bytes: count(bytes) }
    }
}

fn count(size: usize) -> u32 {
    u32::try_from(size).unwrap_or(u32::MAX)
}

/// The node's cache, with every call counted.
pub struct TappedCache<'a>(Purposed<'a>);

#[async_trait]
impl Cache for TappedCache<'_> {
    async fn get(&self, key: Key) -> Outcome<Option<Bytes>> {
        let call = self.0.ctx.cache.get(key);
        let describe = |found: &Option<Bytes>| {
            Answered::found(found.is_some(), 0, found.as_ref().map_or(0, Bytes::len))
        };
        self.0.tapped((Side::Cache, Verb::Get), Some(key), call, describe).await
    }

    async fn set(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<()> {
        let bytes = entry.len();
        let call = self.0.ctx.cache.set(key, entry, ttl);
        self.0
            .tapped((Side::Cache, Verb::Set), Some(key), call, |()| Answered::done(0, bytes))
            .await
    }

    async fn set_if_absent(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<bool> {
        let bytes = entry.len();
        let call = self.0.ctx.cache.set_if_absent(key, entry, ttl);
        self.0.tapped((Side::Cache, Verb::Set), Some(key), call, |_| Answered::done(0, bytes)).await
    }

    async fn delete(&self, key: Key) -> Outcome<bool> {
        let call = self.0.ctx.cache.delete(key);
        self.0.tapped((Side::Cache, Verb::Delete), Some(key), call, |_| Answered::done(0, 0)).await
    }

    async fn delete_if_older(&self, key: Key, version: Version) -> Outcome<bool> {
        let call = self.0.ctx.cache.delete_if_older(key, version);
        self.0.tapped((Side::Cache, Verb::Script), Some(key), call, |_| Answered::done(0, 0)).await
    }

    async fn enqueue_write(
        &self,
        key: Key,
        entry: Bytes,
        seed: Option<Version>,
    ) -> Outcome<Enqueued> {
        let bytes = entry.len();
        let call = self.0.ctx.cache.enqueue_write(key, entry, seed);
        self.0
            .tapped((Side::Cache, Verb::Script), Some(key), call, |_| Answered::done(0, bytes))
            .await
    }

    async fn claim_writes(&self, max: usize, idle: Nanos) -> Outcome<Vec<QueuedWrite>> {
        let call = self.0.ctx.cache.claim_writes(max, idle);
        let describe = |writes: &Vec<QueuedWrite>| {
            Answered::done(0, writes.iter().map(|write| write.entry.len()).sum())
        };
        self.0.tapped((Side::Cache, Verb::Stream), None, call, describe).await
    }

    async fn settle_writes(&self, writes: &[QueuedWrite], ttl: Option<Nanos>) -> Outcome<()> {
        let call = self.0.ctx.cache.settle_writes(writes, ttl);
        self.0.tapped((Side::Cache, Verb::Script), None, call, |()| Answered::done(0, 0)).await
    }

    async fn publish(&self, events: &[Event]) -> Outcome<()> {
        let call = self.0.ctx.cache.publish(events);
        self.0.tapped((Side::Cache, Verb::Stream), None, call, |()| Answered::done(0, 0)).await
    }

    async fn claim_events(&self, max: usize, wait: Nanos, idle: Nanos) -> Outcome<Vec<Delivery>> {
        let call = self.0.ctx.cache.claim_events(max, wait, idle);
        self.0.tapped((Side::Cache, Verb::Stream), None, call, |_| Answered::done(0, 0)).await
    }

    async fn settle_events(&self, events: &[Delivery]) -> Outcome<()> {
        let call = self.0.ctx.cache.settle_events(events);
        self.0.tapped((Side::Cache, Verb::Stream), None, call, |()| Answered::done(0, 0)).await
    }
}

/// The node's store, with every call counted.
pub struct TappedStore<'a>(Purposed<'a>);

#[async_trait]
impl Store for TappedStore<'_> {
    async fn read(&self, key: Key) -> Outcome<Read> {
        let call = self.0.ctx.store.read(key);
        let describe = |read: &Read| {
            let bytes = read.value.as_ref().map_or(0, |value| value.body.len());
            Answered::found(read.value.is_some(), read.rows, bytes)
        };
        self.0.tapped((Side::Store, Verb::Read), Some(key), call, describe).await
    }

    async fn version(&self, key: Key) -> Outcome<Version> {
        let call = self.0.ctx.store.version(key);
        self.0.tapped((Side::Store, Verb::Get), Some(key), call, |_| Answered::done(1, 0)).await
    }

    async fn write(&self, draft: &Draft) -> Outcome<Version> {
        let call = self.0.ctx.store.write(draft);
        let describe = |_: &Version| Answered::done(1, draft.body.len());
        self.0.tapped((Side::Store, Verb::Write), Some(draft.key), call, describe).await
    }

    async fn write_with_event(&self, draft: &Draft) -> Outcome<Version> {
        let call = self.0.ctx.store.write_with_event(draft);
        let describe = |_: &Version| Answered::done(2, draft.body.len());
        self.0.tapped((Side::Store, Verb::Write), Some(draft.key), call, describe).await
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        let bytes = writes.iter().map(|write| write.draft.body.len()).sum();
        let call = self.0.ctx.store.apply_batch(writes);
        let describe = |applied: &Applied| Answered::done(applied.written as usize, bytes);
        self.0.tapped((Side::Store, Verb::Write), None, call, describe).await
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        let call = self.0.ctx.store.read_outbox(max);
        let describe = |events: &Vec<Event>| Answered::done(events.len(), 0);
        self.0.tapped((Side::Store, Verb::Read), None, call, describe).await
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        let call = self.0.ctx.store.trim_outbox(published);
        let describe = |_: &()| Answered::done(published.len(), 0);
        self.0.tapped((Side::Store, Verb::Write), None, call, describe).await
    }
}
