//! What the Records of a scenario at its own traffic, at twice that and at more say of three questions:
//! which strategies meet the thresholds, which of these is cheapest, and what breaks first when traffic
//! doubles. Every sentence stands on a figure, and names the Record that has it; what the Records do not
//! show is said to be unknown.

mod answers;

use serde::Serialize;

use super::figure::count;
use super::verdict::{Judged, Verdict};
use super::{Figure, Metric};
use crate::record::ceilings::Bound;
use crate::record::{Preference, Record, Standing, Thresholds};

/// The answers, with what they stand on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    /// The scenario's name.
    pub name: String,
    pub question: String,
    /// What a strategy has to hold: `read p99 at most 5 ms`.
    pub asked: Vec<String>,
    pub answers: Vec<Answer>,
    /// What cannot be said, and why.
    pub unknown: Vec<String>,
    /// What was looked at, by rising traffic.
    pub tried: Vec<Tried>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Answer {
    pub question: String,
    pub claims: Vec<Claim>,
}

/// One sentence, and where its figures are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Claim {
    pub text: String,
    /// The file of the Record.
    pub record: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<String>,
    /// The thresholds that the sentence is about, with what was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bounds: Vec<Bound>,
}

/// The scenario at one amount of traffic.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tried {
    /// How many times the scenario's own.
    pub times: f64,
    /// The same in words: `1,200 requests a second`.
    pub traffic: String,
    /// The file of the Record.
    pub record: String,
    pub standing: Standing,
    /// Checks that make it invalid.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invalid: Vec<String>,
    pub strategies: Vec<Held>,
}

/// How a strategy did there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Held {
    pub label: String,
    pub holds: bool,
    pub bounds: Vec<Bound>,
}

/// What traffic is an amount of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Traffic {
    /// Requests a second of an open loop.
    Rate,
    /// Clients of a closed one.
    Clients,
    /// A rate that changes in the course of a run: there is no doubling it.
    Changing,
}

/// A Record, and how much traffic it is of.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// How many times the scenario's own.
    pub times: f64,
    pub amount: f64,
    /// The file that it is in.
    pub file: String,
    pub record: Record,
}

/// A source with what it says.
struct Seen<'a> {
    source: &'a Source,
    verdict: Verdict,
}

impl Traffic {
    /// An amount of it in words.
    pub fn told(self, amount: f64) -> String {
        match self {
            Self::Clients => format!("{} clients", count(amount.round() as u64)),
            Self::Rate | Self::Changing if amount >= 1_000.0 => {
                format!("{} requests a second", count(amount.round() as u64))
            }
            Self::Rate | Self::Changing => {
                format!("{} requests a second", Figure::Ratio(amount).asked())
            }
        }
    }
}

impl Source {
    /// The Record as it would be if it had been asked for this.
    #[must_use]
    pub fn asked_for(mut self, thresholds: &Thresholds, prefer: Preference) -> Self {
        self.record.scenario.thresholds = thresholds.clone();
        self.record.scenario.prefer = prefer;
        self
    }
}

/// Whether more traffic would tell more: every run so far is valid, and some strategy that holds at the
/// scenario's own traffic still holds.
pub fn is_open(sources: &[Source]) -> bool {
    let Some(first) = sources.first() else { return true };
    if first.record.scenario.thresholds == Thresholds::default() {
        return false;
    }
    let holders = |source: &Source| -> Option<Vec<String>> {
        let verdict = Verdict::of(&source.record);
        let holding = verdict.competing().filter(|judged| judged.holds_all());
        let labels = holding.map(|judged| judged.label.clone()).collect();
        (verdict.standing != Standing::Invalid).then_some(labels)
    };
    let mut left = holders(first).unwrap_or_default();
    for source in &sources[1..] {
        let Some(holding) = holders(source) else { return false };
        left.retain(|label| holding.contains(label));
    }
    !left.is_empty()
}

/// What the Records say. The first is of the scenario's own traffic, the others of more, rising.
/// `most` is how many times as much was to be tried at most.
pub fn advice(traffic: Traffic, sources: &[Source], most: f64) -> Option<Advice> {
    let first = &sources.first()?.record;
    let seen: Vec<Seen<'_>> = sources
        .iter()
        .map(|source| Seen { source, verdict: Verdict::of(&source.record) })
        .collect();
    let asked = Metric::asked(&first.scenario.thresholds);
    let asked =
        asked.iter().map(|(metric, figure)| format!("{} {}", metric.name(), metric.bound(*figure)));
    Some(Advice {
        name: first.name.clone(),
        question: first.scenario.question.clone(),
        asked: asked.collect(),
        answers: vec![
            answers::meeting(&seen[0]),
            answers::cheapest(&seen[0]),
            answers::breaking(traffic, &seen),
        ],
        unknown: answers::unknown(traffic, &seen, most),
        tried: seen.iter().map(|seen| tried(traffic, seen)).collect(),
    })
}

fn tried(traffic: Traffic, seen: &Seen<'_>) -> Tried {
    let Source { times, amount, file, record } = seen.source;
    Tried {
        times: *times,
        traffic: traffic.told(*amount),
        record: file.clone(),
        standing: record.standing(),
        invalid: invalid(record),
        strategies: seen
            .verdict
            .competing()
            .map(|judged| Held {
                label: judged.label.clone(),
                holds: judged.holds_all(),
                bounds: bounds(judged),
            })
            .collect(),
    }
}

fn bounds(judged: &Judged) -> Vec<Bound> {
    judged.thresholds.iter().map(super::verdict::Threshold::bound).collect()
}

/// The checks that make a Record invalid, each with where it was made.
fn invalid(record: &Record) -> Vec<String> {
    let found = super::verdict::located_checks(record).into_iter();
    let invalid = found.filter(|(_, check)| check.standing == Standing::Invalid);
    invalid.map(|(place, check)| format!("{place}: {}: {}", check.name, check.detail)).collect()
}
