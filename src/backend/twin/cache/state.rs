//! What is in the server, and what each command does to it.

use std::sync::Arc;

use tokio::sync::Notify;

use super::bus::Bus;
use super::claims::Claims;
use super::command::{Command, Reply, Write};
use super::entries::{Entries, Full};
use super::size;
use super::stream::Stream;
use crate::backend::hashing::ByKey;
use crate::backend::{Delivery, Enqueued, Entry, Event, Leased, QueuedWrite, Token};
use crate::model::{Fault, FaultKind, Key, Nanos, Outcome, Version};

pub(super) struct State {
    pub entries: Entries,
    /// What each key's last queued version was.
    counters: ByKey<Version>,
    pub queue: Stream<(Key, Entry)>,
    /// Bytes of entries in the queue.
    queued: u64,
    pub events: Stream<Event>,
    locks: Claims,
    leases: Claims,
    pub bus: Bus,
    /// Tells those who wait for events that there are some.
    published: Arc<Notify>,
}

impl State {
    pub fn new(entries: Entries, published: Arc<Notify>) -> Self {
        Self {
            entries,
            counters: ByKey::default(),
            queue: Stream::default(),
            queued: 0,
            events: Stream::default(),
            locks: Claims::default(),
            leases: Claims::default(),
            bus: Bus::default(),
            published,
        }
    }

    /// Ends all subscriptions and all tracking.
    pub fn disconnect(&mut self) {
        self.bus = Bus::default();
        self.entries.tracking().end();
    }

    pub fn clear(&mut self, now: Nanos) {
        self.entries.clear(now);
        self.counters.clear();
        self.locks.clear();
        self.leases.clear();
        self.queue = Stream::default();
        self.queued = 0;
        self.events = Stream::default();
    }

    /// Bytes in use, whatever is kept.
    pub fn used_memory(&mut self) -> u64 {
        self.weigh();
        self.entries.used_memory()
    }

    /// Carries a command out.
    pub fn execute(&mut self, command: Command, now: Nanos) -> Outcome<Reply> {
        self.prepare(now);
        let entries = &mut self.entries;
        Ok(match command {
            Command::Get(key) => Reply::Entry(entries.get(key, now).cloned()),
            Command::GetTracked(key, tracker) => {
                if !entries.tracking().is_on(tracker) {
                    return Err(Fault::cache(FaultKind::Unavailable));
                }
                // Should the look come upon an expired entry, that is told before this read counts.
                let found = entries.get(key, now).cloned();
                entries.tracking().read(key, tracker);
                Reply::Entry(found)
            }
            Command::Set(key, write) => {
                self.set(key, *write, now)?;
                Reply::Done
            }
            Command::SetIfAbsent(key, write) => {
                let is_absent = entries.look(key, now).is_none();
                if is_absent || entries.is_over() {
                    self.set(key, *write, now)?;
                }
                Reply::whether(is_absent)
            }
            Command::SetIfNewer(key, write) => {
                let version = needed_version(&write.entry)?;
                let held = entries.get(key, now).and_then(|held| held.version());
                let is_newer = held.is_none_or(|held| held <= version);
                if is_newer {
                    self.set(key, *write, now)?;
                }
                Reply::whether(is_newer)
            }
            Command::CompareAndSet(key, swap) => {
                let (expected, write) = *swap;
                let held = entries.get(key, now);
                let is_expected = held.is_some_and(|held| held.starts_with(&expected));
                if is_expected {
                    self.set(key, write, now)?;
                }
                Reply::whether(is_expected)
            }
            Command::Delete(key) => Reply::whether(entries.remove(key, now)),
            Command::DeleteIfOlder(key, version) => {
                let held = entries.get(key, now).and_then(|held| held.version());
                let is_older = held.is_some_and(|held| held < version);
                Reply::whether(is_older && entries.remove(key, now))
            }
            Command::Invalidate(key, write) => {
                let Write { entry, ttl } = *write;
                let version = needed_version(&entry)?;
                let held = entries.get(key, now).and_then(|held| held.version());
                let is_older = held.is_none_or(|held| held < version);
                if is_older {
                    entries.set_anyway(key, entry, deadline(ttl, now), now);
                }
                Reply::whether(is_older)
            }
            Command::Lock(..)
            | Command::Unlock(..)
            | Command::LeaseGet(..)
            | Command::LeaseSet(..)
            | Command::LeaseDelete(_) => return self.claim(command, now),
            _ => return self.send(command, now),
        })
    }

    /// Locks and leases.
    fn claim(&mut self, command: Command, now: Nanos) -> Outcome<Reply> {
        let entries = &mut self.entries;
        Ok(match command {
            Command::Lock(key, claim) => {
                let (token, ttl) = *claim;
                if entries.is_over() {
                    return Err(refused(Full));
                }
                Reply::whether(self.locks.take(key, token, now + ttl, now))
            }
            Command::Unlock(key, token) => Reply::whether(self.locks.release(key, *token, now)),
            Command::LeaseGet(key, claim) => {
                let (token, ttl) = *claim;
                if let Some(entry) = entries.get(key, now) {
                    return Ok(Reply::Leased(Leased::Found(entry.clone())));
                }
                if entries.is_over() {
                    return Err(refused(Full));
                }
                let is_granted = self.leases.take(key, token, now + ttl, now);
                Reply::Leased(if is_granted { Leased::Granted } else { Leased::Taken })
            }
            Command::LeaseSet(key, set) => {
                let (token, write) = *set;
                return self.lease_set(key, token, write, now);
            }
            Command::LeaseDelete(key) => {
                self.leases.void(key);
                Reply::whether(entries.remove(key, now))
            }
            _ => Reply::Done,
        })
    }

