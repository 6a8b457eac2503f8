//! Two measured Records: each run is one sample of every figure.

use std::collections::BTreeMap;

use super::judging::{Evidence, judge};
use super::{
    Compared, Decision, Difference, Error, Method, absent, effect, no_figure, sides, some_decide,
};
use crate::compare::metric::alone;
use crate::compare::statistics::{holm, mann_whitney, paired_spread, sign_flip, unpaired_spread};
use crate::compare::{Figure, Metric, noise};
use crate::record::{Contender, Gate, Record, Standing};

pub fn compare(
    baseline: &Record,
    candidate: &Record,
    notes: &mut Vec<String>,
) -> Result<(Method, Vec<Compared>), Error> {
    let paired = baseline.pairing.is_some() && baseline.pairing == candidate.pairing;
    let gate = &candidate.scenario.gate;
    let mut strategies = Vec::new();
    for (one, other) in sides(baseline, candidate) {
        let (one, other) = (Side::of(one, "baseline", notes), Side::of(other, "candidate", notes));
        strategies.push(compared(gate, &one, &other, paired)?);
    }
    decide(&mut strategies, baseline, candidate, paired);
    let method = if paired { Method::Paired } else { Method::Unpaired };
    Ok((method, strategies))
}

/// The valid runs of one strategy, each as a contender of its own, by their repeats.
struct Side {
    label: String,
    runs: BTreeMap<u32, Contender>,
}

impl Side {
    /// Runs that are invalid are left out, and told of.
    fn of(contender: &Contender, side: &str, notes: &mut Vec<String>) -> Self {
        let (valid, invalid): (Vec<_>, Vec<_>) = contender
            .runs
            .iter()
            .partition(|run| run.checks.iter().all(|check| check.standing != Standing::Invalid));
        if !invalid.is_empty() {
            let why = invalid.iter().flat_map(|run| &run.checks);
            let mut why: Vec<&str> = why
                .filter(|check| check.standing == Standing::Invalid)
                .map(|check| check.name.as_str())
                .collect();
            why.sort_unstable();
            why.dedup();
            notes.push(format!(
                "{}: {} of the {side}'s {} runs are INVALID ({}), and were left out",
                contender.label,
                invalid.len(),
                contender.runs.len(),
                why.join(", ")
            ));
        }
        let runs = valid.into_iter().map(|run| (run.repeat, alone(contender, run))).collect();
        Self { label: contender.label.clone(), runs }
    }

    /// The metric of each run that has it.
    fn figures(&self, metric: Metric) -> BTreeMap<u32, Figure> {
        let figures = self.runs.iter().map(|(repeat, run)| Some((*repeat, metric.of(run)?)));
        figures.flatten().collect()
    }
}

fn compared(gate: &Gate, one: &Side, other: &Side, paired: bool) -> Result<Compared, Error> {
    let mut differences = Vec::new();
    for metric in Metric::ALL {
        let effect = effect(gate, metric);
        let (mut baseline, mut candidate) = (one.figures(metric), other.figures(metric));
        // Without a valid run there is bad data, not none: that is for the judging to say.
        let has_runs = !one.runs.is_empty() && !other.runs.is_empty();
        match (baseline.is_empty(), candidate.is_empty()) {
            (true, true) if has_runs => {
                absent(gate, metric, &one.label)?;
                continue;
            }
            (true, false) if has_runs && effect.is_some() => {
                return Err(no_figure(metric, &one.label, "only the candidate"));
            }
            (false, true) if has_runs && effect.is_some() => {
                return Err(no_figure(metric, &one.label, "only the baseline"));
            }
            (false, false) => {}
            _ if effect.is_some() => {}
            _ => continue,
        }
        if paired {
            baseline.retain(|repeat, _| candidate.contains_key(repeat));
            candidate.retain(|repeat, _| baseline.contains_key(repeat));
        }
        differences.push(difference(metric, &baseline, &candidate, paired, effect));
    }
    some_decide(Compared { label: one.label.clone(), differences })
}

fn difference(
    metric: Metric,
    baseline: &BTreeMap<u32, Figure>,
    candidate: &BTreeMap<u32, Figure>,
    paired: bool,
    effect: Option<f64>,
) -> Difference {
    let values = |side: &BTreeMap<u32, Figure>| -> Vec<f64> {
        side.values().map(|figure| figure.value()).collect()
    };
    let (one, other) = (values(baseline), values(candidate));
    let pairs: Vec<(f64, f64)> = one.iter().copied().zip(other.iter().copied()).collect();
    let spread = if paired { paired_spread(&pairs) } else { unpaired_spread(&one, &other) };
    let probability = if paired { sign_flip(&pairs) } else { mann_whitney(&one, &other) };
    Difference {
        metric,
        baseline: mean(baseline),
        candidate: mean(candidate),
        baseline_runs: one,
        candidate_runs: other,
        probability: spread.map(|_| probability),
        spread,
        decision: effect.map(Decision::open),
    }
}

fn mean(side: &BTreeMap<u32, Figure>) -> Option<Figure> {
    let sum: f64 = side.values().map(|figure| figure.value()).sum();
    let mean = sum / side.len() as f64;
    side.values().next().map(|figure| match figure {
        // A share may be below nothing: of bytes saved by entries that are larger than their values.
        Figure::Share(_) => Figure::Share(mean),
        other => other.with_value(mean),
    })
}

/// Corrects for how many figures decide, and then decides.
fn decide(strategies: &mut [Compared], baseline: &Record, candidate: &Record, paired: bool) {
    let is_broken =
        |record: &Record| record.checks.iter().any(|check| check.standing == Standing::Invalid);
    let is_invalid = is_broken(baseline) || is_broken(candidate);
    let deciding = strategies.iter_mut().flat_map(|compared| &mut compared.differences);
    let mut deciding: Vec<_> = deciding.filter(|it| it.decision.is_some()).collect();
    let probabilities: Vec<f64> = deciding.iter().map(|it| it.probability.unwrap_or(1.0)).collect();
    let family = deciding.len();
    for (difference, adjusted) in deciding.iter_mut().zip(holm(&probabilities)) {
        let floors = [baseline, candidate].map(|record| noise::shift(difference.metric, record));
        let evidence = Evidence {
            is_invalid,
            paired,
            family,
            adjusted,
            noise: floors.into_iter().flatten().max_by(f64::total_cmp),
        };
        judge(difference, &evidence);
    }
}
