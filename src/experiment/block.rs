//! One run of one strategy: from freshly loaded servers to its figures.

use super::audit::end_state;
use super::environment::Environment;
use super::intervals::Intervals;
use super::loadable::Loadable;
use super::watch::{Memory, Watch};
use super::{Error, Progress, Stop};
use crate::backend::{self, CacheCounters, CacheHost, Server, StoreHost, Tap};
use crate::driver::{self, Cluster, Course, Prefilled};
use crate::judge::{EndKey, Judge, Rules};
use crate::measure::validity::{Evidence, StoreEvidence, capacity, check};
use crate::measure::{Check, Measures, Meter, Resident, Standing, Timeline, through_faults};
use crate::model::{Breakage, Fault, Injected, Nanos, Side, StoreBreakage};
use crate::record::Run;
use crate::strategy::Strategy;
use crate::workload::{Census, Pacing, Plan, Rows};

/// The check of what was ended before its time.
pub const COMPLETE: &str = "complete";

pub struct Block<'a> {
    pub plan: &'a Plan,
    /// What is written and loaded; where nothing but memory holds it, only promised.
    pub rows: Rows,
    pub environment: &'a Environment,
    pub progress: &'a dyn Progress,
    pub stop: &'a Stop,
    pub pacing: Pacing,
    /// Requests a second at which the generator's core is full; `None` where that does not matter.
    pub ceiling: Option<f64>,
    /// Whether the requests of an open loop are counted as they are drawn.
    pub counts: bool,
}

/// What came of a run.
pub struct Made {
    pub run: Run,
    /// What its cache said of itself.
    pub cache: Server,
    /// Of all requests that were to start, where they were counted.
    pub census: Option<Census>,
}