    fn lease_set(&mut self, key: Key, token: Token, write: Write, now: Nanos) -> Outcome<Reply> {
        if !self.leases.is_held(key, token, now) {
            return Ok(Reply::whether(false));
        }
        // Even if the entry is refused: nobody need wait for what does not come.
        self.leases.void(key);
        let is_absent = self.entries.look(key, now).is_none();
        if is_absent {
            self.set(key, write, now)?;
        }
        Ok(Reply::whether(is_absent))
    }

    /// Streams, the bus and tracking.
    fn send(&mut self, command: Command, now: Nanos) -> Outcome<Reply> {
        Ok(match command {
            Command::EnqueueWrite(key, write) => {
                let (entry, seed) = *write;
                return self.enqueue(key, entry, seed, now).map(Reply::Enqueued);
            }
            Command::ClaimWrites { max, idle } => {
                let claimed = self.queue.claim(max, idle, now).into_iter();
                let write = |(id, (key, entry))| QueuedWrite { id, key, entry };
                Reply::Writes(claimed.map(write).collect())
            }
            Command::SettleWrites(settled) => {
                let (writes, ttl) = *settled;
                for write in &writes {
                    self.settle(write, ttl, now);
                }
                Reply::Done
            }
            Command::Publish(events) => {
                if self.entries.is_over() {
                    return Err(refused(Full));
                }
                events.into_iter().for_each(|event| self.events.append(event));
                self.published.notify_waiters();
                Reply::Done
            }
            Command::SettleEvents(ids) => {
                for id in &ids {
                    self.events.settle(id);
                }
                Reply::Done
            }
            Command::Broadcast(key) => {
                self.bus.tell(key, now);
                Reply::Done
            }
            Command::Subscribe => Reply::Listening(self.bus.listen()),
            Command::Track(before) => {
                let (tracker, incoming) = self.entries.tracking().begin(before);
                Reply::Tracking(tracker, incoming)
            }
            _ => Reply::Done,
        })
    }

    pub fn claim_events(&mut self, max: usize, idle: Nanos, now: Nanos) -> Vec<Delivery> {
        let claimed = self.events.claim(max, idle, now).into_iter();
        claimed.map(|(id, event)| Delivery { id, event }).collect()
    }

    fn enqueue(
        &mut self,
        key: Key,
        entry: Entry,
        seed: Option<Version>,
        now: Nanos,
    ) -> Outcome<Enqueued> {
        if self.entries.is_over() {
            return Err(refused(Full));
        }
        let Some(last) = self.counters.get(&key).copied().or(seed) else {
            return Ok(Enqueued::NoCounter);
        };
        let version = last.next();
        let entry = entry.with_version(version);
        self.entries.set(key, entry.clone(), Nanos::NEVER, now).map_err(refused)?;
        self.counters.insert(key, version);
        self.queued += entry.len() as u64;
        self.queue.append((key, entry));
        Ok(Enqueued::As(version))
    }

    fn settle(&mut self, write: &QueuedWrite, ttl: Option<Nanos>, now: Nanos) {
        if let Some((_, entry)) = self.queue.settle(&write.id) {
            self.queued -= entry.len() as u64;
        }
        let persisted = write.entry.version();
        if ttl.is_some()
            && self.entries.get(write.key, now).and_then(|held| held.version()) == persisted
        {
            self.entries.expire(write.key, deadline(ttl, now), now);
        }
    }

    fn set(&mut self, key: Key, write: Write, now: Nanos) -> Outcome<()> {
        let deadline = deadline(write.ttl, now);
        self.entries.set(key, write.entry, deadline, now).map_err(refused)
    }

    fn prepare(&mut self, now: Nanos) {
        if self.entries.is_limited() {
            self.weigh();
        }
        self.entries.prepare(now);
    }

    fn weigh(&mut self) {
        let items = self.queue.len() + self.events.len();
        let claims = self.locks.len() + self.leases.len();
        let beside = self.counters.len() as u64 * size::COUNTER
            + claims as u64 * size::CLAIM
            + items as u64 * size::STREAM_ITEM
            + self.queued;
        self.entries.keep_beside(beside);
    }
}

fn deadline(ttl: Option<Nanos>, now: Nanos) -> Nanos {
    ttl.map_or(Nanos::NEVER, |ttl| now + ttl)
}

fn needed_version(entry: &Entry) -> Outcome<Version> {
    entry.version().ok_or(Fault::cache(FaultKind::Refused))
}

fn refused(_: Full) -> Fault {
    Fault::cache(FaultKind::Refused)
}
