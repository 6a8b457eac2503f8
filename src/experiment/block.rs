//! One run of one strategy: from freshly loaded servers to its figures.

use super::environment::Environment;
use super::watch::Watch;
use super::{Error, Progress};
use crate::backend::{self, CacheHost, CacheState, Dataset, Row, Server, StoreHost, Tap};
use crate::clock::Since;
use crate::driver::{self, Cluster};
use crate::judge::{Cached, EndKey, EndState, Judge, Rules};
use crate::measure::validity::{Evidence, check};
use crate::measure::{Check, Meter, Standing, bucket_width};
use crate::model::{Draft, Fault, Key, Nanos};
use crate::record::Run;
use crate::strategy::Strategy;
use crate::strategy::parts::entry::{self, Held};
use crate::workload::{Plan, Rows};

/// Keys whose state is fetched at once for the audit.
const AUDIT_BATCH: usize = 1_000;
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

        let (cache_before, store_before) = (cache.counters().await?, store.counters().await?);
        let clock = Since::now(self.environment.clock());
        let tap = Tap::new();
        let mut watch = self.watch();
        let drive = driver::drive(&cluster, self.plan, self.rows, &clock, &tap, &mut watch).await;
        let (drain, drained) = driver::drain(&cluster, self.plan, &clock, &tap, &mut watch).await;
        let (cache_after, store_after) = (cache.counters().await?, store.counters().await?);

        let end = self.end_state(cache, store).await?;
        let Watch { judge, meter, .. } = watch;
        let (findings, audit) = judge.finish(&end);
        let (measures, totals) = meter.finish(drive.in_flight_peak);
        let cache_counters =
            cache_after.zip(cache_before).map(|(after, before)| after.since(&before));
        let generator_cpu = (!self.environment.is_simulated()).then_some(drive.cpu_share);
        let mut checks = check(&Evidence {
            is_open: self.plan.is_open(),
            is_private: cache.server().managed,
            measures: &measures,
            totals: &totals,
            audit: &audit,
            counters: cache_counters.as_ref(),
            generator_cpu,
        });
        checks.push(drained_check(drained, drain));
        Ok(Run {
            repeat,
            position,
            requests: drive.requests,
            measures,
            findings,
            audit,
            cache_counters,
            store_counters: store_after.since(&store_before),
            drain,
            generator_cpu,
            checks,
        })
    }

    fn watch(&self) -> Watch<'_> {
        let (start, window) = (self.plan.warm_up(), self.plan.duration());
        let rules = Rules {
            keys: self.plan.keys(),
            ring: JUDGE_RING,
            window: (start, start + window),
            bucket: bucket_width(window),
        };
        Watch {
            judge: Judge::new(rules),
            meter: Meter::new(start, start + window),
            progress: self.progress,
        }
    }

    /// What is left in cache and store. A key that looks wrong is looked at again before it counts.
    async fn end_state(
        &self,
        cache: &dyn CacheHost,
        store: &dyn StoreHost,
    ) -> Result<EndState, backend::Error> {
        let all: Vec<Key> = (0..self.plan.keys()).map(Key).collect();
        let rows = store.rows().await?;
        let mut keys = Vec::with_capacity(all.len());
        for batch in all.chunks(AUDIT_BATCH) {
            let states = cache.state(batch).await?;
            let mut ends: Vec<_> =
                states.iter().map(|state| end_key(state, find(&rows, state.key))).collect();
            let suspects: Vec<Key> =
                ends.iter().filter(|end| is_suspect(end)).map(|end| end.key).collect();
            for again in cache.state(&suspects).await? {
                if let Some(end) = ends.iter_mut().find(|end| end.key == again.key) {
                    *end = end_key(&again, find(&rows, again.key));
                }
            }
            keys.extend(ends);
        }
        Ok(EndState { keys })
    }
}

/// The plan's rows, as a store takes them.
pub struct Loadable<'a>(pub &'a Rows);

impl Dataset for Loadable<'_> {
    fn keys(&self) -> u64 {
        self.0.keys()
    }

    fn initial(&self, key: Key) -> Draft {
        self.0.initial(key)
    }

    fn children(&self) -> u32 {
        self.0.children()
    }

    fn child_amount(&self, key: Key, child: u32) -> i64 {
        self.0.child_amount(key, child)
    }
}

fn find(rows: &[Row], key: Key) -> Option<&Row> {
    rows.binary_search_by_key(&key, |row| row.key).ok().map(|place| &rows[place])
}

/// What a look at one key found.
fn end_key(state: &CacheState, row: Option<&Row>) -> EndKey {
    let cached = match &state.entry {
        None => Cached::Absent,
        Some(entry) => match entry::read(state.key, entry.clone()) {
            Ok(Held::Value(value, _)) if value.is_intact(state.key) => {
                Cached::Holds { version: value.version, writer: value.writer }
            }
            Ok(Held::Tombstone(_)) => Cached::Absent,
            _ => Cached::Corrupt,
        },
    };
    EndKey {
        key: state.key,
        cached,
        stored: row.map(|row| (row.version, row.writer)),
        stored_intact: row.is_none_or(|row| row.intact),
    }
}

/// Whether it may look otherwise at a second look.
fn is_suspect(end: &EndKey) -> bool {
    match end.cached {
        Cached::Absent => false,
        Cached::Holds { version, .. } => end.stored.is_none_or(|(stored, _)| stored != version),
        Cached::Corrupt => true,
    }
}

fn drained_check(drained: Result<(), Fault>, took: Nanos) -> Check {
    let (standing, detail) = match drained {
        Ok(()) => (Standing::Ok, format!("all background work was finished in {took}")),
        Err(fault) => (Standing::Invalid, format!("background work was left: {fault:?}")),
    };
    Check { name: "drain".into(), standing, detail }
}
