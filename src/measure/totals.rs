//! What the tap counted over a whole run, warm-up and drain included: the side of the comparison
//! with a server's own counters, which know no window.

use crate::model::{Answer, Call, Fault, FaultKind, Sample, Side, Verb};

/// Calls of a whole run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    pub cache_gets: u64,
    pub cache_sets: u64,
    pub cache_deletes: u64,
    /// Scripts and stream traffic, which become several commands each.
    pub cache_compound: u64,
    pub cache_failed: u64,
    pub store_reads: u64,
    pub store_writes: u64,
    pub store_failed: u64,
    /// Answers that were not what any writer wrote.
    pub corrupt: u64,
}

impl Totals {
    /// Counts what a request as a whole came to.
    pub fn sample(&mut self, sample: &Sample) {
        let is_corrupt = matches!(sample.fault, Some(Fault { kind: FaultKind::Corrupt, .. }));
        self.corrupt += u64::from(is_corrupt);
    }

    /// Adds what was counted elsewhere in the same run.
    pub const fn merge(&mut self, other: &Self) {
        let Self {
            cache_gets,
            cache_sets,
            cache_deletes,
            cache_compound,
            cache_failed,
            store_reads,
            store_writes,
            store_failed,
            corrupt,
        } = *other;
        self.cache_gets += cache_gets;
        self.cache_sets += cache_sets;
        self.cache_deletes += cache_deletes;
        self.cache_compound += cache_compound;
        self.cache_failed += cache_failed;
        self.store_reads += store_reads;
        self.store_writes += store_writes;
        self.store_failed += store_failed;
        self.corrupt += corrupt;
    }

    pub fn call(&mut self, call: &Call) {
        let total = match (call.side, call.verb) {
            // What never leaves the node has no server to count it.
            (Side::Node, _) => return,
            (Side::Cache, Verb::Get) => &mut self.cache_gets,
            (Side::Cache, Verb::Set) => &mut self.cache_sets,
            (Side::Cache, Verb::Delete) => &mut self.cache_deletes,
            (Side::Cache, _) => &mut self.cache_compound,
            (Side::Store, verb) if verb.writes() => &mut self.store_writes,
            (Side::Store, _) => &mut self.store_reads,
        };
        *total += 1;
        let failed = u64::from(matches!(call.answer, Answer::Failed(_)));
        match call.side {
            Side::Cache => self.cache_failed += failed,
            Side::Store => self.store_failed += failed,
            Side::Node => {}
        }
    }
}
