//! Who is told of what: the bus between nodes, and the notices of tracked keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::Shared;
use super::times::RoundTrips;
use crate::backend::hashing::ByKey;
use crate::backend::{Notice, Subscription};
use crate::model::{Fault, FaultKind, Key, Nanos, Outcome};

/// A notice, and when the server sent it.
type Sent = (Nanos, Notice);

/// Those who listen to the bus. They are told in the order they came.
#[derive(Default)]
pub(super) struct Bus {
    listeners: Vec<UnboundedSender<Sent>>,
}

/// Who is to be told of which key's next change. Readers are told in the order they first read.
#[derive(Default)]
pub(super) struct Tracking {
    trackers: BTreeMap<Tracker, UnboundedSender<Sent>>,
    readers: ByKey<Vec<Tracker>>,
    began: u64,
}

/// One node's tracking, from one call of `track` to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tracker(u64);

/// What is sent to one listener, until its connection is lost.
pub(super) struct Incoming(UnboundedReceiver<Sent>);

/// The receiving end, at the other end of a network.
pub(super) struct Listener {
    incoming: Incoming,
    shared: Arc<Shared>,
    round_trips: RoundTrips,
    /// What has been sent and is on its way.
    arriving: Option<Sent>,
    /// When the last one arrived, which none after it overtakes.
    arrived: Nanos,
}

impl Bus {
    pub fn listen(&mut self) -> Incoming {
        let (sender, receiver) = unbounded_channel();
        self.listeners.push(sender);
        Incoming(receiver)
    }

    pub fn tell(&mut self, key: Key, now: Nanos) {
        self.listeners.retain(|listener| listener.send((now, Notice::Changed(key))).is_ok());
    }
}

impl Tracking {
    /// Begins to track for a node, in the place of what it tracked by before.
    pub fn begin(&mut self, before: Option<Tracker>) -> (Tracker, Incoming) {
        if let Some(before) = before {
            self.trackers.remove(&before);
        }
        let (sender, receiver) = unbounded_channel();
        self.began += 1;
        let tracker = Tracker(self.began);
        self.trackers.insert(tracker, sender);
        (tracker, Incoming(receiver))
    }

    /// Whether there is anybody who may have to be told something.
    pub fn is_in_use(&self) -> bool {
        !self.trackers.is_empty()
    }

    /// Whether somebody is to be told of a change.
    pub fn is_owed(&self) -> bool {
        !self.readers.is_empty()
    }

    /// Whether somebody still listens.
    pub fn is_on(&self, tracker: Tracker) -> bool {
        self.trackers.get(&tracker).is_some_and(|sender| !sender.is_closed())
    }

    /// Notes that the key was read.
    pub fn read(&mut self, key: Key, tracker: Tracker) {
        let readers = self.readers.entry(key).or_default();
        if !readers.contains(&tracker) {
            readers.push(tracker);
        }
    }

    /// Tells those who read the key, and forgets that they did.
    pub fn changed(&mut self, key: Key, now: Nanos) {
        if self.readers.is_empty() {
            return;
        }
        for reader in self.readers.remove(&key).unwrap_or_default() {
            self.tell(reader, Notice::Changed(key), now);
        }
    }

    /// Tells everybody that everything is gone.
    pub fn flushed(&mut self, now: Nanos) {
        self.readers.clear();
        let trackers: Vec<Tracker> = self.trackers.keys().copied().collect();
        for tracker in trackers {
            self.tell(tracker, Notice::All, now);
        }
    }

    /// Ends all tracking, as if every connection were lost.
    pub fn end(&mut self) {
        self.trackers.clear();
        self.readers.clear();
    }

    fn tell(&mut self, tracker: Tracker, notice: Notice, now: Nanos) {
        let sender = self.trackers.get(&tracker);
        if sender.is_some_and(|sender| sender.send((now, notice)).is_err()) {
            self.trackers.remove(&tracker);
        }
    }
}

impl Listener {
    pub fn new(incoming: Incoming, shared: Arc<Shared>, round_trips: RoundTrips) -> Self {
        Self { incoming, shared, round_trips, arriving: None, arrived: Nanos::ZERO }
    }

    /// The next notice to arrive, with the instant at which it does.
    async fn arrival(&mut self) -> Outcome<Sent> {
        if let Some(arriving) = self.arriving {
            return Ok(arriving);
        }
        let (sent, notice) = loop {
            // Nobody but the server comes upon what has expired: it is to be looked after now and then.
            let Some(next_cycle) = self.shared.server().next_notice() else {
                break self.incoming.0.recv().await.ok_or(Fault::cache(FaultKind::Unavailable))?;
            };
            tokio::select! {
                biased;
                sent = self.incoming.0.recv() => {
                    break sent.ok_or(Fault::cache(FaultKind::Unavailable))?;
                }
                () = self.shared.clock.sleep_until(next_cycle) => {
                    let now = self.shared.clock.now();
                    self.shared.server().advance(now);
                }
            }
        };
        let way = Nanos(self.round_trips.draw().0 / 2) + self.shared.server().slowness();
        self.arrived = self.arrived.max(sent + way);
        self.arriving = Some((self.arrived, notice));
        Ok((self.arrived, notice))
    }
}

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Outcome<Notice> {
        let (due, notice) = self.arrival().await?;
        let clock = self.shared.clock.clone();
        if clock.now() < due {
            clock.sleep_until(due).await;
        }
        // What is on its way when nothing gets through arrives when it does again.
        self.shared.in_reach(due).await;
        self.arriving = None;
        Ok(notice)
    }
}
