//! The cache in memory.

mod bus;
mod claims;
mod entries;
mod host;
mod simulated;
mod stream;

pub use host::TwinCacheHost;

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::future::select;
use tokio::sync::Notify;

use self::bus::{Bus, Tracker};
use self::claims::Claims;
use self::entries::{Entries, Full};
use self::stream::Stream;
use crate::backend::{
    Cache, Delivery, ENTRY_VERSION, Enqueued, Event, Leased, QueuedWrite, Subscription, Token,
};
use crate::clock::Clock;
use crate::model::{Fault, FaultKind, Key, Nanos, Outcome, Version};

/// A node's handle on the cache in memory. All of a host's handles share what is in it.
pub struct TwinCache {
    shared: Arc<Shared>,
    /// What this node is tracked by.
    tracker: Mutex<Option<Tracker>>,
}

struct Shared {
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
    /// Tells those who wait for events that there are some.
    published: Notify,
}

struct State {
    entries: Entries,
    /// What each key's last queued version was.
    counters: HashMap<Key, Version>,
    queue: Stream<(Key, Bytes)>,
    events: Stream<Event>,
    locks: Claims,
    leases: Claims,
    bus: Bus,
}

impl Shared {
    fn now(&self) -> Nanos {
        self.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expiry(&self, ttl: Option<Nanos>) -> Nanos {
        ttl.map_or(Nanos::NEVER, |ttl| self.now() + ttl)
    }
}

impl TwinCache {
    fn tracker(&self) -> MutexGuard<'_, Option<Tracker>> {
        self.tracker.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Cache for TwinCache {
    async fn get(&self, key: Key) -> Outcome<Option<Bytes>> {
        Ok(self.shared.state().entries.get(key, self.shared.now()))
    }

    async fn set(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<()> {
        let expiry = self.shared.expiry(ttl);
        self.shared.state().entries.set(key, entry, expiry, self.shared.now()).map_err(refused)
    }

    async fn set_if_absent(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<bool> {
        let (now, expiry) = (self.shared.now(), self.shared.expiry(ttl));
        let mut state = self.shared.state();
        if state.entries.peek(key, now).is_some() {
            return Ok(false);
        }
        state.entries.set(key, entry, expiry, now).map_err(refused)?;
        Ok(true)
    }

    async fn delete(&self, key: Key) -> Outcome<bool> {
        Ok(self.shared.state().entries.remove(key, self.shared.now()))
    }

    async fn delete_if_older(&self, key: Key, version: Version) -> Outcome<bool> {
        let now = self.shared.now();
        let mut state = self.shared.state();
        let held = state.entries.get(key, now).and_then(version_of);
        Ok(held.is_some_and(|held| held < version) && state.entries.remove(key, now))
    }

    async fn enqueue_write(
        &self,
        key: Key,
        entry: Bytes,
        seed: Option<Version>,
    ) -> Outcome<Enqueued> {
        let mut state = self.shared.state();
        let Some(last) = state.counters.get(&key).copied().or(seed) else {
            return Ok(Enqueued::NoCounter);
        };
        let version = last.next();
        let entry = with_version(version, &entry);
        let set = state.entries.set(key, entry.clone(), Nanos::NEVER, self.shared.now());
        set.map_err(refused)?;
        state.counters.insert(key, version);
        state.queue.append((key, entry));
        Ok(Enqueued::As(version))
    }

    async fn claim_writes(&self, max: usize, idle: Nanos) -> Outcome<Vec<QueuedWrite>> {
        let claimed = self.shared.state().queue.claim(max, idle, self.shared.now());
        Ok(claimed.into_iter().map(|(id, (key, entry))| QueuedWrite { id, key, entry }).collect())
    }

    async fn settle_writes(&self, writes: &[QueuedWrite], ttl: Option<Nanos>) -> Outcome<()> {
        let (now, expiry) = (self.shared.now(), self.shared.expiry(ttl));
        let mut state = self.shared.state();
        for write in writes {
            state.queue.settle(&write.id);
            let persisted = version_of(&write.entry);
            let mut held = || state.entries.get(write.key, now).and_then(version_of);
            if ttl.is_some() && held() == persisted {
                state.entries.expire(write.key, expiry);
            }
        }
        Ok(())
    }

    async fn publish(&self, events: &[Event]) -> Outcome<()> {
        let mut state = self.shared.state();
        for &event in events {
            state.events.append(event);
        }
        drop(state);
        self.shared.published.notify_waiters();
        Ok(())
    }

    async fn claim_events(&self, max: usize, wait: Nanos, idle: Nanos) -> Outcome<Vec<Delivery>> {
        let clock = &self.shared.clock;
        let deadline = clock.now() + wait;
        loop {
            let mut published = pin!(self.shared.published.notified());
            // From here on it hears of what is published, so nothing comes unheard after the look.
            published.as_mut().enable();
            let (claimed, next_idle) = {
                let mut state = self.shared.state();
                (state.events.claim(max, idle, clock.now()), state.events.next_idle(idle))
            };
            if !claimed.is_empty() || clock.now() >= deadline {
                return Ok(claimed.into_iter().map(|(id, event)| Delivery { id, event }).collect());
            }
            let until = next_idle.map_or(deadline, |next_idle| next_idle.min(deadline));
            select(published, pin!(clock.sleep_until(until))).await;
        }
    }

    async fn settle_events(&self, events: &[Delivery]) -> Outcome<()> {
        let mut state = self.shared.state();
        for delivery in events {
            state.events.settle(&delivery.id);
        }
        Ok(())
    }

    async fn set_if_newer(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<bool> {
        let version = version_of(&entry).ok_or(Fault::cache(FaultKind::Refused))?;
        let (now, expiry) = (self.shared.now(), self.shared.expiry(ttl));
        let mut state = self.shared.state();
        let held = state.entries.get(key, now).and_then(version_of);
        if held.is_some_and(|held| held > version) {
            return Ok(false);
        }
        state.entries.set(key, entry, expiry, now).map_err(refused)?;
        Ok(true)
    }

    async fn compare_and_set(
        &self,
        key: Key,
        expected: Bytes,
        entry: Bytes,
        ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        let (now, expiry) = (self.shared.now(), self.shared.expiry(ttl));
        let mut state = self.shared.state();
        let held = state.entries.get(key, now);
        if !held.is_some_and(|held| held.starts_with(&expected)) {
            return Ok(false);
        }
        state.entries.set(key, entry, expiry, now).map_err(refused)?;
        Ok(true)
    }

    async fn invalidate(&self, key: Key, tombstone: Bytes, ttl: Option<Nanos>) -> Outcome<bool> {
        let version = version_of(&tombstone).ok_or(Fault::cache(FaultKind::Refused))?;
        let (now, expiry) = (self.shared.now(), self.shared.expiry(ttl));
        let mut state = self.shared.state();
        let held = state.entries.get(key, now).and_then(version_of);
        if held.is_some_and(|held| held >= version) {
            return Ok(false);
        }
        state.entries.set_anyway(key, tombstone, expiry, now);
        Ok(true)
    }

    async fn lock(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<bool> {
        let (now, expiry) = (self.shared.now(), self.shared.expiry(Some(ttl)));
        Ok(self.shared.state().locks.take(key, token, expiry, now))
    }

    async fn unlock(&self, key: Key, token: Token) -> Outcome<bool> {
        Ok(self.shared.state().locks.release(key, token, self.shared.now()))
    }

    async fn lease_get(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<Leased> {
        let (now, expiry) = (self.shared.now(), self.shared.expiry(Some(ttl)));
        let mut state = self.shared.state();
        if let Some(entry) = state.entries.get(key, now) {
            return Ok(Leased::Found(entry));
        }
        let is_granted = state.leases.take(key, token, expiry, now);
        Ok(if is_granted { Leased::Granted } else { Leased::Taken })
    }

    async fn lease_set(
        &self,
        key: Key,
        token: Token,
        entry: Bytes,
        ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        let (now, expiry) = (self.shared.now(), self.shared.expiry(ttl));
        let mut state = self.shared.state();
        if !state.leases.is_held(key, token, now) {
            return Ok(false);
        }
        // Even if the entry is refused: nobody need wait for what does not come.
        state.leases.void(key);
        let absent = state.entries.peek(key, now).is_none();
        if absent {
            state.entries.set(key, entry, expiry, now).map_err(refused)?;
        }
        Ok(absent)
    }

    async fn lease_delete(&self, key: Key) -> Outcome<bool> {
        let mut state = self.shared.state();
        state.leases.void(key);
        Ok(state.entries.remove(key, self.shared.now()))
    }

    async fn broadcast(&self, key: Key) -> Outcome<()> {
        self.shared.state().bus.tell(key);
        Ok(())
    }

    async fn subscribe(&self) -> Outcome<Box<dyn Subscription>> {
        Ok(Box::new(self.shared.state().bus.listen()))
    }

    async fn get_tracked(&self, key: Key) -> Outcome<Option<Bytes>> {
        let tracker = *self.tracker();
        let mut state = self.shared.state();
        let tracker = tracker.filter(|&tracker| state.entries.tracking().is_on(tracker));
        let tracker = tracker.ok_or(Fault::cache(FaultKind::Unavailable))?;
        // Should the look come upon an expired entry, that change is told before this read counts.
        let found = state.entries.get(key, self.shared.now());
        state.entries.tracking().read(key, tracker);
        Ok(found)
    }

    async fn track(&self) -> Outcome<Box<dyn Subscription>> {
        let mut tracker = self.tracker();
        let (begun, listener) = self.shared.state().entries.tracking().begin(*tracker);
        *tracker = Some(begun);
        Ok(Box::new(listener))
    }
}

/// The version that an entry carries, if it is long enough to carry one.
fn version_of(entry: impl AsRef<[u8]>) -> Option<Version> {
    let version = entry.as_ref().get(ENTRY_VERSION)?.try_into().ok()?;
    Some(Version(u64::from_be_bytes(version)))
}

fn with_version(version: Version, entry: &[u8]) -> Bytes {
    let body = entry.get(ENTRY_VERSION.end..).unwrap_or_default();
    let mut versioned = BytesMut::with_capacity(ENTRY_VERSION.end + body.len());
    versioned.put_u64(version.0);
    versioned.put_slice(body);
    versioned.freeze()
}

fn refused(_: Full) -> Fault {
    Fault::cache(FaultKind::Refused)
}