impl Block<'_> {
    pub async fn run(
        &self,
        build: &(dyn Fn() -> Box<dyn Strategy> + Sync),
        repeat: u32,
        position: u32,
    ) -> Result<Made, Error> {
        let store = self.environment.store();
        store.reset(&Loadable(&self.rows)).await?;
        let cache = self.environment.open_cache().await?;
        let run = async {
            cache.reset().await?;
            self.measure(build, repeat, position, &*cache, store).await
        };
        let run = run.await;
        // Whatever came of it, nothing of the run stays in a server that others may use.
        let cleared = cache.clear().await;
        let (mut run, census) = run?;
        if let Err(error) = cleared {
            run.checks.push(lost("cache cleared", &error));
        }
        Ok(Made { run, cache: cache.server(), census })
    }

    async fn measure(
        &self,
        build: &(dyn Fn() -> Box<dyn Strategy> + Sync),
        repeat: u32,
        position: u32,
        cache: &dyn CacheHost,
        store: &dyn StoreHost,
    ) -> Result<(Run, Option<Census>), Error> {
        let cluster = Cluster::open(build, self.plan.nodes(), cache, store).await?;

        let clock = &self.environment.clock().since_now();
        let tap = Tap::new(clock);
        let memory_before = cache.counters().await?.map(|counters| counters.used_memory);
        let prefilled = if self.plan.prefill() {
            Some(driver::prefill(&cluster, self.plan, clock, &tap).await)
        } else {
            None
        };
        let (cache_before, store_before) = (cache.counters().await?, store.counters().await?);
        // The plan's zero on a clock that has run since the first entry was made.
        let start = clock.now();
        let mut watch = self.watch(start);
        let (plan, rows) = (self.plan, &self.rows);
        let (pacing, counts) = (self.pacing, self.counts);
        let course = Course { plan, rows, clock, start, pacing, counts };
        let drive = driver::drive(&cluster, &course, &tap, &mut watch, self.stop.asked()).await;
        let (drain, drained) = driver::drain(&cluster, self.plan, clock, &tap, &mut watch).await;
        let Watch { judge, meter, memory, intervals, now, .. } = watch;
        intervals.finish(now, &judge, &meter, self.progress);
        // Before the audit, which takes memory for every key once, however long the run was.
        let resident = memory.finish();

        // A server that is lost for good takes its own figures with it, and not those of the clients.
        let mut losses = Vec::new();
        let cache_after = or_lost("cache counters", cache.counters().await, &mut losses);
        let store_after = or_lost("store counters", store.counters().await, &mut losses);
        let mut reckoning = judge.end();
        let tell = |ends: &[EndKey]| reckoning.compare(ends);
        let stock = end_state(cache, store, self.plan.keys(), tell).await;
        let stock = or_lost("end state", stock, &mut losses).unwrap_or_default();
        let (findings, audit) = reckoning.conclude();
        let (measures, totals) = meter.finish(drive.in_flight_peak, drive.stopped, &drive.faults);
        let cache_after = cache_after.flatten();
        let cache_counters = cache_after.zip(cache_before).map(|(after, before)| CacheCounters {
            // What was filled beforehand takes memory too.
            used_memory: after.used_memory.saturating_sub(memory_before.unwrap_or_default()),
            ..after.since(&before)
        });
        let store_counters = store_after.unwrap_or_default().since(&store_before);
        let generator_cpu = self.tells_cpu().then_some(drive.cpu_share);
        let mut checks = check(&Evidence {
            is_open: self.plan.is_open(),
            is_private: cache.server().managed,
            planned: self.planned(start, drive.stopped),
            measures: &measures,
            totals: &totals,
            audit: &audit,
            counters: cache_counters.as_ref(),
            given_up: tap.given_up(Side::Cache),
            store: StoreEvidence {
                counters: store_counters.database.as_ref(),
                is_private: store.server().managed,
                has_api: store_counters.api.is_some(),
                was_killed: was_killed(&drive.faults),
                given_up: tap.given_up(Side::Store),
            },
            generator_cpu,
            planned_faults: self.plan.faults().len(),
            faults: &drive.faults,
        });
        checks.extend(self.capacity(&measures));
        if !self.environment.is_simulated() {
            checks.push(Resident::check(resident.as_ref(), Resident::GROWTH_MAX));
        }
        checks.push(drained_check(drained, drain));
        checks.append(&mut losses);
        checks
            .extend(drive.stopped.and_then(|_| self.stop.reason()).map(|why| stopped_check(&why)));
        checks.extend(prefilled.map(prefilled_check));
        let faults = through_faults(&measures, &findings, &drive.faults);
        let run = Run {
            repeat,
            position,
            requests: drive.requests,
            measures,
            findings,
            audit,
            stock,
            cache_counters,
            store_counters,
            faults,
            drain,
            generator_cpu,
            resident,
            checks,
        };
        Ok((run, drive.census))
    }

    /// Under virtual time the load thread's CPU time is not the generator's, nor is it that of one that
    /// looks at the clock whenever it has nothing else to do.
    fn tells_cpu(&self) -> bool {
        !self.environment.is_simulated() && self.pacing == Pacing::Timer
    }

    /// Of an open loop what is asked counts, of a closed one what was reached.
    fn capacity(&self, measures: &Measures) -> Option<Check> {
        let reached = measures.requests.answered as f64 / measures.window.as_secs_f64();
        let rate = self.plan.peak_rate().unwrap_or(reached);
        self.ceiling.map(|ceiling| capacity(self.plan.is_open(), rate, ceiling))
    }

    /// How many requests the plan has in the window, or in what there was of it until it was `stopped`.
    fn planned(&self, start: Nanos, stopped: Option<Nanos>) -> u64 {
        if !self.plan.is_open() {
            return 0;
        }
        let Some(stopped) = stopped else { return self.plan.requests_in_window() };
        let closes = self.plan.warm_up() + self.plan.duration();
        self.plan.requests_until(closes.min(stopped.since(start)))
    }

    fn watch(&self, start: Nanos) -> Watch<'_> {
        let (opens, window) = (start + self.plan.warm_up(), self.plan.duration());
        let timeline = Timeline::through(!self.plan.faults().is_empty());
        let rules = Rules {
            keys: self.plan.keys(),
            loaded: self.plan.loaded(),
            ring: Rules::RING,
            window: (opens, opens + window),
            bucket: timeline.bucket(window),
        };
        Watch {
            judge: Judge::new(rules),
            meter: Meter::new(opens, opens + window, timeline),
            memory: Memory::from(if self.environment.is_simulated() {
                Nanos::NEVER
            } else {
                opens
            }),
            intervals: Intervals::of(rules.window, rules.bucket),
            progress: self.progress,
            start,
            now: start,
        }
    }
}

/// What could be had of a server; nothing, and a loss, where it could not.
fn or_lost<T>(what: &str, found: Result<T, backend::Error>, losses: &mut Vec<Check>) -> Option<T> {
    found.inspect_err(|error| losses.push(lost(what, error))).ok()
}

fn lost(what: &str, error: &backend::Error) -> Check {
    Check { name: what.into(), standing: Standing::Invalid, detail: error.to_string() }
}

fn stopped_check(why: &str) -> Check {
    let detail = format!("the run was ended before its time: {why}");
    Check { name: COMPLETE.into(), standing: Standing::Invalid, detail }
}

fn was_killed(faults: &[Injected]) -> bool {
    faults.iter().any(|fault| fault.what == Breakage::Store(StoreBreakage::Killed))
}

fn drained_check(drained: Result<(), Fault>, took: Nanos) -> Check {
    let (standing, detail) = match drained {
        Ok(()) => (Standing::Ok, format!("all background work was finished in {took}")),
        Err(fault) => (Standing::Invalid, format!("background work was left: {fault:?}")),
    };
    Check { name: "drain".into(), standing, detail }
}

fn prefilled_check(prefilled: Prefilled) -> Check {
    let Prefilled { keys, failed, took } = prefilled;
    let (standing, detail) = match failed {
        0 => (Standing::Ok, format!("{keys} keys were read before the load, in {took}")),
        _ => (Standing::Warn, format!("{failed} of {keys} keys could not be read before the load")),
    };
    Check { name: "prefill".into(), standing, detail }
}
