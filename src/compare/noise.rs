//! The noise floor: by how much the figures of a strategy differ from those of its twin, which is the
//! same strategy once more (an A/A run). Between strategies, what differs by less is noise too.

use super::Metric;
use super::statistics::paired_change;
use crate::record::{Contender, Record};

/// How far a strategy and its twin were apart in one metric, as shares of the mean of the two.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Apart {
    /// Over pairs of runs, one of each.
    pub median: f64,
    pub largest: f64,
    pub pairs: usize,
}

/// Each strategy that has a twin in the record, with its twin.
pub fn pairs(record: &Record) -> Vec<(&Contender, &Contender)> {
    let twins = record.contenders.iter().filter_map(|twin| Some((twin, twin.twin_of.as_ref()?)));
    twins
        .filter_map(|(twin, of)| {
            let first = record.contenders.iter().find(|one| one.label == *of)?;
            Some((first, twin))
        })
        .collect()
}

/// Runs of the same repeat are a pair, for they were made one after the other. `None` where no pair
/// has the figure.
pub fn apart(metric: Metric, one: &Contender, twin: &Contender) -> Option<Apart> {
    let mut shares: Vec<f64> = one
        .runs
        .iter()
        .filter_map(|run| {
            let other = twin.runs.iter().find(|other| other.repeat == run.repeat)?;
            let value = metric.of_run(one, run)?.value();
            Some(relative(value, metric.of_run(twin, other)?.value()))
        })
        .collect();
    shares.sort_by(f64::total_cmp);
    let pairs = shares.len();
    let (low, high) = (*shares.get(pairs.saturating_sub(1) / 2)?, *shares.get(pairs / 2)?);
    Some(Apart { median: (low + high) / 2.0, largest: *shares.last()?, pairs })
}

/// The largest difference between any strategy and its twin: what has come about by itself may come
/// about by itself again. `None` where no strategy has a twin with the figure.
pub fn floor(metric: Metric, record: &Record) -> Option<f64> {
    let found = pairs(record).into_iter().filter_map(|(one, twin)| apart(metric, one, twin));
    found.map(|apart| apart.largest).max_by(f64::total_cmp)
}

/// How far any strategy is from its twin over all pairs of runs together: what a comparison may come to
/// by itself. The largest of all strategies that have a twin.
pub fn shift(metric: Metric, record: &Record) -> Option<f64> {
    let found = pairs(record).into_iter().filter_map(|(one, twin)| {
        let both: Vec<(f64, f64)> = one
            .runs
            .iter()
            .filter_map(|run| {
                let other = twin.runs.iter().find(|other| other.repeat == run.repeat)?;
                let value = metric.of_run(one, run)?.value();
                Some((value, metric.of_run(twin, other)?.value()))
            })
            .collect();
        paired_change(&both).map(f64::abs)
    });
    found.max_by(f64::total_cmp)
}

/// How far two figures are apart, as a share of their mean.
pub fn relative(x: f64, y: f64) -> f64 {
    let mean = (x.abs() + y.abs()) / 2.0;
    if mean > 0.0 { (x - y).abs() / mean } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_a_share_of_the_mean() {
        assert_eq!(relative(0.0, 0.0), 0.0);
        assert_eq!(relative(3.0, 1.0), 1.0);
        assert!((relative(99.0, 101.0) - 0.02).abs() < 1e-12);
        assert_eq!(relative(0.0, 5.0), 2.0, "as far as two figures can be");
    }
}
