//! The cache in memory: a Redis as its clients see it, with all that makes it slow, and full, and late.
//!
//! A node's [call](call) is a [command](command) that is sent to the [server](server), whose one thread
//! carries commands out on what it [holds](state). The [host](host) makes and breaks it.

mod bus;
mod call;
mod claims;
mod command;
mod entries;
mod eviction;
mod expiry;
mod host;
mod links;
mod order;
mod server;
mod size;
mod stamp;
mod state;
mod stream;
mod table;
mod times;

pub use call::CacheCall;
pub use command::QUEUE_COMMANDS;
pub use host::TwinCacheHost;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use tokio::sync::Notify;

use self::bus::{Incoming, Listener, Tracker};
use self::command::{Command, Reply, Write};
use self::links::Links;
use self::server::Server;
use crate::backend::{
    Asking, Cache, CacheAsking, Delivery, Enqueued, Entry, Event, Leased, QueuedWrite,
    Subscription, Token,
};
use crate::clock::{Clock, Guard, Guarded};
use crate::model::{Fault, FaultKind, Key, Nanos, Outcome, Version};

/// A node's handle on the cache in memory. All of a host's handles share what is in it.
pub struct TwinCache {
    shared: Arc<Shared>,
    links: Links,
    /// The connection on which it waits for events.
    events: usize,
    /// What this node is tracked by, and the connection that is tracked.
    tracked: Mutex<Option<(Tracker, usize)>>,
}

struct Shared {
    clock: Clock,
    server: Guarded<Server>,
    /// How long a node waits for an answer.
    timeout: Nanos,
    /// Decides what is left to chance.
    seed: u64,
    /// Counts those who listen, of whom each has a network of its own.
    listeners: AtomicU64,
    /// Tells those who wait for events that there are some.
    published: Arc<Notify>,
    /// Tells those who cannot go on that the server, or a connection, is not as it was.
    changed: Notify,
}

impl Shared {
    fn now(&self) -> Nanos {
        self.clock.now()
    }

    #[inline(always)]
    fn server(&self) -> Guard<'_, Server> {
        self.server.lock()
    }
}

impl TwinCache {
    fn tracked(&self) -> MutexGuard<'_, Option<(Tracker, usize)>> {
        self.tracked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection of its own, which is not made yet.
    fn connection(&self) -> usize {
        let mut server = self.shared.server();
        let connection = server.connect(1).start;
        if !server.is_instant() {
            server.close(connection);
        }
        connection
    }

    fn listener(&self, incoming: Incoming) -> Box<dyn Subscription> {
        let number = 1 + self.shared.listeners.fetch_add(1, Ordering::Relaxed);
        let round_trips = self.shared.server().round_trips().beside(self.shared.seed, number);
        Box::new(Listener::new(incoming, self.shared.clone(), round_trips))
    }
}

