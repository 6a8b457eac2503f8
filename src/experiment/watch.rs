//! Passes what the driver sees to the judge and the meter.

use super::Progress;
use crate::driver::Observer;
use crate::judge::Judge;
use crate::measure::Meter;
use crate::model::{Call, Nanos, Sample};

pub struct Watch<'a> {
    pub judge: Judge,
    pub meter: Meter,
    pub progress: &'a dyn Progress,
    /// When the plan began, on the clock that samples are told in.
    pub start: Nanos,
}

impl Observer for Watch<'_> {
    fn sample(&mut self, sample: &Sample) {
        self.judge.observe(sample);
        self.meter.sample(sample);
        self.progress.advance(sample.ended - self.start);
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
    }
}
