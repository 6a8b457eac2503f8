//! Our own JSON: every figure with its unit and its direction, and what was made of it. Its JSON Schemas
//! are printed by `cacheduel schema`.

use schemars::JsonSchema;
use serde::Serialize;

use super::rows::{better, unit};
use super::{Subject, pretty};
use crate::compare::difference::{
    self as compared, Compared, Decision, Difference, Differing, Method,
};
use crate::compare::verdict::{Held, Judged, Threshold};
use crate::compare::{Comparison, Verdict};
use crate::record::Record;

/// The version of both forms. Raised when a reader of the old ones would be wrong.
pub const FORMAT: u32 = 1;

/// What `compare --emit json` and `gate --emit json` write.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ComparisonFile {
    /// `comparison`.
    pub kind: &'static str,
    /// The version of this form.
    pub format: u32,
    pub scenario: String,
    pub question: String,
    /// The worst that has become of any figure that decides: `unchanged`, `improved`, `inconclusive`,
    /// `changed` (not as it was written down, and neither better nor worse) or `regressed`.
    pub verdict: &'static str,
    /// The verdict in sentences.
    pub sentences: Vec<String>,
    /// `exact`, `paired` or `unpaired`.
    pub method: &'static str,
    /// Whether two simulations are equal to the last count; absent where runs were measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub equal: Option<bool>,
    /// How many figures decide.
    pub family: usize,
    pub baseline: Side,
    pub candidate: Side,
    pub strategies: Vec<StrategyChanges>,
    /// What differs between two simulations, up to a number of values.
    pub differing: Vec<DifferingValue>,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// One of two Records, or exact figures that were written down.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Side {
    /// The version of the tool that made a Record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    /// When a Record was started, as RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started: Option<String>,
    /// Of exact figures: where the profile of the simulation comes from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct StrategyChanges {
    pub strategy: String,
    pub figures: Vec<FigureChange>,
}

/// One figure on both sides.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FigureChange {
    /// As scenarios name it: `read-p99`.
    pub metric: &'static str,
    /// `ns`, `ratio`, `count` or `bytes`.
    pub unit: &'static str,
    /// `lower` or `higher`.
    pub better: &'static str,
    /// What has become of it; absent of a figure that does not decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<&'static str>,
    /// Why it is inconclusive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Null where no run counts.
    pub baseline: Option<f64>,
    pub candidate: Option<f64>,
    /// As a share of the baseline: 0.1 is a tenth more. Null where it was nothing before.
    pub change: Option<f64>,
    /// The 95 % interval of the change, where runs were measured; null where it has no bound.
    pub change_low: Option<f64>,
    pub change_high: Option<f64>,
    /// Of such a difference if nothing had changed, before and after Holm's correction.
    pub p: Option<f64>,
    pub p_adjusted: Option<f64>,
    /// The smallest change that counts, as a share of the baseline.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_effect: Option<f64>,
    /// The figure of each run; where runs are pairs, in their order.
    pub baseline_runs: Vec<f64>,
    pub candidate_runs: Vec<f64>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct DifferingValue {
    pub path: String,
    pub baseline: String,
    pub candidate: String,
}

/// What `report --emit json` writes.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FiguresFile {
    /// `figures`.
    pub kind: &'static str,
    /// The version of this form.
    pub format: u32,
    pub scenario: String,
    pub question: String,
    pub tool: String,
    /// When it was started, as RFC 3339 in UTC.
    pub started: String,
    /// The worst standing of any check: `OK`, `WARN`, `INVALID` or `n/a`.
    pub standing: &'static str,
    /// The verdict in sentences.
    pub sentences: Vec<String>,
    pub strategies: Vec<StrategyFigures>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub struct StrategyFigures {
    pub strategy: String,
    pub figures: Vec<Measured>,
    /// What the scenario asks for.
    pub thresholds: Vec<Asked>,
}

/// One figure of one strategy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Measured {
    /// As scenarios name it: `read-p99`.
    pub metric: &'static str,
    /// `ns`, `ratio`, `count` or `bytes`.
    pub unit: &'static str,
    /// `lower` or `higher`.
    pub better: &'static str,
    /// Over all runs.
    pub value: f64,
    /// The figure of each run that has it.
    pub runs: Vec<f64>,
}

/// A threshold, and how the strategy did.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Asked {
    pub metric: &'static str,
    pub asked: f64,
    /// Null where there were too few samples to say.
    pub measured: Option<f64>,
    /// `held`, `missed` or `unknown`.
    pub held: &'static str,
}

