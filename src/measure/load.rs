//! Folds the calls that one side has to carry.

use std::collections::BTreeMap;

use super::measures::{Cause, Load};
use crate::model::{Answer, Call, Fault, FaultKind, Nanos, Purpose};

/// Calls that begin within this span are a burst.
const BURST: Nanos = Nanos::from_millis(100);
/// Bursts are looked for in so many spans, which is a day: memory must not grow with the window.
const BURSTS_MAX: u64 = 24 * 60 * 60 * 10;

pub struct LoadMeter {
    /// By purpose, and by whether it was in the background.
    causes: [[Cause; 2]; Purpose::ALL.len()],
    bursts: Vec<u32>,
    origin_bursts: Vec<u32>,
    concurrent_peak: u64,
    throttled: u64,
    duplicate_fills: u64,
}

impl LoadMeter {
    pub fn new(window: Nanos) -> Self {
        let slots = window.0.div_ceil(BURST.0).min(BURSTS_MAX) as usize;
        Self {
            causes: Purpose::ALL.map(|purpose| [false, true].map(|it| nothing(purpose, it))),
            bursts: vec![0; slots],
            origin_bursts: vec![0; slots],
            concurrent_peak: 0,
            throttled: 0,
            duplicate_fills: 0,
        }
    }

    /// Counts a call that started `since` the window opened.
    pub fn count(&mut self, call: &Call, since: Nanos) {
        let cause = &mut self.causes[call.purpose as usize][usize::from(call.background)];
        cause.calls += 1;
        cause.reads += u64::from(!call.verb.writes());
        cause.rows += u64::from(call.rows);
        cause.bytes += u64::from(call.bytes);
        let took = call.ended - call.started;
        cause.busy += took;
        cause.reading += if call.verb.writes() { Nanos::ZERO } else { took };
        cause.failed += u64::from(matches!(call.answer, Answer::Failed(_)));
        self.concurrent_peak = self.concurrent_peak.max(u64::from(call.concurrent));
        self.duplicate_fills += u64::from(call.duplicate);
        let slot = (since.0 / BURST.0) as usize;
        if let Some(calls) = self.bursts.get_mut(slot) {
            *calls = calls.saturating_add(1);
        }
        if !call.verb.writes() && call.purpose.asks_for_a_value() {
            if let Some(reads) = self.origin_bursts.get_mut(slot) {
                *reads = reads.saturating_add(1);
            }
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
            *peak = u64::from(reads).max(*peak);
        }
        bursts
    }

    pub fn finish(self) -> Load {
        let causes = self.causes.into_iter().flatten();
        Load {
            causes: causes.filter(|cause| cause.calls > 0).collect(),
            concurrent_peak: self.concurrent_peak,
            burst_peak: self.bursts.into_iter().max().unwrap_or_default().into(),
            origin_burst_peak: self.origin_bursts.into_iter().max().unwrap_or_default().into(),
            throttled: self.throttled,
            duplicate_fills: self.duplicate_fills,
        }
    }
}

const fn nothing(purpose: Purpose, background: bool) -> Cause {
    Cause {
        purpose,
        background,
        calls: 0,
        reads: 0,
        rows: 0,
        bytes: 0,
        busy: Nanos::ZERO,
        reading: Nanos::ZERO,
        failed: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Side, Verb};

    #[test]
    fn a_purpose_is_where_its_number_says() {
        assert!(Purpose::ALL.into_iter().enumerate().all(|(number, it)| it as usize == number));
    }

    #[test]
    fn a_window_of_a_week_takes_no_more_than_one_of_a_day() {
        let day = Nanos::from_secs(24 * 60 * 60);
        let mut week = LoadMeter::new(Nanos(7 * day.0));
        let call = Call {
            side: Side::Store,
            purpose: Purpose::Fill,
            verb: Verb::Read,
            key: None,
            started: Nanos::ZERO,
            ended: Nanos::ZERO,
            answer: Answer::Done,
            rows: 1,
            bytes: 1,
            plain_bytes: 0,
            concurrent: 1,
            duplicate: false,
            background: false,
        };
        for since in [Nanos::ZERO, day - Nanos(1), day, Nanos(6 * day.0)] {
            week.count(&call, since);
        }
        assert_eq!(week.bursts.len(), LoadMeter::new(day).bursts.len());
        let load = week.finish();
        assert_eq!((load.origin_reads(), load.origin_burst_peak), (4, 1));
    }
}
