//! What has changed between two Records of the same scenario: for each strategy and each figure that
//! the scenario names, whether it improved, regressed, stayed or cannot be told.
//!
//! Records of simulations are compared exactly, and so is a simulation with exact figures that were
//! written down. Of measured ones the sample is a run: pairs where the
//! two were measured in turn, and two sets of runs where they were not.

mod exact;
mod judging;
mod kept;
mod reason;
mod refusal;
mod sampled;
pub mod sentences;
mod side;

pub use judging::RUNS_MIN;
pub use reason::Reason;
pub use refusal::{Mismatch, conditions, mismatches};
pub use side::{Side, Subject};

pub use crate::record::Differing;

use super::statistics::{Spread, relative_change};
use super::{Figure, Metric};
use crate::record::exact::between;
use crate::record::{Contender, Gate, Record};

/// Two Records of the same scenario, figure by figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The scenario's name and its question.
    pub name: String,
    pub question: String,
    pub baseline: Subject,
    pub candidate: Subject,
    pub method: Method,
    /// In the order of the baseline, without twins.
    pub strategies: Vec<Compared>,
    /// How many figures decide: what Holm's correction is for.
    pub family: usize,
    /// What was left out, and why.
    pub notes: Vec<String>,
}

/// How two Records are compared.
#[derive(Clone, Debug, PartialEq)]
pub enum Method {
    /// Simulated: equal to the last count, or not.
    Exact {
        /// All that differs, counts and histograms included, up to a number of them.
        differing: Vec<Differing>,
        /// How many more there are.
        more: usize,
    },
    /// Measured in turn: a permutation test of pairs.
    Paired,
    /// Measured one after the other: Mann and Whitney's test.
    Unpaired,
}

/// One strategy on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    pub label: String,
    /// In the order in which tables show metrics.
    pub differences: Vec<Difference>,
}

/// One figure on both sides.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    pub metric: Metric,
    /// Over all runs where it is exact, else the mean of the runs that count; `None` where none do.
    pub baseline: Option<Figure>,
    pub candidate: Option<Figure>,
    /// The figure of each run that counts; where runs are pairs, in their order.
    pub baseline_runs: Vec<f64>,
    pub candidate_runs: Vec<f64>,
    /// By how much the mean has changed and how sure that is; `None` where it is exact.
    pub spread: Option<Spread>,
    /// Of such a difference if nothing had changed, before correction; `None` where it is exact.
    pub probability: Option<f64>,
    /// Of a figure that decides; the others are shown only.
    pub decision: Option<Decision>,
}

/// What is made of a figure that decides.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    pub change: Change,
    /// Why it cannot be told, where it cannot.
    pub reason: Option<Reason>,
    /// The probability after Holm's correction; `None` where it is exact or there were no runs.
    pub adjusted: Option<f64>,
    /// A change up to this share of the baseline's figure is none; 0 where it is exact.
    pub minimum_effect: f64,
}

/// What has become of a figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    Unchanged,
    Improved,
    Inconclusive,
    /// Not as it was written down, in what is neither better nor worse.
    Changed,
    Regressed,
}

/// Why two Records were not compared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("these two cannot be compared, for they differ in what was asked of whom:{}", listed(.0))]
    Incomparable(Vec<Mismatch>),
    #[error("there is nothing to compare: {0}")]
    NoData(String),
}

/// Compares `candidate` with `baseline`: two Records by what the candidate's scenario names, anything with
/// exact figures that were written down by all of them.
///
/// # Errors
/// If they were not asked the same, on the same servers and the same machine, or have no figures.
pub fn compare<'a>(
    baseline: impl Into<Side<'a>>,
    candidate: impl Into<Side<'a>>,
) -> Result<Comparison, Error> {
    let (baseline, candidate) = (baseline.into(), candidate.into());
    match (baseline, candidate) {
        (Side::Record(one), Side::Record(other)) => records(one, other),
        _ => kept::compare(baseline, candidate),
    }
}

fn records(baseline: &Record, candidate: &Record) -> Result<Comparison, Error> {
    refuse(mismatches(baseline, candidate))?;
    if competing(baseline).next().is_none() {
        return Err(Error::NoData("the baseline has no runs of any strategy".into()));
    }
    let mut notes = Vec::new();
    for extra in competing(candidate).filter(|one| find(baseline, &one.label).is_none()) {
        notes.push(left_out(&extra.label));
    }
    for differing in between("profile", &baseline.profile, &candidate.profile) {
        notes.push(not_alike(&differing));
    }
    let (method, strategies) = if baseline.is_simulated() {
        exact::compare(baseline, candidate)?
    } else {
        sampled::compare(baseline, candidate, &mut notes)?
    };
    Ok(Comparison::of(baseline.into(), candidate.into(), method, strategies, notes))
}

impl Comparison {
    fn of(
        baseline: Side<'_>,
        candidate: Side<'_>,
        method: Method,
        strategies: Vec<Compared>,
        notes: Vec<String>,
    ) -> Self {
        let family = strategies.iter().flat_map(Compared::deciding).count();
        let question = candidate.question().or(baseline.question());
        Self {
            name: candidate.name().to_owned(),
            question: question.unwrap_or_default().to_owned(),
            baseline: baseline.subject(),
            candidate: candidate.subject(),
            method,
            strategies,
            family,
            notes,
        }
    }

