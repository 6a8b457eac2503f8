//! Folds the calls that one side has to carry.

use std::collections::BTreeMap;

use super::measures::{Cause, Load};
use crate::model::{Answer, Call, Fault, FaultKind, Nanos, Purpose};

/// Calls that begin within this span are a burst.
const BURST: Nanos = Nanos::from_millis(100);

pub struct LoadMeter {
    causes: BTreeMap<(Purpose, bool), Cause>,
    bursts: Vec<u64>,
    origin_bursts: Vec<u64>,
    concurrent_peak: u64,
    throttled: u64,
    duplicate_fills: u64,
}

impl LoadMeter {
    pub fn new(window: Nanos) -> Self {
        Self {
            causes: BTreeMap::new(),
            bursts: vec![0; window.0.div_ceil(BURST.0) as usize],
            origin_bursts: vec![0; window.0.div_ceil(BURST.0) as usize],
            concurrent_peak: 0,
            throttled: 0,
            duplicate_fills: 0,
        }
    }

    /// Counts a call that started `since` the window opened.
    pub fn count(&mut self, call: &Call, since: Nanos) {
        let key = (call.purpose, call.background);
        let cause = self.causes.entry(key).or_insert(Cause {
            purpose: call.purpose,
            background: call.background,
            calls: 0,
            reads: 0,
            rows: 0,
            bytes: 0,
            busy: Nanos::ZERO,
            failed: 0,
        });
        cause.calls += 1;
        cause.reads += u64::from(!call.verb.writes());
        cause.rows += u64::from(call.rows);
        cause.bytes += u64::from(call.bytes);
        cause.busy += call.ended - call.started;
        cause.failed += u64::from(matches!(call.answer, Answer::Failed(_)));
        self.concurrent_peak = self.concurrent_peak.max(u64::from(call.concurrent));
        self.duplicate_fills += u64::from(call.duplicate);
        let slot = (since.0 / BURST.0) as usize;
        self.bursts[slot] += 1;
        if !call.verb.writes() && call.purpose.asks_for_a_value() {
            self.origin_bursts[slot] += 1;
            let throttled =
                matches!(call.answer, Answer::Failed(Fault { kind: FaultKind::Throttled, .. }));
            self.throttled += u64::from(throttled);
        }
    }

    /// The most reads of the origin in one slot, for each interval of this width: those of the slots
    /// that begin in it.
    pub fn origin_bursts(&self, width: Nanos) -> BTreeMap<usize, u64> {
        let mut bursts = BTreeMap::new();
        for (slot, &reads) in self.origin_bursts.iter().enumerate() {
            let peak: &mut u64 =
                bursts.entry((slot as u64 * BURST.0 / width.0) as usize).or_default();
            *peak = reads.max(*peak);
        }
        bursts
    }

    pub fn finish(self) -> Load {
        Load {
            causes: self.causes.into_values().collect(),
            concurrent_peak: self.concurrent_peak,
            burst_peak: self.bursts.into_iter().max().unwrap_or_default(),
            origin_burst_peak: self.origin_bursts.into_iter().max().unwrap_or_default(),
            throttled: self.throttled,
            duplicate_fills: self.duplicate_fills,
        }
    }
}
