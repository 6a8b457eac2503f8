//! The database of the twin, from one reset to the next: what is committed, what is under way, and how
//! long each call takes. Whatever is asked of it is asked at an instant, and never of an earlier one.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::replica::Replica;
use super::rows::{Held, Loaded, Written};
use super::times::Times;
use super::transactions::{Change, Transactions};
use crate::backend::spread::Chance;
use crate::backend::{Applied, Dataset, Durability, Event, Origin, Read, Row, VersionedDraft};
use crate::model::{Draft, Key, Nanos, StoreTimes, Value, Version};

/// Sets apart from other draws by the same seed what becomes of transactions that a kill meets.
const LUCK: u64 = 0x4c55_434b;

pub struct Database {
    origin: Origin,
    loaded: Loaded,
    written: Written,
    outbox: BTreeMap<u64, Event>,
    /// The last number that an outbox row got. Numbers of trimmed rows are not used again.
    sequence: u64,
    transactions: Transactions,
    replica: Option<Replica>,
    times: Times,
    /// What became of transactions that a kill met.
    luck: Chance,
}

/// What a call comes to, and when its answer is there.
pub struct Answer<T> {
    pub outcome: T,
    pub at: Nanos,
}

impl Database {
    pub fn new(
        dataset: Arc<dyn Dataset>,
        origin: Origin,
        durability: Durability,
        times: &StoreTimes,
        seed: u64,
    ) -> Self {
        Self {
            origin,
            loaded: Loaded::new(dataset),
            written: Written::default(),
            outbox: BTreeMap::new(),
            sequence: 0,
            transactions: Transactions::default(),
            replica: Times::of_replica(times, seed).map(Replica::new),
            times: Times::new(times, durability, seed),
            luck: Chance::new(seed, LUCK),
        }
    }

    /// The row as it is now, or as the replica has it.
    pub fn read(&mut self, now: Nanos, key: Key) -> Answer<Read> {
        self.settle(now);
        let rows = match &mut self.replica {
            Some(replica) => replica.rows(now),
            None => &self.written,
        };
        let found = rows.row(key, &mut self.loaded);
        let mut children = 0;
        let outcome = match found {
            None => Read { value: Value::never_written(key), rows: 0 },
            Some(mut value) => {
                if let Origin::Aggregation { .. } = self.origin
                    && !value.is_absent()
                {
                    let aggregate = self.loaded.aggregate(key);
                    children = aggregate.rows;
                    value.aggregate = Some(aggregate);
                }
                Read { value, rows: 1 + children }
            }
        };
        Answer { outcome, at: now + self.times.read(children) }
    }

    /// The row's version as it is now. Whoever asks for it goes on from there, and so asks the primary.
    pub fn version(&mut self, now: Nanos, key: Key) -> Answer<Version> {
        self.settle(now);
        Answer { outcome: self.written.version(key), at: now + self.times.version() }
    }

    /// Writes the row once nobody else does, and commits.
    pub fn write(&mut self, now: Nanos, draft: &Draft) -> Answer<Version> {
        self.write_row(now, draft, Change::Row)
    }

    /// The same, and an outbox row about it.
    pub fn write_with_event(&mut self, now: Nanos, draft: &Draft) -> Answer<Version> {
        // Numbers are given as rows are inserted, which need not be the order of COMMITs.
        self.sequence += 1;
        let sequence = self.sequence;
        self.write_row(now, draft, |key, held| {
            let event = Event { sequence, key, version: held.version };
            Change::RowAndEvent(key, held, event)
        })
    }

    fn write_row(
        &mut self,
        now: Nanos,
        draft: &Draft,
        change: impl FnOnce(Key, Held) -> Change,
    ) -> Answer<Version> {
        self.settle(now);
        let (key, version) = (draft.key, self.version_to_come(draft.key).next());
        let change = change(key, self.loaded.held(draft, version));
        let at = self.commit(now, self.transactions.free(key, now), change);
        Answer { outcome: version, at }
    }

