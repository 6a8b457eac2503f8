//! When the requests of an open loop are meant to start.

mod before;

use super::chance::{Axis, Draws, positive_unit};
use super::curve::Curve;
use super::options::Arrival;
use crate::model::Nanos;

/// The intended starts of an open loop, request by request, counted from the start of the plan.
///
/// They never end: whoever drives the plan stops where its window does. Empty for a closed loop,
/// whose requests start when answers come.
#[derive(Clone, Debug)]
pub struct Arrivals {
    open: Option<(Process, Curve)>,
    number: u64,
}

/// How requests are spread, in time that runs as fast as the rate is high: there one comes in each
/// unit on average.
#[derive(Clone, Debug)]
enum Process {
    /// The number of requests before it.
    Even,
    /// The sum of exponential gaps, in units of 2^-64, in which it is exact: rounding must not add up
    /// to a drift.
    Poisson { gaps: Draws, sum: u128 },
}

/// Units of a sum of gaps in 1.
const ONE: f64 = 18_446_744_073_709_551_616.0;

impl Arrivals {
    /// `curve` is the rate of an open loop.
    pub(super) fn new(arrival: &Arrival, curve: Option<&Curve>, seed: u64) -> Self {
        let process = match arrival {
            Arrival::Even(_) => Some(Process::Even),
            Arrival::Poisson(_) => {
                Some(Process::Poisson { gaps: Draws::new(seed, Axis::Gap), sum: 0 })
            }
            Arrival::Closed(_) => None,
        };
        Self { open: process.zip(curve.cloned()), number: 0 }
    }
}

impl Iterator for Arrivals {
    type Item = Nanos;

    fn next(&mut self) -> Option<Nanos> {
        let (process, curve) = self.open.as_mut()?;
        let number = self.number;
        self.number += 1;
        let due = match process {
            Process::Even => number as f64,
            Process::Poisson { gaps, sum } => {
                *sum += in_units(-libm::log(positive_unit(gaps.at(number))));
                to_float(*sum)
            }
        };
        Some(curve.when(due))
    }
}

/// A gap in units of 2^-64, rounded down as `(gap * ONE) as u128` is, which is a call. It is below 64.
fn in_units(gap: f64) -> u128 {
    let whole = gap as u64;
    u128::from(whole) << 64 | u128::from(((gap - whole as f64) * ONE) as u64)
}

/// A sum in units of 2^-64, rounded as `sum as f64 / ONE` is, which takes three times as long: the
/// compiler has that done bit by bit.
fn to_float(sum: u128) -> f64 {
    let (whole, part) = ((sum >> 64) as u64, sum as u64);
    if whole == 0 {
        return part as f64 / ONE;
    }
    // The first 63 digits, of which the last also stands for all that follow: it decides no more than
    // on which side of a half they are.
    let shift = whole.leading_zeros();
    let digits = whole << shift | part >> 1 >> (63 - shift);
    let rest = digits & 1 | u64::from(part << shift != 0);
    (digits >> 1 | rest) as f64 * f64::from_bits(u64::from(1024 - shift) << 52)
}

#[cfg(test)]
mod tests;
