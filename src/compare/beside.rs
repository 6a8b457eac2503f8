//! Holds a simulation against a real run of the same plan: counts have to agree within what chance makes
//! of them, latencies within a fifth.

use super::{Interval, Metric};
use crate::record::{Beside, Contender, Differing, Held, Record, exact};

/// How far a simulated latency may be off, as a share of the real one.
pub const LATENCY: f64 = 0.2;
/// Into how many parts a window is cut, and Student's t of a 95 % interval over so many.
const PARTS: usize = 10;
const T: f64 = 2.262;
/// Keys of a scenario that say where and how often it is run, and what is thought of it, but not what.
const OF_NO_MATTER: [&str; 7] =
    ["question", "notes", "look-at", "repeats", "thresholds", "prefer", "generator"];

/// Why two Records cannot be held against each other.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unlike {
    #[error("it is a simulation itself")]
    Simulated,
    #[error("another plan was asked of it: {theirs}, not {ours}")]
    Plan { theirs: String, ours: String },
    #[error("its scenario says otherwise: {path}: {theirs}, not {ours}")]
    Scenario { path: String, theirs: String, ours: String },
}

/// The figures of `simulated` that a comparison looks at first, beside those of `real`, for every
/// strategy that is in both.
///
/// # Errors
/// If they are not of the same plan and options.
pub fn beside(simulated: &Record, real: &Record) -> Result<Beside, Unlike> {
    check(simulated, real)?;
    let pairs = simulated.contenders.iter().filter_map(|one| {
        Some((one, real.contenders.iter().find(|other| other.label == one.label)?))
    });
    let figures = pairs.flat_map(|(one, other)| {
        Metric::PRIMARY.into_iter().filter_map(move |metric| held(metric, one, other))
    });
    Ok(Beside {
        started: real.started.clone(),
        host: real.host.clone(),
        cache: real.cache.clone(),
        store: real.store.clone(),
        figures: figures.collect(),
    })
}

fn check(simulated: &Record, real: &Record) -> Result<(), Unlike> {
    if real.is_simulated() {
        return Err(Unlike::Simulated);
    }
    let differing = exact::between("", &simulated.scenario, &real.scenario);
    let matters = |path: &str| {
        let is_server = ["cache.server", "store.server"].iter().any(|it| path.starts_with(it));
        let top = path.split('.').next().unwrap_or_default();
        // A strategy that only one of them has is no contradiction.
        !is_server && !OF_NO_MATTER.contains(&top)
    };
    let other = differing.into_iter().find(|it| {
        let absent = it.baseline == "nothing" || it.candidate == "nothing";
        matters(&it.path) && !(it.path.starts_with("strategies.") && absent)
    });
    if let Some(Differing { path, baseline: ours, candidate: theirs }) = other {
        return Err(Unlike::Scenario { path, theirs, ours });
    }
    let (ours, theirs) = (simulated.plan.hash.clone(), real.plan.hash.clone());
    if ours == theirs { Ok(()) } else { Err(Unlike::Plan { theirs, ours }) }
}

fn held(metric: Metric, simulated: &Contender, real: &Contender) -> Option<Held> {
    let (ours, theirs) = (metric.of(simulated)?.value(), metric.of(real)?.value());
    let half = match metric {
        Metric::ReadP50 | Metric::ReadP99 | Metric::UpdateP50 | Metric::UpdateP99 => {
            theirs * LATENCY
        }
        _ => half_width(metric, simulated, real)?,
    };
    Some(Held {
        label: simulated.label.clone(),
        metric: metric.name().into(),
        real: theirs,
        simulated: ours,
        low: (theirs - half).max(0.0),
        high: theirs + half,
    })
}

/// How far apart the two may be by chance: by the runs where there are enough of them, and by what
/// happened in the parts of the window where there are not.
fn half_width(metric: Metric, simulated: &Contender, real: &Contender) -> Option<f64> {
    let over_runs = |contender| Interval::of(&metric.of_each_run(contender));
    match (over_runs(simulated), over_runs(real)) {
        (Some(ours), Some(theirs)) if ours.runs > 2 && theirs.runs > 2 => {
            Some(f64::hypot(ours.high - ours.mean, theirs.high - theirs.mean))
        }
        _ => {
            let (ours, theirs) = (parts(metric, simulated)?, parts(metric, real)?);
            Some(T * f64::hypot(standard_error(&ours)?, standard_error(&theirs)?))
        }
    }
}

/// What was counted, and of how many, in each tenth of the window of each run.
fn parts(metric: Metric, contender: &Contender) -> Option<Vec<(f64, f64)>> {
    let mut parts = Vec::new();
    for run in &contender.runs {
        let buckets = run.measures.timeline.iter();
        let counted: Vec<(u64, u64)> = match metric {
            Metric::HitRatio => buckets.map(|it| (it.hits, it.hits + it.misses)).collect(),
            Metric::StoreReads => buckets.map(|it| (it.store_reads, it.requests)).collect(),
            Metric::StaleShare => {
                run.findings.timeline.iter().map(|it| (it.definitely_stale, it.reads)).collect()
            }
            _ => return None,
        };
        let size = counted.len().div_ceil(PARTS).max(1);
        parts.extend(counted.chunks(size).map(|part| {
            let sum = |of: fn(&(u64, u64)) -> u64| part.iter().map(of).sum::<u64>() as f64;
            (sum(|it| it.0), sum(|it| it.1))
        }));
    }
    Some(parts)
}

/// Of the ratio of what was counted to its whole, by how much the parts differ: stale reads come in
/// clumps, so that their number alone would promise too much. No smaller than that number makes it,
/// none of which would leave no doubt.
fn standard_error(parts: &[(f64, f64)]) -> Option<f64> {
    let (count, whole) = parts.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    if whole == 0.0 {
        return None;
    }
    let (n, ratio) = (parts.len() as f64, count / whole);
    let squares: f64 = parts.iter().map(|(count, whole)| (count - ratio * whole).powi(2)).sum();
    let by_parts = if n > 1.0 { (squares * n / (n - 1.0)).sqrt() / whole } else { 0.0 };
    let by_count = (count + 1.0).min((whole - count).abs() + 1.0).sqrt() / whole;
    Some(by_parts.max(by_count))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_clumps_is_less_sure_than_its_number_says() {
        let spread = [(10.0, 100.0); 10];
        let clumped = std::array::from_fn::<_, 10, _>(|part| match part {
            3 => (100.0, 100.0),
            _ => (0.0, 100.0),
        });
        let (even, clumps) = (standard_error(&spread).unwrap(), standard_error(&clumped).unwrap());
        // By the number alone it is the root of 101 in 1,000.
        assert!((even - 0.010_05).abs() < 1e-4, "{even}");
        // One clump: as large as the share itself.
        assert!((clumps - 0.1).abs() < 1e-3, "{clumps}");
        assert!(standard_error(&[(0.0, 50.0); 4]).unwrap() > 0.004);
        assert_eq!(standard_error(&[(0.0, 0.0)]), None);
    }
}
