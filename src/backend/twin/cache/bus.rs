//! Who is told of what: the bus between nodes, and the notices of tracked keys.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::backend::{Notice, Subscription};
use crate::model::{Fault, FaultKind, Key, Outcome};

/// Those who listen to the bus. They are told in the order they came.
#[derive(Default)]
pub(super) struct Bus {
    listeners: Vec<UnboundedSender<Notice>>,
}

/// Who is to be told of which key's next change. Readers are told in the order they first read.
#[derive(Default)]
pub(super) struct Tracking {
    trackers: BTreeMap<Tracker, UnboundedSender<Notice>>,
    readers: HashMap<Key, Vec<Tracker>>,
    began: u64,
}

/// One node's tracking, from one call of `track` to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Tracker(u64);

/// The receiving end. It lasts until its sender is dropped, which is this cache's lost connection.
pub(super) struct Listener(UnboundedReceiver<Notice>);

impl Bus {
    pub fn listen(&mut self) -> Listener {
        let (sender, listener) = unbounded_channel();
        self.listeners.push(sender);
        Listener(listener)
    }

    pub fn tell(&mut self, key: Key) {
        self.listeners.retain(|listener| listener.send(Notice::Changed(key)).is_ok());
    }
}

impl Tracking {
    /// Begins to track for a node, in the place of what it tracked by before.
    pub fn begin(&mut self, before: Option<Tracker>) -> (Tracker, Listener) {
        if let Some(before) = before {
            self.trackers.remove(&before);
        }
        let (sender, listener) = unbounded_channel();
        self.began += 1;
        let tracker = Tracker(self.began);
        self.trackers.insert(tracker, sender);
        (tracker, Listener(listener))
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
    pub fn changed(&mut self, key: Key) {
        for reader in self.readers.remove(&key).unwrap_or_default() {
            self.tell(reader, Notice::Changed(key));
        }
    }

    /// Tells everybody that everything is gone.
    pub fn flushed(&mut self) {
        self.readers.clear();
        let trackers: Vec<Tracker> = self.trackers.keys().copied().collect();
        for tracker in trackers {
            self.tell(tracker, Notice::All);
        }
    }

    /// Ends all tracking, as if every connection were lost.
    pub fn end(&mut self) {
        self.trackers.clear();
        self.readers.clear();
    }

    fn tell(&mut self, tracker: Tracker, notice: Notice) {
        let sender = self.trackers.get(&tracker);
        if sender.is_some_and(|sender| sender.send(notice).is_err()) {
            self.trackers.remove(&tracker);
        }
    }
}

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Outcome<Notice> {
        self.0.recv().await.ok_or(Fault::cache(FaultKind::Unavailable))
    }
}
