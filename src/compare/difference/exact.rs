//! Two simulations: the same integers, or not. Any figure that is worse has regressed, however little.

use super::{
    Change, Compared, Decision, Difference, Differing, Error, Method, Reason, absent, between,
    effect, no_figure, sides, some_decide,
};
use crate::compare::verdict::standing;
use crate::compare::{Figure, Metric};
use crate::record::{Contender, Gate, Record, Standing};

/// So many differing values are told one by one.
pub const TOLD_MAX: usize = 200;

pub fn compare(baseline: &Record, candidate: &Record) -> Result<(Method, Vec<Compared>), Error> {
    let gate = &candidate.scenario.gate;
    let mut differing = between("plan", &baseline.plan, &candidate.plan);
    let mut strategies = Vec::new();
    for (one, other) in sides(baseline, candidate) {
        differing.extend(of_runs(one, other));
        let is_invalid = [one, other].map(standing).contains(&Standing::Invalid);
        strategies.push(of_strategy(&one.label, one, other, Some(gate), is_invalid)?);
    }
    let more = differing.len().saturating_sub(TOLD_MAX);
    differing.truncate(TOLD_MAX);
    Ok((Method::Exact { differing, more }, strategies))
}

/// All that the runs have measured and counted. Which place a run had among those of other strategies is
/// nothing to it under virtual time.
fn of_runs(one: &Contender, other: &Contender) -> Vec<Differing> {
    let mut found = between(&format!("{}.runs", one.label), &one.runs, &other.runs);
    found.retain(|differing| !differing.path.ends_with(".position"));
    found
}

/// What has exact figures: one strategy on one side.
pub trait Counted {
    /// Over all of its runs.
    fn figure(&self, metric: Metric) -> Option<Figure>;
    /// For each run by itself.
    fn each_run(&self, metric: Metric) -> Vec<f64>;
}

impl Counted for Contender {
    fn figure(&self, metric: Metric) -> Option<Figure> {
        metric.of(self)
    }

    fn each_run(&self, metric: Metric) -> Vec<f64> {
        metric.of_each_run(self)
    }
}

/// Both sides of a strategy. Those figures decide that `gate` names; all of them without one.
pub fn of_strategy(
    label: &str,
    one: &impl Counted,
    other: &impl Counted,
    gate: Option<&Gate>,
    is_invalid: bool,
) -> Result<Compared, Error> {
    let mut differences = Vec::new();
    for metric in Metric::ALL {
        let is_deciding = gate.is_none_or(|gate| effect(gate, metric).is_some());
        let (baseline, candidate) = match (one.figure(metric), other.figure(metric)) {
            (Some(baseline), Some(candidate)) => (baseline, candidate),
            (None, None) => {
                gate.map_or(Ok(()), |gate| absent(gate, metric, label))?;
                continue;
            }
            (None, Some(_)) if is_deciding => {
                return Err(no_figure(metric, label, "only the candidate"));
            }
            (Some(_), None) if is_deciding => {
                return Err(no_figure(metric, label, "only the baseline"));
            }
            _ => continue,
        };
        differences.push(Difference {
            metric,
            baseline: Some(baseline),
            candidate: Some(candidate),
            baseline_runs: one.each_run(metric),
            candidate_runs: other.each_run(metric),
            spread: None,
            probability: None,
            decision: is_deciding.then(|| decide(metric, baseline, candidate, is_invalid)),
        });
    }
    some_decide(Compared { label: label.to_owned(), differences })
}

fn decide(metric: Metric, baseline: Figure, candidate: Figure, is_invalid: bool) -> Decision {
    let change = match (baseline.value(), candidate.value()) {
        _ if is_invalid => Change::Inconclusive,
        (one, other) if one == other => Change::Unchanged,
        (one, other) => Change::of(metric, other > one),
    };
    let reason = is_invalid.then_some(Reason::Invalid);
    Decision { change, reason, adjusted: None, minimum_effect: 0.0 }
}
