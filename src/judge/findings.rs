//! What the judge has to say, as data.

use serde::{Deserialize, Serialize};

use crate::model::{Distribution, Key, Nanos, Version};

/// Every wrong answer that clients got in the measured window.
///
/// A *definite* count is a sound lower bound: no order of events that fits what the clients saw
/// makes the read right. A *possible* count is an upper bound: it includes reads that raced a write.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// Answered reads that were judged.
    pub reads: u64,
    /// Acknowledged writes in the window.
    pub writes: u64,
    /// Writes that failed or timed out, and so may or may not have been applied.
    pub unknown_writes: u64,
    pub definitely_stale: u64,
    pub possibly_stale: u64,
    /// Time since the value was superseded: at least this much. Of definitely stale reads.
    pub age_at_least: Distribution,
    /// Time since the value was superseded: at most this much. Of possibly stale reads.
    pub age_at_most: Distribution,
    /// Versions behind, at least. Of definitely stale reads.
    pub versions_at_least: Distribution,
    /// Versions behind, at most. Of possibly stale reads.
    pub versions_at_most: Distribution,
    /// Stale reads of versions older than the ring remembers: stale for certain, their age a bound.
    pub beyond_ring: u64,
    /// Reads that went back behind what the same client had already read.
    pub monotonic_violations: u64,
    /// Reads that did not show the same client's own acknowledged write.
    pub read_your_writes_violations: u64,
    /// Pairs of client and key of which it had to be forgotten what the client had seen. Where there
    /// are any, the two counts above are lower bounds.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub forgotten_pairs: u64,
    /// Reads of a write that began only after the read had ended, or of one that is nowhere in the
    /// store in the end, neither itself nor superseded.
    pub dirty_reads: u64,
    /// Versions whose order contradicts real time, whatever was read: their write began when that
    /// version or a later one had already been acknowledged or read. Of the whole run.
    pub order_violations: u64,
    /// Acknowledgements of a version that another write had been acknowledged as. Of the whole run.
    pub duplicate_versions: u64,
    /// Versions below a key's highest acknowledged one that no acknowledged write got: failed writes
    /// that took effect all the same, or versions that were skipped. Of the whole run.
    pub unclaimed_versions: u64,
    /// Acknowledged read-modify-writes that did not get the version after the one that they had
    /// read: another write came in between, and was overwritten unseen.
    #[serde(default)]
    pub lost_updates: u64,
    /// Reads that found no row in a version that has one.
    pub phantom_absent: u64,
    /// Reads that found a row in a version that has none: a deletion, or a key that was not loaded.
    #[serde(default)]
    pub phantom_present: u64,
    /// Reads whose value was not what any writer wrote.
    pub corrupt: u64,
    /// The chance of a definitely stale read by the time from the key's last acknowledged write to
    /// the read's start. Without reads of keys that had none yet; ends at the last span with reads.
    pub freshness: Vec<FreshnessPoint>,
    /// The same counts over the window, each read in the bucket of its intended start.
    pub timeline: Vec<StalenessBucket>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Reads that came within a span of time after the last acknowledged write of their key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreshnessPoint {
    /// The upper end of the span; the lower end is the previous point's upper end.
    pub since_write: Nanos,
    pub reads: u64,
    pub stale: u64,
}

/// What was judged in one interval of the window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StalenessBucket {
    pub reads: u64,
    pub definitely_stale: u64,
    pub possibly_stale: u64,
}

/// The end-state audit: what is left in cache and store after the last request and the drain.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// Keys that were compared.
    pub keys: u64,
    /// Not in the cache.
    pub absent: u64,
    /// The cache holds the store's version.
    pub equal: u64,
    /// The cache holds an older version than the store.
    pub stale: u64,
    /// The cache holds a newer version than the store.
    pub ahead: u64,
    /// The cache holds a row that the store does not have: none at all, or another writer's under
    /// the same version.
    pub phantom: u64,
    /// The cache's entry, or the store's row, is not what any writer wrote.
    pub corrupt: u64,
    /// Acknowledged writes that are not in the store, neither themselves nor superseded there.
    pub lost_writes: u64,
    /// Written keys whose end state was not given: neither compared nor searched for lost writes.
    pub unchecked: u64,
    /// The first few of what is wrong, for a person to look at.
    pub examples: Vec<Suspect>,
}

/// One key whose end state is not right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    pub key: Key,
    /// The version in the cache, if there is one.
    pub cached: Option<Version>,
    /// The version in the store, if there is one.
    pub stored: Option<Version>,
    /// The latest version whose write was acknowledged.
    pub acknowledged: Option<Version>,
}
