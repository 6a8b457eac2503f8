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
}

impl Observer for Watch<'_> {
    fn sample(&mut self, sample: &Sample) {
        self.judge.observe(sample);
        self.meter.sample(sample);
        self.progress.advance(sample.ended);
    }

    fn calls(&mut self, calls: &[Call]) {
        self.meter.calls(calls);
    }

    fn watermark(&mut self, watermark: Nanos) {
        self.judge.advance(watermark);
    }
}
