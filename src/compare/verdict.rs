//! What one Record says: which strategies hold every threshold, and which of them is to be
//! preferred. A record that cannot be trusted gets no verdict.

mod ranking;
mod sentences;

pub use ranking::{Best, Ground, Peer, best};
pub(super) use ranking::{DIFFERENCE_MIN, REPEATS_FOR_INTERVAL};
pub(super) use sentences::peer;

use super::{Figure, Metric, noise};
use crate::record::{Check, Contender, Record, Standing, Thresholds};

use crate::record::ceilings::Bound;
pub use crate::record::ceilings::Held;

/// What a Record says, in figures and in sentences.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The record's own. Where it is [`Standing::Invalid`] there is no best.
    pub standing: Standing,
    /// In the order of the record.
    pub contenders: Vec<Judged>,
    /// By what the strategies that hold every threshold are ranked.
    pub by: Metric,
    /// The best of those that hold every threshold.
    pub best: Option<Best>,
    /// The same in plain English, the most important first.
    pub sentences: Vec<String>,
}

/// One contender against what was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged {
    pub label: String,
    /// The strategy that it is once more, to see how far the same one is apart from itself. It is
    /// neither ranked nor told of.
    pub twin_of: Option<String>,
    /// The worst standing of any check of its runs.
    pub standing: Standing,
    /// One for each threshold of the scenario.
    pub thresholds: Vec<Threshold>,
}

/// One threshold, and how a contender did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold {
    pub metric: Metric,
    pub asked: Figure,
    /// `None` where there were too few samples to say.
    pub measured: Option<Figure>,
    pub held: Held,
}

impl Verdict {
    pub fn of(record: &Record) -> Self {
        let judged = |contender: &Contender| Judged {
            label: contender.label.clone(),
            twin_of: contender.twin_of.clone(),
            standing: standing(contender),
            thresholds: thresholds(&record.scenario.thresholds, contender),
        };
        let mut verdict = Self {
            standing: record.standing(),
            contenders: record.contenders.iter().map(judged).collect(),
            by: record.scenario.prefer.into(),
            best: None,
            sentences: Vec::new(),
        };
        if verdict.standing != Standing::Invalid {
            let holders: Vec<_> = std::iter::zip(&record.contenders, &verdict.contenders)
                .filter(|(_, judged)| judged.twin_of.is_none() && judged.holds_all())
                .map(|(contender, _)| contender)
                .collect();
            let noise = noise::floor(verdict.by, record);
            verdict.best = best(verdict.by, &holders, noise);
        }
        verdict.sentences = sentences::of(record, &verdict);
        verdict
    }

    /// Those that compete: all but twins.
    pub fn competing(&self) -> impl Iterator<Item = &Judged> {
        self.contenders.iter().filter(|judged| judged.twin_of.is_none())
    }

    /// Whether the scenario asked for anything.
    pub fn has_thresholds(&self) -> bool {
        self.contenders.iter().any(|judged| !judged.thresholds.is_empty())
    }

    /// Whether any contender misses a threshold, or is not known to hold it.
    pub fn any_missed(&self) -> bool {
        !self.contenders.iter().all(Judged::holds_all)
    }
}

impl Judged {
    /// Whether every threshold is known to be held; true where none was given.
    pub fn holds_all(&self) -> bool {
        self.thresholds.iter().all(|threshold| threshold.held == Held::Held)
    }
}

impl Threshold {
    /// The same as a file keeps it.
    pub fn bound(&self) -> Bound {
        Bound {
            what: self.metric.name().into(),
            asked: self.metric.bound(self.asked),
            found: self.measured_text(),
            limit: self.asked.value(),
            value: self.measured.map(Figure::value),
            held: self.held,
        }
    }

    /// What was measured, as text; says so where it could not be.
    pub fn measured_text(&self) -> String {
        match self.measured {
            Some(figure) => figure.apart_from(self.asked),
            None => "too few samples".into(),
        }
    }
}

/// How a contender does by each threshold that is asked for.
pub fn thresholds(asked: &Thresholds, contender: &Contender) -> Vec<Threshold> {
    let asked = Metric::asked(asked).into_iter();
    asked.map(|(metric, bound)| judge(metric, bound, contender)).collect()
}

/// [`thresholds`] as a file keeps them.
pub fn bounds(asked: &Thresholds, contender: &Contender) -> Vec<Bound> {
    thresholds(asked, contender).iter().map(Threshold::bound).collect()
}

/// The worst standing of any check of a contender's runs.
pub fn standing(contender: &Contender) -> Standing {
    let checks = contender.runs.iter().flat_map(|run| &run.checks);
    checks.map(|check| check.standing).max().unwrap_or_default()
}

/// Every check of the record, with the words for where it was made, those of the whole experiment
/// first.
pub fn located_checks(record: &Record) -> Vec<(String, &Check)> {
    let whole = record.checks.iter().map(|check| ("experiment".to_owned(), check));
    let of_runs = record.contenders.iter().flat_map(|contender| {
        contender.runs.iter().flat_map(move |run| {
            let place = match contender.runs.len() {
                1 => contender.label.clone(),
                _ => format!("{}, repeat {}", contender.label, run.repeat + 1),
            };
            run.checks.iter().map(move |check| (place.clone(), check))
        })
    });
    whole.chain(of_runs).collect()
}

fn judge(metric: Metric, asked: Figure, contender: &Contender) -> Threshold {
    let measured = metric.of(contender);
    let held = match measured.map(Figure::value) {
        None => Held::Unknown,
        // It was not followed for as long as it may take.
        Some(value) if matches!(measured, Some(Figure::LongerThan(_))) && value < asked.value() => {
            Held::Unknown
        }
        Some(_) if matches!(measured, Some(Figure::LongerThan(_))) => Held::Missed,
        Some(value) if metric.is_at_least(contender) && value <= asked.value() => Held::Unknown,
        Some(value) if metric.higher_is_better() && value >= asked.value() => Held::Held,
        Some(value) if !metric.higher_is_better() && value <= asked.value() => Held::Held,
        Some(_) => Held::Missed,
    };
    Threshold { metric, asked, measured, held }
}
