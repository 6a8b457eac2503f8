//! Two simulations: the same integers, or not. Any figure that is worse has regressed, however little.

use super::differing::{Differing, between};
use super::{
    Change, Compared, Decision, Difference, Error, Method, Reason, absent, effect, no_figure,
    sides, some_decide,
};
use crate::compare::verdict::standing;
use crate::compare::{Figure, Metric};
use crate::record::{Contender, Gate, Record, Standing};

/// So many differing values are told one by one.
const TOLD_MAX: usize = 200;

pub fn compare(baseline: &Record, candidate: &Record) -> Result<(Method, Vec<Compared>), Error> {
    let gate = &candidate.scenario.gate;
    let mut differing = between("plan", &baseline.plan, &candidate.plan);
    let mut strategies = Vec::new();
    for (one, other) in sides(baseline, candidate) {
        differing.extend(of_runs(one, other));
        let is_invalid = [one, other].map(standing).contains(&Standing::Invalid);
        strategies.push(compared(gate, one, other, is_invalid)?);
    }
    let more = differing.len().saturating_sub(TOLD_MAX);
    differing.truncate(TOLD_MAX);
    Ok((Method::Exact { differing, more }, strategies))
}

/// All that the runs have measured and counted.
fn of_runs(one: &Contender, other: &Contender) -> Vec<Differing> {
    between(&format!("{}.runs", one.label), &one.runs, &other.runs)
}

fn compared(
    gate: &Gate,
    one: &Contender,
    other: &Contender,
    is_invalid: bool,
) -> Result<Compared, Error> {
    let mut differences = Vec::new();
    for metric in Metric::ALL {
        let is_deciding = effect(gate, metric).is_some();
        let (baseline, candidate) = match (metric.of(one), metric.of(other)) {
            (Some(baseline), Some(candidate)) => (baseline, candidate),
            (None, None) => {
                absent(gate, metric, &one.label)?;
                continue;
            }
            (None, Some(_)) if is_deciding => {
                return Err(no_figure(metric, &one.label, "only the candidate"));
            }
            (Some(_), None) if is_deciding => {
                return Err(no_figure(metric, &one.label, "only the baseline"));
            }
            _ => continue,
        };
        differences.push(Difference {
            metric,
            baseline: Some(baseline),
            candidate: Some(candidate),
            baseline_runs: metric.of_each_run(one),
            candidate_runs: metric.of_each_run(other),
            spread: None,
            probability: None,
            decision: is_deciding.then(|| decide(metric, baseline, candidate, is_invalid)),
        });
    }
    some_decide(Compared { label: one.label.clone(), differences })
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
