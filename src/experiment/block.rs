//! One run of one strategy: from freshly loaded servers to its figures.

use super::audit::end_state;
use super::environment::Environment;
use super::loadable::Loadable;
use super::watch::Watch;
use super::{Error, Progress};
use crate::backend::{CacheCounters, CacheHost, Server, StoreHost, Tap};
use crate::clock::{Clock, Since};
use crate::driver::{self, Cluster, Prefilled};
use crate::judge::{Judge, Rules};
use crate::measure::validity::{Evidence, check};
use crate::measure::{Check, Meter, Standing, Timeline, through_faults};
use crate::model::{Fault, Nanos, Side};
use crate::record::Run;
use crate::strategy::Strategy;
use crate::workload::{Plan, Rows};

/// Recent writes of a key that the judge remembers.
const JUDGE_RING: usize = 64;

pub struct Block<'a> {
    pub plan: &'a Plan,
    pub rows: &'a Rows,
    pub environment: &'a Environment,
    pub progress: &'a dyn Progress,
}

impl Block<'_> {
    pub async fn run(
        &self,
        build: &(dyn Fn() -> Box<dyn Strategy> + Sync),
        repeat: u32,
        position: u32,
    ) -> Result<(Run, Server), Error> {
        let store = self.environment.store();
        store.reset(&Loadable(self.rows)).await?;
        let cache = self.environment.open_cache().await?;
        cache.reset().await?;
        let run = self.measure(build, repeat, position, &*cache, store).await;
        // Whatever came of it, nothing of the run stays in a server that others may use.
        let cleared = cache.clear().await;
        let run = run?;
        cleared?;
        Ok((run, cache.server()))
    }

    async fn measure(
        &self,
        build: &(dyn Fn() -> Box<dyn Strategy> + Sync),
        repeat: u32,
        position: u32,
        cache: &dyn CacheHost,
        store: &dyn StoreHost,
    ) -> Result<Run, Error> {
        let cluster = Cluster::open(build, self.plan.nodes(), cache, store).await?;

        let clock = Since::now(self.environment.clock());
        let tap = Tap::new();
        let memory_before = cache.counters().await?.map(|counters| counters.used_memory);
        let prefilled = if self.plan.prefill() {
            Some(driver::prefill(&cluster, self.plan, &clock, &tap).await)
        } else {
            None
        };
        let (cache_before, store_before) = (cache.counters().await?, store.counters().await?);
        // The plan's zero on a clock that has run since the first entry was made.
        let start = clock.now();
        let mut watch = self.watch(start);
        let (plan, rows) = (self.plan, self.rows);
        let drive = driver::drive(&cluster, plan, rows, &clock, start, &tap, &mut watch).await;
        let (drain, drained) = driver::drain(&cluster, self.plan, &clock, &tap, &mut watch).await;
        let (cache_after, store_after) = (cache.counters().await?, store.counters().await?);

        let (end, stock) = end_state(cache, store, self.plan.keys()).await?;
        let Watch { judge, meter, .. } = watch;
        let (findings, audit) = judge.finish(&end);
        let (measures, totals) = meter.finish(drive.in_flight_peak, &drive.faults);
        let cache_counters = cache_after.zip(cache_before).map(|(after, before)| CacheCounters {
            // What was filled beforehand takes memory too.
            used_memory: after.used_memory.saturating_sub(memory_before.unwrap_or_default()),
            ..after.since(&before)
        });
        let generator_cpu = (!self.environment.is_simulated()).then_some(drive.cpu_share);
        let mut checks = check(&Evidence {
            is_open: self.plan.is_open(),
            is_private: cache.server().managed,
            measures: &measures,
            totals: &totals,
            audit: &audit,
            counters: cache_counters.as_ref(),
            given_up: tap.given_up(Side::Cache),
            generator_cpu,
            planned_faults: self.plan.faults().len(),
            faults: &drive.faults,
        });
        checks.push(drained_check(drained, drain));
        checks.extend(prefilled.map(prefilled_check));
        let faults = through_faults(&measures, &findings, &drive.faults);
        Ok(Run {
            repeat,
            position,
            requests: drive.requests,
            measures,
            findings,
            audit,
            stock,
            cache_counters,
            store_counters: store_after.since(&store_before),
            faults,
            drain,
            generator_cpu,
            checks,
        })
    }

    fn watch(&self, start: Nanos) -> Watch<'_> {
        let (opens, window) = (start + self.plan.warm_up(), self.plan.duration());
        let timeline = Timeline::through(!self.plan.faults().is_empty());
        let rules = Rules {
            keys: self.plan.keys(),
            loaded: self.plan.loaded(),
            ring: JUDGE_RING,
            window: (opens, opens + window),
            bucket: timeline.bucket(window),
        };
        Watch {
            judge: Judge::new(rules),
            meter: Meter::new(opens, opens + window, timeline),
            progress: self.progress,
            start,
        }
    }
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