pub fn render(subject: Subject<'_>) -> String {
    match subject {
        Subject::Record(record) => pretty(&figures(record)),
        Subject::Comparison(comparison) => pretty(&comparison_file(comparison)),
    }
}

fn comparison_file(comparison: &Comparison) -> ComparisonFile {
    let differing = match &comparison.method {
        Method::Exact { differing, .. } => differing.iter().map(differing_value).collect(),
        Method::Paired | Method::Unpaired => Vec::new(),
    };
    ComparisonFile {
        kind: "comparison",
        format: FORMAT,
        scenario: comparison.name.clone(),
        question: comparison.question.clone(),
        verdict: comparison.change().name(),
        sentences: comparison.sentences(),
        method: match comparison.method {
            Method::Exact { .. } => "exact",
            Method::Paired => "paired",
            Method::Unpaired => "unpaired",
        },
        equal: comparison.is_equal(),
        family: comparison.family,
        baseline: side(&comparison.baseline),
        candidate: side(&comparison.candidate),
        strategies: comparison.strategies.iter().map(changes).collect(),
        differing,
        notes: comparison.notes.clone(),
    }
}

fn side(subject: &compared::Subject) -> Side {
    match subject.clone() {
        compared::Subject::Record { tool, started } => {
            Side { tool: Some(tool), started: Some(started), profile: None }
        }
        compared::Subject::Kept { profile } => Side { profile: Some(profile), ..Side::default() },
    }
}

fn differing_value(differing: &Differing) -> DifferingValue {
    let Differing { path, baseline, candidate } = differing.clone();
    DifferingValue { path, baseline, candidate }
}

fn changes(compared: &Compared) -> StrategyChanges {
    StrategyChanges {
        strategy: compared.label.clone(),
        figures: compared.differences.iter().map(change).collect(),
    }
}

fn change(difference: &Difference) -> FigureChange {
    let finite = |number: f64| Some(number).filter(|number| number.is_finite());
    let decision = difference.decision.as_ref();
    let kind = difference.candidate.or(difference.baseline);
    FigureChange {
        metric: difference.metric.slug(),
        unit: kind.map_or("none", unit),
        better: better(difference.metric),
        verdict: decision.map(|decision| decision.change.name()),
        reason: decision.and_then(|decision| decision.reason.as_ref()).map(ToString::to_string),
        baseline: difference.baseline.map(|figure| figure.value()),
        candidate: difference.candidate.map(|figure| figure.value()),
        change: difference.relative().and_then(finite),
        change_low: difference.spread.and_then(|spread| finite(spread.low)),
        change_high: difference.spread.and_then(|spread| finite(spread.high)),
        p: difference.probability,
        p_adjusted: decision.and_then(|decision: &Decision| decision.adjusted),
        minimum_effect: decision.map(|decision| decision.minimum_effect),
        baseline_runs: difference.baseline_runs.clone(),
        candidate_runs: difference.candidate_runs.clone(),
    }
}

fn figures(record: &Record) -> FiguresFile {
    let verdict = Verdict::of(record);
    let rows = Subject::Record(record).rows();
    let strategies = verdict.competing().map(|judged: &Judged| StrategyFigures {
        strategy: judged.label.clone(),
        figures: rows
            .iter()
            .filter(|row| row.strategy == judged.label)
            .map(|row| Measured {
                metric: row.metric.slug(),
                unit: unit(row.figure),
                better: better(row.metric),
                value: row.figure.value(),
                runs: row.runs.clone(),
            })
            .collect(),
        thresholds: judged.thresholds.iter().map(asked).collect(),
    });
    FiguresFile {
        kind: "figures",
        format: FORMAT,
        scenario: record.name.clone(),
        question: record.scenario.question.clone(),
        tool: record.tool.clone(),
        started: record.started.clone(),
        standing: verdict.standing.name(),
        strategies: strategies.collect(),
        sentences: verdict.sentences.clone(),
    }
}

fn asked(threshold: &Threshold) -> Asked {
    Asked {
        metric: threshold.metric.slug(),
        asked: threshold.asked.value(),
        measured: threshold.measured.map(|figure| figure.value()),
        held: match threshold.held {
            Held::Held => "held",
            Held::Missed => "missed",
            Held::Unknown => "unknown",
        },
    }
}