#[async_trait]
impl Cache for TwinCache {
    fn get(&self, key: Key) -> CacheAsking<'_, Option<Entry>> {
        Asking::simulated(self.call(Command::Get(key)))
    }

    fn set(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> CacheAsking<'_, ()> {
        Asking::simulated(self.call(Command::Set(key, Write::of(entry, ttl))))
    }

    async fn set_if_absent(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> Outcome<bool> {
        self.call(Command::SetIfAbsent(key, Write::of(entry, ttl))).await
    }

    fn delete(&self, key: Key) -> CacheAsking<'_, bool> {
        Asking::simulated(self.call(Command::Delete(key)))
    }

    async fn delete_if_older(&self, key: Key, version: Version) -> Outcome<bool> {
        self.call(Command::DeleteIfOlder(key, version)).await
    }

    async fn enqueue_write(
        &self,
        key: Key,
        entry: Entry,
        seed: Option<Version>,
    ) -> Outcome<Enqueued> {
        match self.call::<Reply>(Command::EnqueueWrite(key, Box::new((entry, seed)))).await? {
            Reply::Enqueued(enqueued) => Ok(enqueued),
            _ => Err(unexpected()),
        }
    }

    async fn claim_writes(&self, max: usize, idle: Nanos) -> Outcome<Vec<QueuedWrite>> {
        match self.call::<Reply>(Command::ClaimWrites { max, idle }).await? {
            Reply::Writes(writes) => Ok(writes),
            _ => Err(unexpected()),
        }
    }

    async fn settle_writes(&self, writes: &[QueuedWrite], ttl: Option<Nanos>) -> Outcome<()> {
        self.call(Command::SettleWrites(Box::new((writes.to_vec(), ttl)))).await
    }

    async fn publish(&self, events: &[Event]) -> Outcome<()> {
        if events.is_empty() {
            return Ok(());
        }
        self.call(Command::Publish(events.to_vec())).await
    }

    async fn claim_events(&self, max: usize, wait: Nanos, idle: Nanos) -> Outcome<Vec<Delivery>> {
        if max == 0 {
            return Ok(Vec::new());
        }
        self.shared.await_events(self.events, max, wait, idle).await
    }

    async fn settle_events(&self, events: &[Delivery]) -> Outcome<()> {
        let ids = events.iter().map(|delivery| delivery.id.clone()).collect();
        self.call(Command::SettleEvents(ids)).await
    }

    async fn set_if_newer(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> Outcome<bool> {
        self.call(Command::SetIfNewer(key, Write::of(entry, ttl))).await
    }

    async fn compare_and_set(
        &self,
        key: Key,
        expected: Bytes,
        entry: Entry,
        ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        self.call(Command::CompareAndSet(key, Box::new((expected, Write { entry, ttl })))).await
    }

    async fn invalidate(&self, key: Key, tombstone: Entry, ttl: Option<Nanos>) -> Outcome<bool> {
        self.call(Command::Invalidate(key, Write::of(tombstone, ttl))).await
    }

    async fn lock(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<bool> {
        self.call(Command::Lock(key, Box::new((token, ttl)))).await
    }

    async fn unlock(&self, key: Key, token: Token) -> Outcome<bool> {
        self.call(Command::Unlock(key, Box::new(token))).await
    }

    async fn lease_get(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<Leased> {
        match self.call::<Reply>(Command::LeaseGet(key, Box::new((token, ttl)))).await? {
            Reply::Leased(leased) => Ok(leased),
            _ => Err(unexpected()),
        }
    }

    async fn lease_set(
        &self,
        key: Key,
        token: Token,
        entry: Entry,
        ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        self.call(Command::LeaseSet(key, Box::new((token, Write { entry, ttl })))).await
    }

    async fn lease_delete(&self, key: Key) -> Outcome<bool> {
        self.call(Command::LeaseDelete(key)).await
    }

    async fn broadcast(&self, key: Key) -> Outcome<()> {
        self.call(Command::Broadcast(key)).await
    }

    async fn subscribe(&self) -> Outcome<Box<dyn Subscription>> {
        match self.shared.call::<Reply>(self.connection(), Command::Subscribe).await? {
            Reply::Listening(incoming) => Ok(self.listener(incoming)),
            _ => Err(unexpected()),
        }
    }

    async fn get_tracked(&self, key: Key) -> Outcome<Option<Entry>> {
        let unavailable = Fault::cache(FaultKind::Unavailable);
        let (tracker, connection) = (*self.tracked()).ok_or(unavailable)?;
        // It is not made anew in silence: what was read over it would not be told of.
        if !self.shared.server().is_up(connection) {
            return Err(unavailable);
        }
        let command = Command::GetTracked(key, tracker);
        self.shared.call(connection, command).await
    }

    async fn track(&self) -> Outcome<Box<dyn Subscription>> {
        let (before, connection) =
            ((*self.tracked()).map(|(tracker, _)| tracker), self.connection());
        match self.shared.call::<Reply>(connection, Command::Track(before)).await? {
            Reply::Tracking(tracker, incoming) => {
                *self.tracked() = Some((tracker, connection));
                Ok(self.listener(incoming))
            }
            _ => Err(unexpected()),
        }
    }
}

/// An answer to something else, which a server does not give.
fn unexpected() -> Fault {
    Fault::cache(FaultKind::Refused)
}

#[cfg(test)]
mod tests;
