//! Folds samples and calls as they come.

use std::collections::BTreeMap;

use super::load::LoadMeter;
use super::measures::{Bucket, Failed, Latency, Lookups, Measures};
use super::node::NodeMeter;
use super::timeline::Timeline;
use super::totals::Totals;
use crate::model::{Call, Distribution, Fault, Injected, Nanos, Op, Sample, ServedBy, Side};

/// The figures of one run, while it runs.
pub struct Meter {
    start: Nanos,
    end: Nanos,
    measures: Measures,
    latency: BTreeMap<(Op, ServedBy), (Distribution, Distribution)>,
    failed: BTreeMap<(Op, Fault), u64>,
    cache: LoadMeter,
    store: LoadMeter,
    node: NodeMeter,
    totals: Totals,
    /// The lag by bucket, where something breaks: which of them count is known in the end.
    lags: Vec<Distribution>,
}

impl Meter {
    /// A meter for the window `[start, end)`. A request belongs to it by its intended start, a
    /// call by its start.
    pub fn new(start: Nanos, end: Nanos, timeline: Timeline) -> Self {
        let window = end - start;
        let bucket = timeline.bucket(window);
        let lags = match timeline {
            Timeline::Usual => Vec::new(),
            Timeline::Fine => vec![timeline.distribution(); timeline.empty(window).len()],
        };
        let timeline = timeline.empty(window);
        Self {
            start,
            end,
            lags,
            measures: Measures { window, bucket, timeline, ..Measures::default() },
            latency: BTreeMap::new(),
            failed: BTreeMap::new(),
            cache: LoadMeter::new(window),
            store: LoadMeter::new(window),
            node: NodeMeter::default(),
            totals: Totals::default(),
        }
    }

    pub fn sample(&mut self, sample: &Sample) {
        self.totals.sample(sample, (self.start, self.end));
        if sample.intended < self.start || sample.intended >= self.end {
            return;
        }
        let measures = &mut self.measures;
        measures.requests.intended += 1;
        measures.lag.record(sample.lag());
        measures.requests.undelivered += u64::from(sample.touches.undelivered);
        let since = sample.intended - self.start;
        if let Some(lag) = self.lags.get_mut((since.0 / measures.bucket.0) as usize) {
            lag.record(sample.lag());
        }
        let bucket = bucket(&mut measures.timeline, measures.bucket, since);
        bucket.requests += 1;
        if let Some(fault) = sample.fault {
            bucket.failed += 1;
            *self.failed.entry((sample.op, fault)).or_default() += 1;
            return;
        }
        measures.requests.answered += 1;
        let served_by = served_by(sample);
        if sample.op.is_read() {
            measures.requests.reads += 1;
            bucket.reads.record(sample.response());
            count_read(&mut measures.lookups, bucket, served_by);
        } else {
            measures.requests.writes += 1;
            bucket.writes.record(sample.response());
        }
        let (response, service) = self.latency.entry((sample.op, served_by)).or_default();
        response.record(sample.response());
        service.record(sample.service());
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
                    let width = self.measures.bucket;
                    let bucket = bucket(&mut self.measures.timeline, width, since);
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

    /// The figures of the window in which all this broke, and the totals of the whole run. The window
    /// closed at `closed`, if that was before its time.
    pub fn finish(
        self,
        in_flight_peak: u64,
        closed: Option<Nanos>,
        broken: &[Injected],
    ) -> (Measures, Totals) {
        let mut measures = self.measures;
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
        measures.latency = self
            .latency
            .into_iter()
            .map(|((op, served_by), (response, service))| Latency {
                op,
                served_by,
                response,
                service,
            })
            .collect();
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

fn bucket(timeline: &mut [Bucket], width: Nanos, since: Nanos) -> &mut Bucket {
    &mut timeline[(since.0 / width.0) as usize]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Breakage, CacheBreakage, ClientId, Key, NodeId, Touches};

    fn late_by(intended: Nanos, lag: Nanos) -> Sample {
        Sample {
            request: 0,
            key: Key(0),
            op: Op::Read,
            node: NodeId(0),
            client: ClientId(0),
            intended,
            started: intended + lag,
            wrote_from: Nanos::NEVER,
            ended: intended + lag,
            seen: None,
            seen_writer: None,
            absent: false,
            written: None,
            fault: None,
            touches: Touches::default(),
        }
    }

    #[test]
    fn the_lag_outside_of_faults_is_that_of_intervals_without_one() {
        let second = Nanos::from_secs(1);
        let mut meter = Meter::new(Nanos::ZERO, Nanos::from_secs(10), Timeline::Fine);
        meter.sample(&late_by(second, Nanos::from_micros(50)));
        meter.sample(&late_by(Nanos::from_millis(4_050), Nanos::from_millis(700)));
        let what = Breakage::Cache(CacheBreakage::Paused);
        let (began, ended) = (Nanos::from_secs(4), Nanos::from_secs(5));
        let (measures, _) =
            meter.finish(1, None, &[Injected { what, began, ended, trouble: None }]);
        assert_eq!(measures.lag.len(), 2);
        let outside = measures.lag_outside_faults.unwrap();
        assert_eq!(outside.len(), 1);
        assert!(outside.max() < Nanos::from_micros(51));
    }
}
