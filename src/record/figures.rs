//! What the runs of a contender come to together: the figures that every report takes.

use super::{Coded, Contender, Distribution, Latency, Nanos, Op, Run};

impl Contender {
    /// Response time of `op` over all runs and whatever served it.
    pub fn response(&self, op: Op) -> Distribution {
        self.merged(op, |latency| &latency.response)
    }

    /// Service time of `op` over all runs and whatever served it.
    pub fn service(&self, op: Op) -> Distribution {
        self.merged(op, |latency| &latency.service)
    }

    /// A figure of all runs added up.
    pub fn total(&self, figure: impl Fn(&Run) -> u64) -> u64 {
        self.runs.iter().map(figure).sum()
    }

    /// Reads answered without the store, as a share of all answered reads.
    pub fn hit_ratio(&self) -> Option<f64> {
        let hits = self.total(|run| run.measures.lookups.hits);
        let misses = self.total(|run| run.measures.lookups.misses);
        share(hits, hits + misses)
    }

    /// Reads of the origin, at its full cost, for each request that was answered. What the store
    /// reads beside that (an outbox, a version) is in its load by cause.
    pub fn store_reads_per_request(&self) -> Option<f64> {
        let reads = self.total(|run| run.measures.store.origin_reads());
        share(reads, self.total(|run| run.measures.requests.answered))
    }

    /// Definitely stale reads as a share of all judged reads.
    pub fn stale_share(&self) -> Option<f64> {
        let stale = self.total(|run| run.findings.definitely_stale);
        share(stale, self.total(|run| run.findings.reads))
    }

    /// The longest time that a value which was served had certainly been superseded.
    pub fn staleness_max(&self) -> Nanos {
        self.runs.iter().map(|run| run.findings.age_at_least.max()).max().unwrap_or_default()
    }

    /// Reads answered from the node's own tier, as a share of all answered reads; `None` where
    /// nodes have no tier.
    pub fn node_hit_share(&self) -> Option<f64> {
        let lookups = self.total(|run| run.measures.node.hits + run.measures.node.misses);
        let hits = self.total(|run| run.measures.lookups.from_node);
        self.share_of_reads(hits).filter(|_| lookups > 0)
    }

    /// Reads that waited for another request's load, as a share of all answered reads.
    pub fn coalesced_share(&self) -> Option<f64> {
        self.share_of_reads(self.total(|run| run.measures.lookups.coalesced))
    }

    /// Reads answered with an entry past its logical expiry, by the clock, as a share of all
    /// answered reads. Whether the row had changed is the judge's to say.
    pub fn stale_served_share(&self) -> Option<f64> {
        self.share_of_reads(self.total(|run| run.measures.lookups.stale_served))
    }

    /// Loads for each of those that were no duplicate; `None` where nothing was loaded.
    pub fn store_reads_per_expiry(&self) -> Option<f64> {
        let loads = self.total(|run| run.measures.store.loads());
        let duplicates = self.total(|run| run.measures.store.duplicate_fills);
        share(loads, loads.saturating_sub(duplicates))
    }

    /// The most reads of the origin that began within 100 ms.
    pub fn store_burst(&self) -> Option<u64> {
        self.runs.iter().map(|run| run.measures.store.origin_burst_peak).max()
    }

    /// Reads of the origin that it answered with "asked too often", as a share of all of them.
    pub fn throttled_share(&self) -> Option<f64> {
        let throttled = self.total(|run| run.measures.store.throttled);
        share(throttled, self.total(|run| run.measures.store.origin_reads()))
    }

    /// Reads that did not show the same client's own write, as a share of all judged reads.
    pub fn read_your_writes_share(&self) -> Option<f64> {
        self.share_of_judged(self.total(|run| run.findings.read_your_writes_violations))
    }

    /// Reads that went back behind what the same client had read, as a share of all judged reads.
    pub fn monotonic_share(&self) -> Option<f64> {
        self.share_of_judged(self.total(|run| run.findings.monotonic_violations))
    }

    /// Bytes that a run added to the cache's memory, as the server says, the mean over runs.
    pub fn memory(&self) -> Option<u64> {
        let counters = self.runs.iter().filter_map(|run| run.cache_counters.as_ref());
        let used: Vec<u64> = counters.map(|counters| counters.used_memory).collect();
        used.iter().sum::<u64>().checked_div(used.len() as u64)
    }

    /// Bytes of an entry as it was made, the mean; `None` where none was made.
    pub fn entry_size(&self) -> Option<u64> {
        let encoded = self.encoded();
        encoded.kept_bytes.checked_div(encoded.count)
    }

    /// Bytes by which entries are smaller than their values, as a share of the values; below zero
    /// where an entry's header costs more than is saved.
    pub fn saved_share(&self) -> Option<f64> {
        let encoded = self.encoded();
        share(encoded.kept_bytes, encoded.plain_bytes).map(|kept| 1.0 - kept)
    }

    /// Time to make one entry, the mean; `None` under virtual time.
    pub fn encode_time(&self) -> Option<Nanos> {
        self.encoded().mean_time()
    }

    /// Time to read one entry, the mean; `None` under virtual time.
    pub fn decode_time(&self) -> Option<Nanos> {
        self.coded(|run| run.measures.coding.decoded).mean_time()
    }

    pub fn lost_writes(&self) -> u64 {
        self.total(|run| run.audit.lost_writes)
    }

    /// Failed requests as a share of all.
    pub fn error_share(&self) -> Option<f64> {
        let failed = self.total(|run| run.measures.requests.failed.iter().map(|f| f.count).sum());
        share(failed, failed + self.total(|run| run.measures.requests.answered))
    }

    fn encoded(&self) -> Coded {
        self.coded(|run| run.measures.coding.encoded)
    }

    fn coded(&self, part: impl Fn(&Run) -> Coded) -> Coded {
        self.runs.iter().map(part).fold(Coded::default(), Coded::with)
    }

    fn share_of_reads(&self, reads: u64) -> Option<f64> {
        share(reads, self.total(|run| run.measures.lookups.hits + run.measures.lookups.misses))
    }

    fn share_of_judged(&self, reads: u64) -> Option<f64> {
        share(reads, self.total(|run| run.findings.reads))
    }

    fn merged(&self, op: Op, part: impl Fn(&Latency) -> &Distribution) -> Distribution {
        let mut merged = Distribution::new();
        for latency in self.runs.iter().flat_map(|run| &run.measures.latency) {
            if latency.op == op {
                merged.merge(part(latency));
            }
        }
        merged
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