    /// Takes its place in the lines for all its rows at once, and commits when it has them all.
    pub fn apply_batch(&mut self, now: Nanos, writes: &[VersionedDraft]) -> Answer<Applied> {
        self.settle(now);
        let (mut applied, mut began) = (Applied::default(), now);
        let mut rows: Vec<(Key, Held)> = Vec::with_capacity(writes.len());
        // Within the batch a key may come up again.
        let mut set: BTreeMap<Key, Version> = BTreeMap::new();
        for VersionedDraft { draft, version } in writes {
            let key = draft.key;
            began = began.max(self.transactions.free(key, now));
            let is_there = set.contains_key(&key)
                || self.transactions.version(key).is_some()
                || self.written.has(key, &self.loaded);
            let held = set.get(&key).copied().unwrap_or_else(|| self.version_to_come(key));
            if is_there && *version <= held {
                applied.passed += 1;
                continue;
            }
            applied.written += 1;
            set.insert(key, *version);
            rows.push((key, self.loaded.held(draft, *version)));
        }
        // The last one of a key is the one that counts.
        rows.retain(|(key, held)| set.get(key) == Some(&held.version));
        let at = self.commit(now, began, Change::Rows(rows));
        Answer { outcome: applied, at }
    }

    pub fn read_outbox(&mut self, now: Nanos, max: usize) -> Answer<Vec<Event>> {
        self.settle(now);
        let outcome = self.outbox.values().take(max).copied().collect();
        Answer { outcome, at: now + self.times.outbox() }
    }

    pub fn trim_outbox(&mut self, now: Nanos, published: &[Event]) -> Answer<()> {
        self.settle(now);
        let sequences = published.iter().map(|event| event.sequence).collect();
        let at = self.commit(now, now, Change::Trim(sequences));
        Answer { outcome: (), at }
    }

    /// What is committed by now.
    pub fn audited(&mut self, now: Nanos, keys: Range<Key>) -> Vec<Row> {
        self.settle(now);
        self.written.audited(keys, &self.loaded)
    }

    /// The server dies. What is committed stays. Of what had come to its COMMIT nobody knows whether that
    /// had reached the disk; chance decides. All else is rolled back.
    pub fn die(&mut self, now: Nanos) {
        self.settle(now);
        for change in self.transactions.end_all(now) {
            if self.luck.next() >> 63 == 1 {
                self.take_effect(now, change);
            }
        }
    }

    /// Brings about every COMMIT that is due.
    fn settle(&mut self, now: Nanos) {
        while let Some((committed, change)) = self.transactions.next_committed(now) {
            self.take_effect(committed, change);
        }
    }

    /// The version that the row will have when all who write it now have committed.
    fn version_to_come(&self, key: Key) -> Version {
        self.transactions.version(key).unwrap_or_else(|| self.written.version(key))
    }

    /// A transaction that has all its rows when it `began`. Returns when it has committed.
    fn commit(&mut self, now: Nanos, began: Nanos, change: Change) -> Nanos {
        let commits = began + self.times.transaction(change.size());
        if commits <= now {
            self.take_effect(now, change);
        } else {
            self.transactions.begin(began, commits, change);
        }
        commits
    }

    fn take_effect(&mut self, committed: Nanos, change: Change) {
        match change {
            Change::Row(key, held) => self.set(committed, [(key, held)]),
            Change::RowAndEvent(key, held, event) => {
                self.set(committed, [(key, held)]);
                self.outbox.insert(event.sequence, event);
            }
            Change::Rows(rows) => self.set(committed, rows),
            Change::Trim(sequences) => {
                for sequence in sequences {
                    self.outbox.remove(&sequence);
                }
            }
        }
    }

    fn set(&mut self, committed: Nanos, rows: impl IntoIterator<Item = (Key, Held)> + Clone) {
        if let Some(replica) = &mut self.replica {
            replica.follow(committed, rows.clone().into_iter());
        }
        for (key, held) in rows {
            self.written.set(key, held);
        }
    }
}
