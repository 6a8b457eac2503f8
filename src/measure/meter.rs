//! Folds samples and calls as they come.

use std::collections::BTreeMap;

use super::latency::LatencyMeter;
use super::load::LoadMeter;
use super::measures::{Bucket, Failed, Lookups, Measures};
use super::node::NodeMeter;
use super::timeline::Timeline;
use super::totals::Totals;
use crate::model::{Call, Distribution, Fault, Injected, Nanos, Op, Sample, ServedBy, Side};

/// The figures of one run, while it runs.
pub struct Meter {
    start: Nanos,
    end: Nanos,
    measures: Measures,
    latency: LatencyMeter,
    failed: BTreeMap<(Op, Fault), u64>,
    cache: LoadMeter,
    store: LoadMeter,
    node: NodeMeter,
    totals: Totals,
    /// Requests that started when they were meant to: under virtual time all.
    on_time: u64,
    /// The lag by bucket, where something breaks: which of them count is known in the end.
    lags: Vec<Distribution>,
}

impl Meter {
    /// A meter for the window `[start, end)`. A request belongs to it by its intended start, a
    /// call by its start.
    pub fn new(start: Nanos, end: Nanos, timeline: Timeline) -> Self {
        let window = end - start;
        let (bucket, buckets) = (timeline.bucket(window), timeline.empty(window));
        let lags = match timeline {
            Timeline::Usual => Vec::new(),
            Timeline::Fine => vec![Distribution::coarse(); buckets.len()],
        };
        Self {
            start,
            end,
            lags,
            measures: Measures { window, bucket, timeline: buckets, ..Measures::default() },
            latency: LatencyMeter::default(),
            failed: BTreeMap::new(),
            cache: LoadMeter::new(window),
            store: LoadMeter::new(window),
            node: NodeMeter::default(),
            totals: Totals::default(),
            on_time: 0,
        }
    }

    pub fn sample(&mut self, sample: &Sample) {
        self.totals.sample(sample, (self.start, self.end));
        if sample.intended < self.start || sample.intended >= self.end {
            return;
        }
        let measures = &mut self.measures;
        measures.requests.intended += 1;
        let lag = sample.lag();
        match lag {
            Nanos::ZERO => self.on_time += 1,
            lag => measures.lag.record(lag),
        }
        measures.requests.undelivered += u64::from(sample.touches.undelivered);
        let index = ((sample.intended - self.start).0 / measures.bucket.0) as usize;
        if let Some(lags) = self.lags.get_mut(index) {
            lags.record(lag);
        }
        let bucket = &mut measures.timeline[index];
        bucket.requests += 1;
        bucket.lag_max = bucket.lag_max.max(lag);
        if let Some(fault) = sample.fault {
            bucket.failed += 1;
            *self.failed.entry((sample.op, fault)).or_default() += 1;
            return;
        }
        measures.requests.answered += 1;
        let (served_by, response) = (served_by(sample), sample.response());
        if sample.op.is_read() {
            measures.requests.reads += 1;
            bucket.reads.record(response);
            count_read(&mut measures.lookups, bucket, served_by);
        } else {
            measures.requests.writes += 1;
            bucket.writes.record(response);
        }
        self.latency.record(sample.op, served_by, response, sample.service());
    }

    pub fn calls(&mut self, calls: &[Call]) {
        for call in calls {
            self.totals.call(call);
            if call.started < self.start || call.started >= self.end {
                continue;
            }
            let since = call.started - self.start;
            match call.side {
                Side::Cache => self.cache.count(call, since),
                Side::Store => {
                    let index = (since.0 / self.measures.bucket.0) as usize;
                    let bucket = &mut self.measures.timeline[index];
                    if call.verb.writes() {
                        bucket.store_writes += 1;
                    } else if call.purpose.asks_for_a_value() {
                        bucket.store_reads += 1;
                        bucket.loads += u64::from(call.purpose.loads());
                        bucket.duplicate_loads += u64::from(call.duplicate);
                    }
                    self.store.count(call, since);
                }
                Side::Node => self.node.count(call),
            }
        }
    }

    /// What an interval of the timeline has had so far.
    pub fn so_far(&self, index: usize) -> Option<&Bucket> {
        self.measures.timeline.get(index)
    }

    /// The figures of the window in which all this broke, and the totals of the whole run. The window
    /// closed at `closed`, if that was before its time.
    pub fn finish(
        self,
        in_flight_peak: u64,
        closed: Option<Nanos>,
        broken: &[Injected],
    ) -> (Measures, Totals) {
        let mut measures = self.measures;
        measures.lag.record_many(Nanos::ZERO, self.on_time);
        if let Some(closed) = closed {
            measures.window = closed.min(self.end).since(self.start);
            let buckets = measures.window.0.div_ceil(measures.bucket.0) as usize;
            measures.timeline.truncate(buckets);
        }
        if !broken.is_empty() {
            let mut outside = Distribution::new();
            for (index, lag) in self.lags.iter().enumerate() {
                if !broken.iter().any(|fault| fault.is_felt_in(measures.bucket, index)) {
                    outside.merge(lag);
                }
            }
            measures.lag_outside_faults = Some(outside);
        }
        for (bucket, burst) in self.store.origin_bursts(measures.bucket) {
            if let Some(bucket) = measures.timeline.get_mut(bucket) {
                bucket.store_burst = burst;
            }
        }
        measures.requests.in_flight_peak = in_flight_peak;
        measures.requests.failed = self
            .failed
            .into_iter()
            .map(|((op, fault), count)| Failed { op, fault, count })
            .collect();
        measures.latency = self.latency.finish();
        measures.cache = self.cache.finish();
        measures.store = self.store.finish();
        (measures.node, measures.coding) = self.node.finish();
        (measures, self.totals)
    }
}

fn count_read(lookups: &mut Lookups, bucket: &mut Bucket, served_by: ServedBy) {
    if served_by == ServedBy::Store {
        lookups.misses += 1;
        bucket.misses += 1;
    } else {
        lookups.hits += 1;
        bucket.hits += 1;
    }
    match served_by {
        ServedBy::Node => lookups.from_node += 1,
        ServedBy::Coalesced => lookups.coalesced += 1,
        ServedBy::Stale => {
            lookups.stale_served += 1;
            bucket.stale_served += 1;
        }
        ServedBy::Cache | ServedBy::Store | ServedBy::Nothing => {}
    }
}

/// What the answer came from. A write is the store's if it waited for the store, else the cache's.
fn served_by(sample: &Sample) -> ServedBy {
    if sample.op.is_read() {
        sample.touches.served_by()
    } else if sample.touches.store_writes > 0 {
        ServedBy::Store
    } else {
        ServedBy::Cache
    }
}

#[cfg(test)]
mod tests;
