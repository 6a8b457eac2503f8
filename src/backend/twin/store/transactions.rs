//! Transactions under way: what they will have done once they commit, and who waits for whose rows.
//!
//! How long a transaction takes is known as soon as it has its rows. So who asks for a row is told at
//! once when it will have it, first come, first served, and nobody has to be woken for it.

use crate::backend::Event;
use crate::backend::hashing::ByKey;
use crate::model::{Agenda, Key, Nanos, Version};

use super::rows::Held;

#[derive(Default)]
pub struct Transactions {
    /// By the instant of their COMMIT.
    under_way: Agenda<Transaction>,
    rows: ByKey<Lock>,
}

/// What is changed at a COMMIT.
pub struct Transaction {
    /// When it had all its rows, and came to its COMMIT.
    began: Nanos,
    pub change: Change,
}

pub enum Change {
    Row(Key, Held),
    RowAndEvent(Key, Held, Event),
    Rows(Vec<(Key, Held)>),
    /// Outbox rows by their numbers.
    Trim(Vec<u64>),
}

/// A row that is being written.
#[derive(Clone, Copy)]
struct Lock {
    /// When the last of those who have asked for it will have committed.
    until: Nanos,
    /// What its version will be then.
    version: Version,
    /// How many have asked for it.
    writers: u32,
}

impl Transactions {
    /// When whoever asks for the row now will have it.
    pub fn free(&self, key: Key, now: Nanos) -> Nanos {
        self.rows.get(&key).map_or(now, |lock| lock.until.max(now))
    }

    /// The version that the row will have then, where it is being written.
    pub fn version(&self, key: Key) -> Option<Version> {
        self.rows.get(&key).map(|lock| lock.version)
    }

    /// A transaction that has all its rows when it `began`, and commits after them.
    pub fn begin(&mut self, began: Nanos, commits: Nanos, change: Change) {
        for (key, version) in change.rows() {
            let lock = self.rows.entry(key).or_insert(Lock { until: commits, version, writers: 0 });
            *lock = Lock { until: commits, version, writers: lock.writers + 1 };
        }
        self.under_way.put(commits, Transaction { began, change });
    }

    /// The next one that has committed by `now`, and when it did.
    pub fn next_committed(&mut self, now: Nanos) -> Option<(Nanos, Change)> {
        let (commits, Transaction { change, .. }) = self.under_way.take_due(now)?;
        for (key, _) in change.rows() {
            if let Some(lock) = self.rows.get_mut(&key) {
                lock.writers -= 1;
                if lock.writers == 0 {
                    self.rows.remove(&key);
                }
            }
        }
        Some((commits, change))
    }

    /// Ends all that are under way. Those that had come to their COMMIT may have reached the disk, and
    /// are returned in the order of their COMMITs; the others are rolled back.
    pub fn end_all(&mut self, now: Nanos) -> Vec<Change> {
        self.rows.clear();
        let all = std::iter::from_fn(|| self.under_way.take()).map(|(_, one)| one);
        all.filter(|one| one.began <= now).map(|one| one.change).collect()
    }
}

impl Change {
    /// How many rows it changes, those of the outbox included.
    pub fn size(&self) -> usize {
        match self {
            Self::Row(..) => 1,
            Self::RowAndEvent(..) => 2,
            Self::Rows(rows) => rows.len(),
            Self::Trim(sequences) => sequences.len(),
        }
    }

    /// The rows it sets, with their versions.
    fn rows(&self) -> impl Iterator<Item = (Key, Version)> + use<'_> {
        let (one, many) = match self {
            Self::Row(key, held) | Self::RowAndEvent(key, held, _) => {
                (Some((*key, held.version)), [].as_slice())
            }
            Self::Rows(rows) => (None, rows.as_slice()),
            Self::Trim(_) => (None, [].as_slice()),
        };
        one.into_iter().chain(many.iter().map(|(key, held)| (*key, held.version)))
    }
}
