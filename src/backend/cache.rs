//! The cache as a strategy sees it.

use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;

use super::Event;
use crate::model::{Key, Nanos, Outcome, Version};

/// Where an entry keeps its version: eight bytes, big-endian, at its very start. What follows is
/// the strategy's business; this much is the cache's, because its atomic steps compare versions.
pub const ENTRY_VERSION: Range<usize> = 0..8;

/// A shared cache: one method for every step that must be atomic in it.
///
/// Every method fails with a [`Fault`](crate::model::Fault) on the cache's side where the server
/// does not answer or refuses. A `ttl` of `None` means no expiry.
#[async_trait]
pub trait Cache: Send + Sync {
    async fn get(&self, key: Key) -> Outcome<Option<Bytes>>;

    /// Sets the entry and restarts its expiry.
    async fn set(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<()>;

    /// Sets the entry unless there is one; an existing one keeps its expiry. True if it was set.
    async fn set_if_absent(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<bool>;

    /// True if there was an entry.
    async fn delete(&self, key: Key) -> Outcome<bool>;

    /// Deletes the entry if its version is below `version`. True if it was deleted.
    async fn delete_if_older(&self, key: Key, version: Version) -> Outcome<bool>;

    /// In one atomic step: takes the key's next version, writes it into the entry, sets the entry
    /// without expiry, and appends it to the write queue.
    ///
    /// Where the cache holds no version counter for the key, `seed` is what the counter starts
    /// from; without a seed nothing is written and the answer is [`Enqueued::NoCounter`].
    async fn enqueue_write(
        &self,
        key: Key,
        entry: Bytes,
        seed: Option<Version>,
    ) -> Outcome<Enqueued>;

    /// Takes up to `max` queued writes for this worker, oldest first. A write stays pending until
    /// it is settled: one that was claimed and not settled for `idle` is handed out again.
    async fn claim_writes(&self, max: usize, idle: Nanos) -> Outcome<Vec<QueuedWrite>>;

    /// Removes persisted writes from the queue, and gives each entry that still holds the version
    /// that was persisted the expiry it may now have.
    async fn settle_writes(&self, writes: &[QueuedWrite], ttl: Option<Nanos>) -> Outcome<()>;

    /// Appends events to the event stream, in order.
    async fn publish(&self, events: &[Event]) -> Outcome<()>;

    /// Takes up to `max` events for this consumer, waiting up to `wait` for the first. An event
    /// stays pending until it is settled: see [`claim_writes`](Cache::claim_writes) for `idle`.
    async fn claim_events(&self, max: usize, wait: Nanos, idle: Nanos) -> Outcome<Vec<Delivery>>;

    /// Removes handled events from the stream.
    async fn settle_events(&self, events: &[Delivery]) -> Outcome<()>;
}

/// What became of a write that was to be queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Enqueued {
    /// Set in the cache and queued for the store, as this version.
    As(Version),
    /// Nothing was written: the key's version must be seeded from the store first.
    NoCounter,
}

/// A write that the cache has acknowledged and the store does not have yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedWrite {
    /// The queue's own name for it.
    pub id: String,
    pub key: Key,
    /// The entry, with its version in place.
    pub entry: Bytes,
}

/// An event on its way to a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The stream's own name for it.
    pub id: String,
    pub event: Event,
}
