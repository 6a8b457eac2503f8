//! Gaps of a Poisson process, in time that runs as fast as the rate is high: there they are exponential with
//! mean 1, whatever the rate does.

use super::{CLASSES, Tally};
use crate::model::Nanos;
use crate::workload::curve::Curve;

/// A million gaps say all that there is to say; and with many more, it would be seen that intended
/// starts are whole nanoseconds.
const COUNTED_MAX: u64 = 1_000_000;
/// Above this rate a nanosecond is too coarse for the gaps between requests.
const RATE_MAX: f64 = 1_000_000.0;
/// Steps of the guide in each unit of a gap, and in all of it.
const STEPS: f64 = 32.0;
const STEPS_MAX: usize = 192;
/// Nearer to the end of a class than this, rounding may have its say. It is far more than that moves.
const MARGIN: f64 = 1e-12;

/// Counts gaps, in classes of equal probability.
pub struct Gaps<'c> {
    curve: &'c Curve,
    ends: Ends,
    classes: Vec<(u64, f64)>,
    /// How many requests should have come before the last start.
    before: f64,
    /// How many are still to be counted.
    left: u64,
}

impl<'c> Gaps<'c> {
    /// By this rate. `None` where starts are too close to tell.
    pub fn of(curve: &'c Curve) -> Option<Self> {
        let classes = vec![(0, 1.0 / CLASSES as f64); CLASSES];
        (curve.peak() <= RATE_MAX).then(|| Self {
            curve,
            ends: Ends::new(),
            classes,
            before: 0.0,
            left: COUNTED_MAX,
        })
    }

    /// Counts the gap before `start`. Starts come in their order.
    pub fn count(&mut self, start: Nanos) {
        if self.left > 0 {
            self.left -= 1;
            let count = self.curve.count(start);
            self.classes[self.ends.class_of(count - self.before)].0 += 1;
            self.before = count;
        }
    }

    pub fn tally(self) -> Tally {
        Tally { of: "gaps", classes: self.classes }
    }
}

/// Where each class ends: most gaps are told from that by comparing.
struct Ends {
    ends: [f64; CLASSES],
    /// The class in which each step begins.
    guide: [u8; STEPS_MAX],
}

impl Ends {
    fn new() -> Self {
        let mut ends = [f64::INFINITY; CLASSES];
        for (class, end) in (1..CLASSES).zip(&mut ends) {
            *end = -libm::log1p(-(class as f64 / CLASSES as f64));
        }
        let class = |step| ends.partition_point(|end| *end < step as f64 / STEPS) as u8;
        Self { guide: std::array::from_fn(class), ends }
    }

    fn class_of(&self, gap: f64) -> usize {
        let step = ((gap * STEPS) as usize).min(STEPS_MAX - 1);
        let mut class = usize::from(self.guide[step]);
        while self.ends[class] < gap {
            class += 1;
        }
        let begins = if class == 0 { f64::NEG_INFINITY } else { self.ends[class - 1] };
        let is_certain = gap - begins > MARGIN && self.ends[class] - gap > MARGIN;
        if is_certain { class } else { by_probability(gap) }
    }
}

/// The class of a gap by the probability of a shorter one.
fn by_probability(gap: f64) -> usize {
    let up_to = -libm::expm1(-gap);
    ((up_to * CLASSES as f64) as usize).min(CLASSES - 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn comparing_tells_the_class_that_the_probability_does(gap in 0.0..50.0_f64, units in -9_i64..9) {
            let ends = Ends::new();
            prop_assert_eq!(ends.class_of(gap), by_probability(gap));
            // And around every end.
            for end in &ends.ends[..CLASSES - 1] {
                for around in [
                    f64::from_bits(end.to_bits().wrapping_add_signed(units)),
                    end + units as f64 * MARGIN / 4.0,
                    end + gap * 1e-9,
                ] {
                    prop_assert_eq!(ends.class_of(around), by_probability(around), "{}", around);
                }
            }
        }
    }

    #[test]
    fn no_gap_at_all_and_the_longest_have_their_classes() {
        let ends = Ends::new();
        assert_eq!(
            [0.0, -0.0, 1e-300, 1e300].map(|gap| ends.class_of(gap)),
            [0, 0, 0, CLASSES - 1]
        );
    }
}
