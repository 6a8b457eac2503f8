//! What was measured in one run of one strategy, as data.

use serde::{Deserialize, Serialize};

use crate::model::{Distribution, Fault, Nanos, Op, Purpose, ServedBy};

/// The figures of one run's measured window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measures {
    /// How long the window was.
    pub window: Nanos,
    /// The width of a bucket of the timeline.
    pub bucket: Nanos,
    /// Requests of the window, by how they ended.
    pub requests: Requests,
    /// Latency of answered requests, split by operation and by what served them.
    pub latency: Vec<Latency>,
    /// What answered reads, as the tap saw it.
    pub lookups: Lookups,
    /// Lookups in the nodes' own tiers, of clients and workers.
    pub node: NodeTier,
    pub coding: Coding,
    pub cache: Load,
    pub store: Load,
    /// How late the generator started each request.
    pub lag: Distribution,
    /// The same for requests that were intended in intervals without a fault; `None` where nothing
    /// broke.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_outside_faults: Option<Distribution>,
    pub timeline: Vec<Bucket>,
}

/// Requests of the window.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requests {
    /// What the plan intended to start in the window.
    pub intended: u64,
    /// What was answered, however late.
    pub answered: u64,
    pub reads: u64,
    /// Every other operation: what writes.
    pub writes: u64,
    /// Failed requests by operation and fault.
    pub failed: Vec<Failed>,
    /// Committed writes of which the cache was never told, all attempts having failed.
    pub undelivered: u64,
    /// The most that were in flight at once.
    pub in_flight_peak: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    pub op: Op,
    pub fault: Fault,
    pub count: u64,
}

/// Latency of one operation as served by one source.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    pub op: Op,
    /// What served a read. Writes are all `store`, or `cache` where only the cache was waited for.
    pub served_by: ServedBy,
    /// From the intended start.
    pub response: Distribution,
    /// From the call.
    pub service: Distribution,
}

/// What answered reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lookups {
    /// Reads that were answered without the store.
    pub hits: u64,
    /// Reads that went to the store.
    pub misses: u64,
    /// Of the hits, those of a fresh entry in the node's own tier.
    pub from_node: u64,
    /// Of the hits, those that waited for another request's load.
    pub coalesced: u64,
    /// Of the hits, those of an entry past its logical expiry, by the clock.
    pub stale_served: u64,
}

/// What lookups in the nodes' own tiers found. There are none without such a tier.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeTier {
    pub hits: u64,
    pub misses: u64,
}

/// What it took to make values into entries, and entries into values again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coding {
    pub encoded: Coded,
    pub decoded: Coded,
}

/// One direction of coding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coded {
    pub count: u64,
    /// Bytes of the values.
    pub plain_bytes: u64,
    /// Bytes of the entries.
    pub kept_bytes: u64,
    /// Time spent on it, added up; zero under virtual time, in which computing takes none.
    pub busy: Nanos,
}

impl Coded {
    /// Both together.
    pub fn with(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            plain_bytes: self.plain_bytes + other.plain_bytes,
            kept_bytes: self.kept_bytes + other.kept_bytes,
            busy: self.busy + other.busy,
        }
    }

    /// Time for one; `None` where there was none, or where computing takes no time.
    pub fn mean_time(self) -> Option<Nanos> {
        let mean = self.busy.0.checked_div(self.count);
        mean.filter(|_| self.busy > Nanos::ZERO).map(Nanos)
    }
}

impl Lookups {
    /// Reads answered without the store, as a share of all answered reads; `None` without reads.
    pub fn hit_ratio(&self) -> Option<f64> {
        let reads = self.hits + self.misses;
        (reads > 0).then(|| self.hits as f64 / reads as f64)
    }
}

/// The calls that one side, the cache or the store, had to carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// One row for every purpose that occurred, apart for clients' requests and for workers.
    pub causes: Vec<Cause>,
    /// The most calls in progress at once.
    pub concurrent_peak: u64,
    /// The most calls that began within 100 ms.
    pub burst_peak: u64,
    /// The most [reads of the origin](Load::origin_reads) that began within 100 ms. Of a cache it
    /// is not asked.
    pub origin_burst_peak: u64,
    /// Reads of the origin that it answered with "asked too often".
    pub throttled: u64,
    /// Loads of a key that began while another load of it was reading the store.
    pub duplicate_fills: u64,
}

impl Load {
    pub fn calls(&self) -> u64 {
        self.causes.iter().map(|cause| cause.calls).sum()
    }

    /// Calls that asked for a value: to answer a read, to fill, or to refresh.
    pub fn origin_reads(&self) -> u64 {
        let asking = self.causes.iter().filter(|cause| cause.purpose.asks_for_a_value());
        asking.map(|cause| cause.reads).sum()
    }

    /// Reads that were to bring a value into the cache: to fill, or to refresh.
    pub fn loads(&self) -> u64 {
        let loading = self.causes.iter().filter(|cause| cause.purpose.loads());
        loading.map(|cause| cause.reads).sum()
    }
}

/// Calls for one purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub purpose: Purpose,
    /// Made by a worker of the strategy, not while a client waited.
    pub background: bool,
    pub calls: u64,
    /// Calls that read (the rest write).
    pub reads: u64,
    pub rows: u64,
    pub bytes: u64,
    /// Time spent in these calls, added up.
    pub busy: Nanos,
    /// The part of it that was spent in calls that read.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reading: Nanos,
    pub failed: u64,
}

/// One interval of the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bucket {
    pub requests: u64,
    pub failed: u64,
    pub hits: u64,
    pub misses: u64,
    /// Reads of the origin: see [`Load::origin_reads`].
    pub store_reads: u64,
    /// The most reads of the origin in one 100 ms slot, of the slots that begin in this interval.
    #[serde(default)]
    pub store_burst: u64,
    pub store_writes: u64,
    /// Of the hits, those of an entry past its logical expiry.
    pub stale_served: u64,
    /// See [`Load::loads`].
    pub loads: u64,
    /// Of the loads, those that began while another one of the same key was reading the store.
    pub duplicate_loads: u64,
    /// How late the generator started the latest of the requests.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lag_max: Nanos,
    /// Response time of reads in this interval.
    pub reads: Distribution,
    /// Response time of every other operation.
    pub writes: Distribution,
}

fn is_zero(span: &Nanos) -> bool {
    *span == Nanos::ZERO
}
