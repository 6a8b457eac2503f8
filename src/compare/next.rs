//! What to look at next: where the figures of a Record say that a strategy's time, its store reads or its
//! old answers come from. Every hint follows from counts of the Record, and names them; where they do not
//! decide between two causes there is no hint. None of it is a rule of thumb.

mod rules;

use super::Metric;
use crate::record::{Contender, Record, Standing};

/// What one rule has to say of a Record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// What it is about, and what following it would better.
    pub metric: Metric,
    /// Whom it is true of: first the strategy that the sentence is about, then those that it adds.
    pub strategies: Vec<String>,
    /// Ends in a full stop.
    pub text: String,
}

/// What a rule finds of one strategy.
struct Case {
    label: String,
    /// The larger, the more there is to gain: whoever has the most is told of in full.
    weight: f64,
    /// The whole sentence, with its figures.
    text: String,
    /// The same figures for one more strategy: `46 % missed, 3.34 ms each`.
    brief: String,
}

/// The hints that a Record gives, what makes others doubtful first. None where the Record is invalid.
pub fn hints(record: &Record) -> Vec<Hint> {
    if record.standing() == Standing::Invalid {
        return Vec::new();
    }
    let hints = rules::ALL.iter().filter_map(|(metric, rule)| {
        let competing = record.contenders.iter().filter(|one| one.twin_of.is_none());
        hint(*metric, competing.filter_map(|contender| rule(record, contender)).collect())
    });
    hints.collect()
}

type Rule = fn(&Record, &Contender) -> Option<Case>;

fn hint(metric: Metric, mut cases: Vec<Case>) -> Option<Hint> {
    cases.sort_by(|one, other| other.weight.total_cmp(&one.weight));
    let (first, others) = cases.split_first()?;
    let briefly: Vec<_> =
        others.iter().map(|case| format!("{} ({})", case.label, case.brief)).collect();
    let text = match briefly.as_slice() {
        [] => first.text.clone(),
        briefly => format!("{} Likewise {}.", first.text, super::figure::list(briefly)),
    };
    let strategies = cases.iter().map(|case| case.label.clone()).collect();
    Some(Hint { metric, strategies, text })
}
