//! An experiment under virtual time: its runs on as many threads as there are, each on a clock and on
//! servers of its own, so that the Record is the same however many there are.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread::{self, Builder};

use super::block::{Block, Made};
use super::{Environment, Error, Experiment, Progress, Stop, client_time};
use crate::clock::{Clock, SimClock};
use crate::model::{Nanos, Profile};
use crate::record::Record;
use crate::scenario::{self, Loaded};

/// As much as the main thread has: the futures of a run are deep where nothing is optimised.
const STACK: usize = 8 << 20;
/// How often a run tells how far it has come.
const STEP: Nanos = Nanos::from_millis(100);

/// Runs the scenario on twins that are as quick as `profile` has them, on so many `threads`. The Record
/// depends on the scenario, its seed and the profile alone; what it tells of the machine and of the
/// time that it took is for the reader.
///
/// `progress` hears of each run as it begins, and of the virtual time of all runs together. Where
/// `stop` asks for the end, the Record has what was measured until then, and says so.
///
/// # Errors
/// If the plan cannot be made, if the machine has not the memory, or if the twins cannot do what the
/// scenario asks for.
pub fn simulate(
    loaded: &Loaded,
    profile: &Profile,
    threads: NonZeroUsize,
    progress: &dyn Progress,
    stop: &Stop,
) -> Result<Record, Error> {
    let wall = Clock::wall();
    let environment = Environment::simulated(&loaded.scenario, &SimClock::new(), profile);
    let mut experiment = Experiment::new(loaded, &environment)?;
    experiment.footprint().fits(threads.get().min(loaded.scenario.schedule().turns.len()))?;
    experiment.run_apart(profile, threads, progress, stop)?;
    if let Some(why) = stop.reason() {
        experiment.cut_short(&why);
    }
    let record = experiment.record();
    // What the Record is made of took its time, too.
    Ok(Record { took: wall.now(), ..record })
}

impl Experiment<'_> {
    /// Makes all runs, each in an environment of its own.
    fn run_apart(
        &mut self,
        profile: &Profile,
        threads: NonZeroUsize,
        progress: &dyn Progress,
        stop: &Stop,
    ) -> Result<(), Error> {
        let turns = self.campaign.loaded.scenario.schedule().turns;
        let made: Vec<Mutex<Option<Result<Made, Error>>>> =
            turns.iter().map(|_| Mutex::default()).collect();
        let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
        let together = Together { progress, spent: AtomicU64::new(0) };
        let work = || {
            while stop.reason().is_none() && !failed.load(Ordering::Relaxed) {
                let position = next.fetch_add(1, Ordering::Relaxed);
                let Some(turn) = turns.get(position) else { return };
                let run = self.run_alone(turn, position, turns.len(), profile, &together, stop);
                failed.fetch_or(run.is_err(), Ordering::Relaxed);
                *made[position].lock().unwrap_or_else(PoisonError::into_inner) = Some(run);
            }
        };
        thread::scope(|scope| {
            for _ in 0..threads.get().min(turns.len()) {
                let thread = Builder::new().name("simulation".into()).stack_size(STACK);
                thread.spawn_scoped(scope, work).expect("the system has another thread");
            }
        });
        let made =
            made.into_iter().map(|run| run.into_inner().unwrap_or_else(PoisonError::into_inner));
        for (turn, run) in turns.iter().zip(made) {
            let Some(run) = run else { continue };
            let Made { run, cache, census } = run?;
            self.campaign.cache = cache;
            self.census = census.or(self.census.take());
            self.contenders[turn.contender].runs.push(run);
        }
        Ok(())
    }

    fn run_alone(
        &self,
        planned: &scenario::Turn,
        position: usize,
        total: usize,
        profile: &Profile,
        together: &Together<'_>,
        stop: &Stop,
    ) -> Result<Made, Error> {
        let scenario = &self.campaign.loaded.scenario;
        let chosen = &scenario.strategies.0[planned.contender];
        let (position, total) = (position as u32, total as u32);
        together.progress.begin(&chosen.label, planned.repeat, position, total);
        let clock = SimClock::new();
        let environment = Environment::simulated(scenario, &clock, profile);
        let portion = Portion { together, told: AtomicU64::new(0) };
        let strategy = || chosen.spec.build();
        let build = client_time::around(&environment, &strategy, self.plan.seed());
        let block = self.campaign.block(&environment, &self.plan, &portion, stop);
        // All runs are asked the same: one that counts what it is asked for counts it for all.
        let block = Block { counts: position == 0, ..block };
        let made = clock.block_on(block.run(&build, planned.repeat, position))?;
        portion.tell(self.plan.warm_up() + self.plan.duration());
        Ok(Made { cache: environment.known_as(made.cache), ..made })
    }
}

/// Adds up how far all runs have come.
struct Together<'a> {
    progress: &'a dyn Progress,
    spent: AtomicU64,
}

/// One run's part of it.
struct Portion<'a> {
    together: &'a Together<'a>,
    told: AtomicU64,
}

impl Portion<'_> {
    /// The run has come to `now`.
    fn tell(&self, now: Nanos) {
        let told = self.told.swap(now.0, Ordering::Relaxed);
        let more = now.since(Nanos(told)).0;
        let before = self.together.spent.fetch_add(more, Ordering::Relaxed);
        self.together.progress.advance(Nanos(before + more));
    }
}

impl Progress for Portion<'_> {
    fn begin(&self, _: &str, _: u32, _: u32, _: u32) {}

    fn advance(&self, now: Nanos) {
        if now >= Nanos(self.told.load(Ordering::Relaxed)) + STEP {
            self.tell(now);
        }
    }
}
