//! How long the store takes over each kind of call.

use crate::backend::Durability;
use crate::backend::spread::Durations;
use crate::model::{Nanos, StoreTimes};

/// Sets the draws of a store apart from others by the same seed.
const STREAM: u64 = 0x5354_4f52_4500;

/// Each kind of call has draws of its own, so that one more of a kind leaves the others as they were.
pub struct Times {
    read: Durations,
    aggregation: Durations,
    version: Durations,
    outbox: Durations,
    commit: Durations,
    batch_row: Nanos,
}

impl Times {
    /// What a store that is set to `durability` takes: only a durable COMMIT waits for the disk.
    pub fn new(times: &StoreTimes, durability: Durability, seed: u64) -> Self {
        let commit = match durability {
            Durability::Full => times.commit,
            Durability::Normal | Durability::Off => times.unsynced.unwrap_or(times.read),
        };
        let durations = |spread, kind: u64| Durations::new(spread, seed, STREAM + kind);
        Self {
            read: durations(times.read, 1),
            aggregation: durations(times.aggregation, 2),
            version: durations(times.version, 3),
            outbox: durations(times.version, 4),
            commit: durations(commit, 5),
            batch_row: times.batch_row.nanos(),
        }
    }

    /// How long the copies of what was committed take to the replica, if there is one.
    pub fn of_replica(times: &StoreTimes, seed: u64) -> Option<Durations> {
        times.replication_lag.map(|lag| Durations::new(lag, seed, STREAM))
    }

    /// A read that goes through so many child rows.
    pub fn read(&mut self, children: u32) -> Nanos {
        let row = self.read.draw();
        if children == 0 {
            return row;
        }
        let thousand = u128::from(self.aggregation.draw().0);
        row + Nanos((thousand * u128::from(children) / 1_000) as u64)
    }

    pub fn version(&mut self) -> Nanos {
        self.version.draw()
    }

    pub fn outbox(&mut self) -> Nanos {
        self.outbox.draw()
    }

    /// A transaction that changes so many rows, from its first statement to the acknowledgement of its
    /// COMMIT.
    pub fn transaction(&mut self, rows: usize) -> Nanos {
        let further = rows.saturating_sub(1) as u64;
        self.commit.draw() + Nanos(self.batch_row.0.saturating_mul(further))
    }
}
