//! What a correct run must show: closed forms for hit ratio, staleness and store load.
//!
//! Times are in seconds and rates per second, as `f64`. Every form assumes Poisson reads and writes
//! that are independent of each other and between keys, with rates that do not change. A function
//! over several keys weighs each by its own rate, so it holds for any popularity; unless its
//! documentation says otherwise, loads take no time. Where a form assumes more, it says so, and a
//! run outside its assumptions is not expected to agree.
//!
//! The forms for one key are derived by renewal: one life of a cache entry is a cycle, and by
//! PASTA (Wolff, "Poisson arrivals see time averages", 1982) reads see the entry as present for the
//! share of time that it is.

pub mod eviction;
pub mod goodness;
pub mod hit_ratio;
pub mod queue;
pub mod refresh;
pub mod relay;
pub mod staleness;
pub mod stampede;
pub mod write_behind;

#[cfg(test)]
mod simulation;

/// How often one key is read and written, a second.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KeyRate {
    pub reads: f64,
    pub writes: f64,
}

impl KeyRate {
    pub const fn new(reads: f64, writes: f64) -> Self {
        Self { reads, writes }
    }
}

/// The rates of keys that are asked for with these probabilities, `requests` times a second
/// altogether, of which a share of `reads` reads and the rest writes.
pub fn rates(probabilities: &[f64], requests: f64, reads: f64) -> Vec<KeyRate> {
    probabilities
        .iter()
        .map(|chance| {
            let rate = chance * requests;
            KeyRate::new(rate * reads, rate * (1.0 - reads))
        })
        .collect()
}

/// The mean of `value` over all keys, each weighing as much as `weight` says; 0 where none weighs
/// anything.
fn weighted_mean(
    rates: &[KeyRate],
    weight: impl Fn(KeyRate) -> f64,
    value: impl Fn(KeyRate) -> f64,
) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for &rate in rates {
        let weight = weight(rate);
        if weight > 0.0 {
            sum += weight * value(rate);
            weights += weight;
        }
    }
    if weights > 0.0 { sum / weights } else { 0.0 }
}

/// The mean over reads.
fn over_reads(rates: &[KeyRate], value: impl Fn(KeyRate) -> f64) -> f64 {
    weighted_mean(rates, |rate| rate.reads, value)
}

/// `(1 - e^(-rate * span)) / rate`: how long something lasts that ends at the first event of a
/// Poisson process or after `span`, whichever comes first. `span` where there are no events.
fn until_event(rate: f64, span: f64) -> f64 {
    if rate > 0.0 { -libm::expm1(-rate * span) / rate } else { span }
}