    /// The worst that has become of any figure that decides. What was written down has to be equal in
    /// everything: there, any other difference is a change too.
    pub fn change(&self) -> Change {
        let decisions = self.decided().filter_map(|(_, it)| it.decision.as_ref());
        match decisions.map(|decision| decision.change).max() {
            Some(Change::Unchanged) if self.is_kept() && self.is_equal() == Some(false) => {
                Change::Changed
            }
            worst => worst.unwrap_or(Change::Inconclusive),
        }
    }

    /// Whether a side is exact figures that were written down.
    pub fn is_kept(&self) -> bool {
        [&self.baseline, &self.candidate].iter().any(|side| matches!(side, Subject::Kept { .. }))
    }

    /// Every figure that decides, with its strategy's label.
    pub fn decided(&self) -> impl Iterator<Item = (&str, &Difference)> {
        self.strategies.iter().flat_map(|compared| {
            compared.deciding().map(move |difference| (compared.label.as_str(), difference))
        })
    }

    /// Those of them that have come to this.
    pub fn that(&self, change: Change) -> impl Iterator<Item = (&str, &Difference)> {
        self.decided().filter(move |(_, difference)| {
            difference.decision.as_ref().is_some_and(|decision| decision.change == change)
        })
    }

    /// Whether two simulations are equal to the last count; `None` of measured ones.
    pub fn is_equal(&self) -> Option<bool> {
        match &self.method {
            Method::Exact { differing, .. } => Some(differing.is_empty()),
            Method::Paired | Method::Unpaired => None,
        }
    }
}

impl Compared {
    fn deciding(&self) -> impl Iterator<Item = &Difference> {
        self.differences.iter().filter(|difference| difference.decision.is_some())
    }
}

impl Difference {
    /// By how much the figure has changed, as a share of the baseline's.
    pub fn relative(&self) -> Option<f64> {
        let of_figures = || {
            let (baseline, candidate) = (self.baseline?.value(), self.candidate?.value());
            Some(relative_change(baseline, candidate))
        };
        self.spread.map(|spread| spread.change).or_else(of_figures)
    }
}

impl Change {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Improved => "improved",
            Self::Inconclusive => "inconclusive",
            Self::Changed => "changed",
            Self::Regressed => "regressed",
        }
    }

    /// Of a figure that has moved `up`, or down.
    fn of(metric: Metric, up: bool) -> Self {
        if metric.higher_is_better() == up { Self::Improved } else { Self::Regressed }
    }
}

/// Those that compete: all but twins.
fn competing(record: &Record) -> impl Iterator<Item = &Contender> {
    record.contenders.iter().filter(|one| one.twin_of.is_none() && !one.runs.is_empty())
}

fn find<'a>(record: &'a Record, label: &str) -> Option<&'a Contender> {
    competing(record).find(|one| one.label == label)
}

/// The strategies of the baseline, with those of the candidate.
fn sides<'a>(
    baseline: &'a Record,
    candidate: &'a Record,
) -> impl Iterator<Item = (&'a Contender, &'a Contender)> {
    competing(baseline).filter_map(|one| Some((one, find(candidate, &one.label)?)))
}

/// The smallest change of a metric that counts; `None` of one that does not decide.
fn effect(gate: &Gate, metric: Metric) -> Option<f64> {
    gate.primary.iter().find(|gated| Metric::from(**gated) == metric).map(|it| gate.effect(*it))
}

/// What to make of a figure that neither side has: the usual ones need not be there, but one that was
/// named must.
fn absent(gate: &Gate, metric: Metric, label: &str) -> Result<(), Error> {
    let is_named = effect(gate, metric).is_some() && gate.primary != Gate::PRIMARY;
    match is_named {
        true => Err(no_figure(metric, label, "neither side")),
        false => Ok(()),
    }
}

fn no_figure(metric: Metric, label: &str, side: &str) -> Error {
    let samples = "no such requests, or too few for the figure";
    Error::NoData(format!("{label}: {side} has the figure {} ({samples})", metric.name()))
}

/// A strategy with no figure at all that decides would pass whatever became of it.
fn some_decide(compared: Compared) -> Result<Compared, Error> {
    let any = compared.deciding().next().is_some();
    let none = || Error::NoData(format!("{} has no figure that decides", compared.label));
    if any { Ok(compared) } else { Err(none()) }
}

fn refuse(mismatches: Vec<Mismatch>) -> Result<(), Error> {
    if mismatches.is_empty() { Ok(()) } else { Err(Error::Incomparable(mismatches)) }
}

fn left_out(label: &str) -> String {
    format!("{label} is not in the baseline, and was left out")
}

fn not_alike(differing: &Differing) -> String {
    format!("the servers were not simulated alike: {differing}")
}

fn listed(mismatches: &[Mismatch]) -> String {
    mismatches.iter().map(|mismatch| format!("\n  {mismatch}")).collect()
}
