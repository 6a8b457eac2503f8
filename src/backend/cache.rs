//! The cache as a strategy sees it.

use async_trait::async_trait;
use bytes::Bytes;

use super::asking::Asking;
use super::twin::CacheCall;
use super::{Entry, Event};
use crate::model::{Key, Nanos, Outcome, Version};

/// A shared cache: one method for every step that must be atomic in it.
///
/// Every method fails with a [`Fault`](crate::model::Fault) on the cache's side where the server
/// does not answer or refuses. A `ttl` of `None` means no expiry.
// GET, SET and DEL are written out, and not as the others are: nothing is called as often, and what need not
// be wrapped in a future of its own is not.
#[async_trait]
pub trait Cache: Send + Sync {
    /// The entry, if there is one that has not expired.
    fn get(&self, key: Key) -> CacheAsking<'_, Option<Entry>>;

    /// Sets the entry and restarts its expiry.
    fn set(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> CacheAsking<'_, ()>;

    /// Sets the entry unless there is one; an existing one keeps its expiry. True if it was set.
    async fn set_if_absent(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> Outcome<bool>;

    /// Sets the entry unless the one that is there has a higher version: an equal one is replaced,
    /// and so is one without a version. A set restarts the expiry; what stays keeps its own. True
    /// if it was set. An `entry` that has no version is refused.
    async fn set_if_newer(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> Outcome<bool>;

    /// Sets the entry and restarts its expiry, if there is one that begins with `expected`. True if
    /// it was set.
    async fn compare_and_set(
        &self,
        key: Key,
        expected: Bytes,
        entry: Entry,
        ttl: Option<Nanos>,
    ) -> Outcome<bool>;

    /// True if there was an entry.
    fn delete(&self, key: Key) -> CacheAsking<'_, bool>;

    /// Deletes the entry if its version is below `version`. True if it was deleted.
    async fn delete_if_older(&self, key: Key, version: Version) -> Outcome<bool>;

    /// Puts `tombstone` in the place of an entry whose version is below the tombstone's or that has
    /// none, or of no entry at all. True if it was put there. A cache that is full takes it all the
    /// same; a `tombstone` that has no version is refused.
    async fn invalidate(&self, key: Key, tombstone: Entry, ttl: Option<Nanos>) -> Outcome<bool>;

    /// Takes the key's lock for `ttl`, unless somebody has it, be it with the same token. It
    /// expires by itself. True if it was taken.
    async fn lock(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<bool>;

    /// Releases the key's lock if it was taken with `token`. True if it was released.
    async fn unlock(&self, key: Key, token: Token) -> Outcome<bool>;

    /// The entry; or, where there is none, the key's lease for `ttl`, unless somebody has it, be it
    /// with the same token. It expires by itself, and is no lock: a key has one of each.
    async fn lease_get(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<Leased>;

    /// Ends the key's lease, if it is still the one of `token`, and sets the entry, if nobody has
    /// set one meanwhile: a writer that knows nothing of the lease wins too. True if it was set. The
    /// lease has ended even where the entry is refused because the cache is full.
    async fn lease_set(
        &self,
        key: Key,
        token: Token,
        entry: Entry,
        ttl: Option<Nanos>,
    ) -> Outcome<bool>;

    /// Deletes the entry and voids the key's lease, whoever has it: what its holder has read by
    /// then is never set. True if there was an entry.
    async fn lease_delete(&self, key: Key) -> Outcome<bool>;

    /// In one atomic step: takes the key's next version, writes it into the entry, sets the entry
    /// without expiry, and appends it to the write queue.
    ///
    /// Where the cache holds no version counter for the key, `seed` is what the counter starts
    /// from; without a seed nothing is written and the answer is [`Enqueued::NoCounter`].
    async fn enqueue_write(
        &self,
        key: Key,
        entry: Entry,
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

    /// Tells every subscriber of the bus that the key has changed. Nobody keeps it for those who
    /// are not listening.
    async fn broadcast(&self, key: Key) -> Outcome<()>;

    /// Listens to the bus from now on, over a connection of its own.
    async fn subscribe(&self) -> Outcome<Box<dyn Subscription>>;

    /// The entry, as [`get`](Cache::get), over the connection that is being tracked: if the key
    /// changes from here on, the server tells the subscription that [`track`](Cache::track) gave,
    /// once. It does so where there was no entry too, and whoever makes the change. An entry that
    /// expires changes when the server comes upon it.
    ///
    /// Fails as unavailable where this node is not tracking, or no longer: the connection was lost,
    /// or its subscription dropped.
    async fn get_tracked(&self, key: Key) -> Outcome<Option<Entry>>;

    /// Has the server remember what this node reads by [`get_tracked`](Cache::get_tracked), from
    /// nothing. A new call ends the last one's subscription.
    async fn track(&self) -> Outcome<Box<dyn Subscription>>;
}

/// One of the most frequent calls to a cache, under way.
pub type CacheAsking<'a, T> = Asking<'a, T, CacheCall<'a, T>>;

/// Notices of changed keys, for as long as the connection they come over lasts. Dropping it closes
/// the connection.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for the next notice. To give up waiting loses none.
    ///
    /// # Errors
    /// The connection is lost, and with it whatever came after the last notice: nothing that was
    /// kept by it can be trusted. The subscription is of no further use.
    async fn next(&mut self) -> Outcome<Notice>;
}

/// What a subscriber is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// This key may have changed.
    Changed(Key),
    /// Every key may have changed: the server has forgotten whom it owes which notice, or has been
    /// emptied.
    All,
}

/// Proof of who took a lock or a lease. No two takers use the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Token(pub u128);

/// What a lookup under leases came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leased {
    Found(Entry),
    /// There is no entry, and whoever asked may fill it.
    Granted,
    /// There is no entry, and somebody else may fill it.
    Taken,
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
    pub entry: Entry,
}

/// An event on its way to a consumer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The stream's own name for it.
    pub id: String,
    pub event: Event,
}
