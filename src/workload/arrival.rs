//! When the requests of an open loop are meant to start.

use super::chance::{Axis, Draws, positive_unit};
use super::options::Arrival;
use crate::model::Nanos;

/// The intended starts of an open loop, request by request, counted from the start of the plan.
///
/// They never end: whoever drives the plan stops where its window does. Empty for a closed loop,
/// whose requests start when answers come.
#[derive(Clone, Debug)]
pub struct Arrivals {
    process: Process,
    number: u64,
}

#[derive(Clone, Debug)]
enum Process {
    Constant { rate: f64 },
    Poisson { rate: f64, gaps: Draws, elapsed_nanos: f64 },
    Closed,
}

impl Arrivals {
    pub(super) fn new(arrival: Arrival, seed: u64) -> Self {
        let process = match arrival {
            Arrival::Constant(rate) => Process::Constant { rate: rate.rate },
            Arrival::Poisson(rate) => Process::Poisson {
                rate: rate.rate,
                gaps: Draws::new(seed, Axis::Gap),
                elapsed_nanos: 0.0,
            },
            Arrival::Closed(_) => Process::Closed,
        };
        Self { process, number: 0 }
    }
}

impl Iterator for Arrivals {
    type Item = Nanos;

    fn next(&mut self) -> Option<Nanos> {
        let number = self.number;
        self.number += 1;
        match &mut self.process {
            // From the number, not by adding gaps: an inexact gap must not add up to a drift.
            Process::Constant { rate } => Some(Nanos((number as f64 * 1e9 / *rate).round() as u64)),
            Process::Poisson { rate, gaps, elapsed_nanos } => {
                *elapsed_nanos -= libm::log(positive_unit(gaps.at(number))) * 1e9 / *rate;
                Some(Nanos(elapsed_nanos.round() as u64))
            }
            Process::Closed => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Closed, Rate};

    #[test]
    fn constant_arrivals_do_not_drift() {
        let mut arrivals = Arrivals::new(Arrival::Constant(Rate { rate: 3_000.0 }), 1);
        assert_eq!(arrivals.next(), Some(Nanos(0)));
        assert_eq!(arrivals.next(), Some(Nanos(333_333)));
        assert_eq!(arrivals.nth(2_999_997), Some(Nanos::from_secs(1_000) - Nanos(333_333)));
    }

    #[test]
    fn poisson_gaps_have_the_mean_and_the_variance_of_an_exponential() {
        const COUNT: usize = 200_000;
        let rate = 2_500.0;
        let times: Vec<f64> = Arrivals::new(Arrival::Poisson(Rate { rate }), 7)
            .take(COUNT)
            .map(Nanos::as_secs_f64)
            .collect();
        let gaps = times.windows(2).map(|pair| (pair[1] - pair[0]) * rate);
        let (mut sum, mut squares) = (0.0, 0.0);
        for gap in gaps {
            sum += gap;
            squares += gap * gap;
        }
        let n = (COUNT - 1) as f64;
        let mean = sum / n;
        let variance = squares / n - mean * mean;
        // The standard errors of the two are 1 / sqrt(n) and sqrt(8 / n).
        assert!((mean - 1.0).abs() < 4.0 / n.sqrt(), "mean {mean}");
        assert!((variance - 1.0).abs() < 4.0 * (8.0 / n).sqrt(), "variance {variance}");
        assert!(times.is_sorted());
    }

    #[test]
    fn poisson_counts_in_equal_intervals_vary_as_much_as_their_mean() {
        let rate = 1_000.0;
        let mut counts = vec![0.0; 10_000];
        for time in Arrivals::new(Arrival::Poisson(Rate { rate }), 11) {
            match counts.get_mut((time.0 / 10_000_000) as usize) {
                Some(count) => *count += 1.0,
                None => break,
            }
        }
        let n = counts.len() as f64;
        let mean = counts.iter().sum::<f64>() / n;
        let variance = counts.iter().map(|count| (count - mean) * (count - mean)).sum::<f64>() / n;
        let dispersion = variance / mean;
        assert!((dispersion - 1.0).abs() < 4.0 * (2.0 / n).sqrt(), "dispersion {dispersion}");
    }

    #[test]
    fn a_closed_loop_has_no_intended_starts() {
        let closed = Closed { clients: 5, think: Default::default() };
        assert_eq!(Arrivals::new(Arrival::Closed(closed), 1).next(), None);
    }
}
