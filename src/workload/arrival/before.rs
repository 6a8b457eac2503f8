//! How many requests come before a moment, counted without the logarithm of every gap.

use super::{Arrivals, Process};
use crate::model::Nanos;
use crate::workload::chance::{Draws, positive_unit};
use crate::workload::curve::Curve;

/// The sum of so many gaps is the logarithm of one product, which is above 2^-848.
const TOGETHER: u64 = 16;
/// Nearer to the moment than this, in requests, every gap is added by itself. It is far more than a
/// nanosecond is at any rate.
const NEAR: f64 = 1.0;

impl Arrivals {
    /// How many of those that are still to come are meant to start before `moment`.
    pub fn count_before(self, moment: Nanos) -> u64 {
        let counted = match &self.open {
            Some((Process::Poisson { gaps, sum: 0 }, curve)) => by_products(*gaps, curve, moment),
            _ => None,
        };
        counted.unwrap_or_else(|| self.take_while(|due| *due < moment).count() as u64)
    }
}

/// The same for a Poisson process from its start. `None` where a request starts so near to the moment
/// that only the exact sum of all gaps tells on which side: one in thousands of counts of millions.
fn by_products(gaps: Draws, curve: &Curve, moment: Nanos) -> Option<u64> {
    let unit = |number| positive_unit(gaps.at(number));
    let far = curve.count(moment) - NEAR;
    let (mut number, mut sum) = (0, 0.0);
    loop {
        let product: f64 = (number..number + TOGETHER).map(unit).product();
        let after = sum - libm::log(product);
        if after >= far {
            break;
        }
        (number, sum) = (number + TOGETHER, after);
    }
    loop {
        sum -= libm::log(unit(number));
        let error = rounding(number);
        if curve.when((sum - error).max(0.0)) >= moment {
            return Some(number);
        }
        if curve.when(sum + error) >= moment {
            return None;
        }
        number += 1;
    }
}

/// What so many requests may be off, by their products and logarithms and by their sum: at most as much
/// as a last digit of each.
fn rounding(requests: u64) -> f64 {
    let requests = requests as f64 + 100.0;
    requests * (1e-14 + requests * 1e-17)
}
