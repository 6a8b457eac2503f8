//! In which order the strategies of a scenario run, and how long that takes.

use std::time::Duration;

use super::Scenario;

/// All runs of an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    pub turns: Vec<Turn>,
    /// Warm-up and measured window of one run.
    pub run: Duration,
    /// What loading the dataset, starting servers and cleaning up may take in all: a rough estimate.
    pub set_up: Duration,
}

/// One run of one strategy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// From 0.
    pub repeat: u32,
    /// The strategy's place in the scenario, from 0.
    pub contender: usize,
}

/// Rows a second that a store is loaded with, roughly.
const ROWS_PER_SEC: f64 = 100_000.0;
/// The same for child rows, which are small.
const CHILD_ROWS_PER_SEC: f64 = 500_000.0;
/// What it takes to put everything back before a run, and to look at what is left after it.
const BETWEEN_RUNS: Duration = Duration::from_secs(1);
/// How many keys a trace is taken to have, since only reading it would tell.
const KEYS_OF_A_TRACE: u64 = 20_000;

impl Scenario {
    /// Every second repeat runs the strategies in reverse (A B B A), so that what drifts steadily over
    /// an experiment meets all of them alike.
    pub fn schedule(&self) -> Schedule {
        let contenders = self.strategies.0.len();
        let turns = (0..self.repeats)
            .flat_map(|repeat| {
                (0..contenders).map(move |place| Turn {
                    repeat,
                    contender: if repeat % 2 == 0 { place } else { contenders - 1 - place },
                })
            })
            .collect::<Vec<_>>();
        let keys = self.dataset.keys.unwrap_or(KEYS_OF_A_TRACE) as f64;
        let children = keys * f64::from(self.store.origin.children());
        let loading = keys / ROWS_PER_SEC + children / CHILD_ROWS_PER_SEC;
        let runs = u32::try_from(turns.len()).unwrap_or(u32::MAX);
        Schedule {
            turns,
            run: self.workload.warm_up.0.saturating_add(self.workload.duration.0),
            set_up: Duration::from_secs_f64(loading.min(1e9))
                .saturating_add(BETWEEN_RUNS.saturating_mul(runs)),
        }
    }
}

impl Schedule {
    /// How long all runs take without what is between them.
    pub fn load(&self) -> Duration {
        self.run.saturating_mul(u32::try_from(self.turns.len()).unwrap_or(u32::MAX))
    }

    /// How long the whole experiment takes, roughly.
    pub fn total(&self) -> Duration {
        self.load().saturating_add(self.set_up)
    }
}
