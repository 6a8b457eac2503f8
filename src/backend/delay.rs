//! Backends that take longer than they need: a network, or a slow query, in front of any of them.
//!
//! A delay is waited out on the run's clock, so the twins get latency under virtual time this way.
//! A delay of zero waits for nothing at all.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Applied, Cache, CacheCounters, CacheHost, CacheState, Dataset, Delivery, Enqueued, Error,
    Event, QueuedWrite, Read, Row, Server, Store, StoreCounters, StoreHost, VersionedDraft,
};
use crate::clock::Clock;
use crate::model::{Draft, Key, Nanos, NodeId, Outcome, Version};

/// What each kind of call to a store takes beyond its own time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StoreDelays {
    /// A read of the origin. It comes after the rows were looked at: the answer is as old as it can
    /// be when it arrives, which is the worst case for a fill that races with a write.
    pub read: Nanos,
    /// Any other read: of a version, of the outbox. It, too, comes after the look.
    pub version: Nanos,
    /// A transaction that writes. It comes before the COMMIT, so the caller learns of it at once.
    pub write: Nanos,
}

/// A store, slowed down.
pub struct DelayedStore {
    inner: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    delays: StoreDelays,
}

/// A cache at the other end of a network: half of the round trip before each call and half after.
pub struct DelayedCache {
    inner: Arc<dyn Cache>,
    clock: Arc<dyn Clock>,
    round_trip: Nanos,
}

/// A store's host whose nodes are slowed down; what only the experiment does is not.
pub struct DelayedStoreHost {
    inner: Box<dyn StoreHost>,
    clock: Arc<dyn Clock>,
    delays: StoreDelays,
}

/// A cache's host whose nodes are at the other end of a network; what only the experiment does is
/// not delayed.
pub struct DelayedCacheHost {
    inner: Box<dyn CacheHost>,
    clock: Arc<dyn Clock>,
    round_trip: Nanos,
}

impl DelayedStore {
    pub fn new(inner: Arc<dyn Store>, clock: Arc<dyn Clock>, delays: StoreDelays) -> Self {
        Self { inner, clock, delays }
    }

    async fn wait(&self, span: Nanos) {
        wait(&*self.clock, span).await;
    }
}

impl DelayedCache {
    pub fn new(inner: Arc<dyn Cache>, clock: Arc<dyn Clock>, round_trip: Nanos) -> Self {
        Self { inner, clock, round_trip }
    }

    async fn across<T>(&self, call: impl Future<Output = T>) -> T {
        across(&*self.clock, self.round_trip, call).await
    }
}

impl DelayedStoreHost {
    pub fn new(inner: Box<dyn StoreHost>, clock: Arc<dyn Clock>, delays: StoreDelays) -> Self {
        Self { inner, clock, delays }
    }
}

impl DelayedCacheHost {
    pub fn new(inner: Box<dyn CacheHost>, clock: Arc<dyn Clock>, round_trip: Nanos) -> Self {
        Self { inner, clock, round_trip }
    }
}

#[async_trait]
impl Store for DelayedStore {
    async fn read(&self, key: Key) -> Outcome<Read> {
        let read = self.inner.read(key).await;
        self.wait(self.delays.read).await;
        read
    }

    async fn version(&self, key: Key) -> Outcome<Version> {
        let version = self.inner.version(key).await;
        self.wait(self.delays.version).await;
        version
    }

    async fn write(&self, draft: &Draft) -> Outcome<Version> {
        self.wait(self.delays.write).await;
        self.inner.write(draft).await
    }

    async fn write_with_event(&self, draft: &Draft) -> Outcome<Version> {
        self.wait(self.delays.write).await;
        self.inner.write_with_event(draft).await
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        self.wait(self.delays.write).await;
        self.inner.apply_batch(writes).await
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        let events = self.inner.read_outbox(max).await;
        self.wait(self.delays.version).await;
        events
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        self.wait(self.delays.write).await;
        self.inner.trim_outbox(published).await
    }
}

#[async_trait]
impl Cache for DelayedCache {
    async fn get(&self, key: Key) -> Outcome<Option<Bytes>> {
        self.across(self.inner.get(key)).await
    }

    async fn set(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<()> {
        self.across(self.inner.set(key, entry, ttl)).await
    }

    async fn set_if_absent(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<bool> {
        self.across(self.inner.set_if_absent(key, entry, ttl)).await
    }

    async fn delete(&self, key: Key) -> Outcome<bool> {
        self.across(self.inner.delete(key)).await
    }

    async fn delete_if_older(&self, key: Key, version: Version) -> Outcome<bool> {
        self.across(self.inner.delete_if_older(key, version)).await
    }

    async fn enqueue_write(
        &self,
        key: Key,
        entry: Bytes,
        seed: Option<Version>,
    ) -> Outcome<Enqueued> {
        self.across(self.inner.enqueue_write(key, entry, seed)).await
    }

    async fn claim_writes(&self, max: usize, idle: Nanos) -> Outcome<Vec<QueuedWrite>> {
        self.across(self.inner.claim_writes(max, idle)).await
    }

    async fn settle_writes(&self, writes: &[QueuedWrite], ttl: Option<Nanos>) -> Outcome<()> {
        self.across(self.inner.settle_writes(writes, ttl)).await
    }

    async fn publish(&self, events: &[Event]) -> Outcome<()> {
        self.across(self.inner.publish(events)).await
    }

    async fn claim_events(&self, max: usize, wait: Nanos, idle: Nanos) -> Outcome<Vec<Delivery>> {
        self.across(self.inner.claim_events(max, wait, idle)).await
    }

    async fn settle_events(&self, events: &[Delivery]) -> Outcome<()> {
        self.across(self.inner.settle_events(events)).await
    }
}

#[async_trait]
impl StoreHost for DelayedStoreHost {
    fn server(&self) -> Server {
        self.inner.server()
    }

    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Store>, Error> {
        let inner = self.inner.connect(node).await?;
        Ok(Arc::new(DelayedStore::new(inner, self.clock.clone(), self.delays)))
    }

    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error> {
        self.inner.reset(dataset).await
    }

    async fn counters(&self) -> Result<StoreCounters, Error> {
        self.inner.counters().await
    }

    async fn rows(&self) -> Result<Vec<Row>, Error> {
        self.inner.rows().await
    }
}

#[async_trait]
impl CacheHost for DelayedCacheHost {
    fn server(&self) -> Server {
        self.inner.server()
    }

    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Cache>, Error> {
        let inner = self.inner.connect(node).await?;
        Ok(Arc::new(DelayedCache::new(inner, self.clock.clone(), self.round_trip)))
    }

    async fn reset(&self) -> Result<(), Error> {
        self.inner.reset().await
    }

    async fn clear(&self) -> Result<(), Error> {
        self.inner.clear().await
    }

    async fn counters(&self) -> Result<Option<CacheCounters>, Error> {
        self.inner.counters().await
    }

    async fn state(&self, keys: &[Key]) -> Result<Vec<CacheState>, Error> {
        self.inner.state(keys).await
    }
}

async fn across<T>(clock: &dyn Clock, round_trip: Nanos, call: impl Future<Output = T>) -> T {
    let there = Nanos(round_trip.0 / 2);
    wait(clock, there).await;
    let answer = call.await;
    wait(clock, round_trip - there).await;
    answer
}

async fn wait(clock: &dyn Clock, span: Nanos) {
    if span > Nanos::ZERO {
        clock.sleep(span).await;
    }
}

#[cfg(test)]
mod tests;
