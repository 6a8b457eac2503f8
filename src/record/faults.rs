//! What the runs of a contender come to together, fault by fault.

use super::{Contender, Figure, Nanos, PlannedFault, Record, Recovery, Run, ThroughFault};

/// How long it took until what a fault had changed was as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recovered {
    /// It was, so long after the fault was over.
    Within(Nanos),
    /// It was not, for as long as it could be followed.
    NotWithin(Nanos),
}

/// One figure of a contender through one fault, over all runs that tell of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Felt {
    /// The mean over runs.
    pub before: f64,
    /// The worst of any run.
    pub worst: f64,
    /// Whether it was worse than before in any run.
    pub worsened: bool,
    /// The slowest of any run.
    pub recovered: Recovered,
}

impl Record {
    /// What was to break, in the order in which it began; [`Contender::through`] counts them so.
    pub fn planned_faults(&self) -> Vec<PlannedFault> {
        let mut faults = self.scenario.faults.clone();
        faults.sort_by_key(|fault| fault.at);
        faults
    }
}

impl Contender {
    /// What became of one of the planned faults in each run in which it came about.
    pub fn through(&self, planned: &[PlannedFault], number: usize) -> Vec<&ThroughFault> {
        self.runs.iter().filter_map(|run| run.through(planned, number)).collect()
    }

    /// How long after any fault it took at most until every figure was as before; `None` where no
    /// figure can be told of.
    pub fn recovery(&self) -> Option<Recovered> {
        let faults = self.runs.iter().flat_map(|run| &run.faults);
        slowest(faults.flat_map(|fault| fault.recoveries.iter().map(|one| recovered(fault, one))))
    }
}

impl Run {
    /// What became of one of the planned faults, if it came about: of two that are the same, the
    /// first is the one that came first.
    pub fn through(&self, planned: &[PlannedFault], number: usize) -> Option<&ThroughFault> {
        let what = planned.get(number)?.what;
        let before = planned[..number].iter().filter(|fault| fault.what == what).count();
        self.faults.iter().filter(|fault| fault.injected.what == what).nth(before)
    }
}

impl Felt {
    /// What these runs tell of a figure together; `None` where none does.
    pub fn of(through: &[&ThroughFault], figure: Figure) -> Option<Self> {
        let told: Vec<_> = through
            .iter()
            .flat_map(|fault| fault.recoveries.iter().map(move |one| (*fault, one)))
            .filter(|(_, recovery)| recovery.figure == figure)
            .collect();
        let worse = if figure.higher_is_better() { f64::min } else { f64::max };
        let before: f64 = told.iter().map(|(_, recovery)| recovery.before).sum();
        Some(Self {
            before: before / told.len() as f64,
            worst: told.iter().map(|(_, recovery)| recovery.worst).reduce(worse)?,
            worsened: told.iter().any(|(_, recovery)| recovery.worsened),
            recovered: slowest(told.iter().map(|(fault, one)| recovered(fault, one)))?,
        })
    }
}

fn recovered(fault: &ThroughFault, recovery: &Recovery) -> Recovered {
    recovery.back_after.map_or(Recovered::NotWithin(fault.followed), Recovered::Within)
}

/// Where one was not back, neither were all of them, for at least as long as the slowest took.
fn slowest(all: impl Iterator<Item = Recovered>) -> Option<Recovered> {
    all.reduce(|one, other| match (one, other) {
        (Recovered::Within(one), Recovered::Within(other)) => Recovered::Within(one.max(other)),
        (
            Recovered::Within(one) | Recovered::NotWithin(one),
            Recovered::Within(other) | Recovered::NotWithin(other),
        ) => Recovered::NotWithin(one.max(other)),
    })
}
