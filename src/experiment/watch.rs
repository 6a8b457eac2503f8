//! Passes what the driver sees to the judge and the meter.

use std::fs;

use super::Progress;
use super::intervals::Intervals;
use crate::driver::Observer;
use crate::judge::Judge;
use crate::measure::{Meter, Resident};
use crate::model::{Call, Key, Nanos, Sample};

/// How often the generator's own memory is looked at.
const LOOK_EVERY: Nanos = Nanos::from_secs(1);

pub struct Watch<'a> {
    pub judge: Judge,
    pub meter: Meter,
    pub memory: Memory,
    pub intervals: Intervals,
    pub progress: &'a dyn Progress,
    /// When the plan began, on the clock that samples are told in.
    pub start: Nanos,
    /// When the last sample ended.
    pub now: Nanos,
}

/// The generator's own memory in the course of the measured window.
pub struct Memory {
    next_look: Nanos,
    resident: Option<Resident>,
}

impl Memory {
    /// Of a window that opens at `opens`; `NEVER` where nobody wants to know.
    pub const fn from(opens: Nanos) -> Self {
        Self { next_look: opens, resident: None }
    }

    fn pass(&mut self, now: Nanos) {
        if now < self.next_look {
            return;
        }
        self.next_look = now + LOOK_EVERY;
        let Some(bytes) = in_memory() else { return };
        self.resident.get_or_insert(Resident::open(bytes)).see(bytes);
    }

    /// What it was, the end included.
    pub fn finish(mut self) -> Option<Resident> {
        if let (Some(resident), Some(bytes)) = (&mut self.resident, in_memory()) {
            resident.see(bytes);
        }
        self.resident
    }
}

/// Bytes of this process that are in memory, where the machine says so.
fn in_memory() -> Option<u64> {
    Resident::in_status(&fs::read_to_string("/proc/self/status").ok()?)
}

impl Observer for Watch<'_> {
    fn expect(&mut self, keys: &[Key]) {
        self.judge.expect(keys);
    }

    fn sample(&mut self, sample: &Sample) {
        self.judge.observe(sample);
        self.meter.sample(sample);
        self.now = sample.ended;
    }

    /// To the judge it is a read as any other; the meter measures requests as a whole.
    fn first_read(&mut self, sample: &Sample) {
        self.judge.observe(sample);
    }

    fn calls(&mut self, calls: &[Call]) {
        self.meter.calls(calls);
    }

    fn watermark(&mut self, watermark: Nanos) {
        self.judge.advance(watermark);
        self.memory.pass(self.now);
        self.intervals.pass(self.now, &self.judge, &self.meter, self.progress);
        self.progress.advance(self.now - self.start);
    }
}
