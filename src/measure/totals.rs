//! What the tap counted over a whole run, warm-up and drain included: the side of the comparison
//! with a server's own counters, which know no window.

use crate::model::{Answer, Call, Fault, FaultKind, Nanos, Sample, Side, Verb};

/// Calls of a whole run, and how its requests kept to their times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub cache_gets: u64,
    pub cache_sets: u64,
    pub cache_deletes: u64,
    /// Of the gets, those that found an entry, and those that found none.
    pub cache_hits: u64,
    pub cache_misses: u64,
    /// Scripts about one key.
    pub cache_scripts: u64,
    /// Scripts about many keys, which may take more than one call of the server.
    pub cache_batches: u64,
    /// Notices about one key to whoever listens.
    pub cache_broadcasts: u64,
    /// All other queue and event traffic, of which each call becomes any number of commands.
    pub cache_streams: u64,
    pub cache_failed: u64,
    pub store_reads: u64,
    pub store_writes: u64,
    pub store_failed: u64,
    /// Answers that were not what any writer wrote.
    pub corrupt: u64,
    /// Requests that were due before the window opened, and started only after it had.
    pub carried_in: u64,
    /// Requests of the window that started before it closed.
    pub started_in_window: u64,
}

impl Totals {
    /// Counts what a request as a whole came to, and whether it started within the window `[opens,
    /// closes)` that it belongs to.
    pub fn sample(&mut self, sample: &Sample, (opens, closes): (Nanos, Nanos)) {
        if sample.intended < opens {
            self.carried_in += u64::from(sample.started >= opens);
        } else if sample.intended < closes {
            self.started_in_window += u64::from(sample.started < closes);
        }
        let is_corrupt = matches!(sample.fault, Some(Fault { kind: FaultKind::Corrupt, .. }));
        self.corrupt += u64::from(is_corrupt);
    }

    pub fn call(&mut self, call: &Call) {
        let total = match (call.side, call.verb) {
            // What never leaves the node has no server to count it.
            (Side::Node, _) => return,
            (Side::Cache, Verb::Get) => &mut self.cache_gets,
            (Side::Cache, Verb::Set) => &mut self.cache_sets,
            (Side::Cache, Verb::Delete) => &mut self.cache_deletes,
            (Side::Cache, Verb::Script) if call.key.is_some() => &mut self.cache_scripts,
            (Side::Cache, Verb::Script) => &mut self.cache_batches,
            (Side::Cache, Verb::Stream) if call.key.is_some() => &mut self.cache_broadcasts,
            (Side::Cache, _) => &mut self.cache_streams,
            (Side::Store, verb) if verb.writes() => &mut self.store_writes,
            (Side::Store, _) => &mut self.store_reads,
        };
        *total += 1;
        if (call.side, call.verb) == (Side::Cache, Verb::Get) {
            self.cache_hits += u64::from(call.answer == Answer::Hit);
            self.cache_misses += u64::from(call.answer == Answer::Miss);
        }
        let failed = u64::from(matches!(call.answer, Answer::Failed(_)));
        match call.side {
            Side::Cache => self.cache_failed += failed,
            Side::Store => self.store_failed += failed,
            Side::Node => {}
        }
    }
}
