//! Real servers, and what is measured on them.

use std::path::Path;

use super::Patience;
use super::calls::{Sampled, Seen, Times};
use crate::backend::{CacheHost, StoreHost, Tap, VersionedDraft, Yardstick};
use crate::driver::{self, Cluster, Course};
use crate::experiment::loadable::Loadable;
use crate::experiment::{Environment, Error};
use crate::model::{Key, Nanos, NodeId, Version};
use crate::scenario::Scenario;
use crate::strategy::Strategy;
use crate::strategy::parts::entry::{self, Stamp};
use crate::strategy::parts::format::Format;
use crate::workload::{Plan, Rows};

/// Clients that saturate the server.
const CLIENTS: u32 = 32;
/// Calls made one by one, of a kind, and the time between two. Writes come as seldom as they do in most
/// runs: a disk that is never left alone has less to do for each.
const ALONE: u64 = 700;
const BETWEEN_READS: Nanos = Nanos::from_millis(1);
const BETWEEN_WRITES: Nanos = Nanos::from_millis(20);
/// Transactions of many rows, and the rows of each.
const BATCHES: u64 = 40;
pub const BATCH_ROWS: u64 = 51;

/// Servers that are ready for a load.
pub struct Bench<'a> {
    pub cache: &'a dyn CacheHost,
    pub store: &'a dyn StoreHost,
    scenario: &'a Scenario,
    plan: &'a Plan,
    rows: &'a Rows,
    environment: &'a Environment,
}

/// What calls take of which one is made at a time.
pub struct Single {
    pub version: Sampled,
    pub commit: Sampled,
    /// A transaction of many rows.
    pub batch: Sampled,
    /// Of one command, on the saturated server's own CPU clock.
    pub service: Nanos,
    /// By how much a call of the script that queues a write is longer than a GET.
    pub queueing: Nanos,
}

/// Measures on servers such as `scenario` asks for, and leaves nothing in them.
///
/// # Errors
/// If a server cannot be used, or is a twin, which takes no time of its own.
pub async fn on_servers<T>(
    scenario: &Scenario,
    work_dir: Option<&Path>,
    measure: impl AsyncFnOnce(&Bench<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let environment = Environment::real(scenario, work_dir).await?;
    let measured = loaded(scenario, &environment, measure).await;
    // Whatever came of it, nothing of it stays in servers that others may use.
    let cleared = environment.clear().await;
    let measured = measured?;
    cleared?;
    Ok(measured)
}

async fn loaded<T>(
    scenario: &Scenario,
    environment: &Environment,
    measure: impl AsyncFnOnce(&Bench<'_>) -> Result<T, Error>,
) -> Result<T, Error> {
    let plan = Plan::new(&scenario.dataset, &scenario.workload, Path::new(""))?;
    let children = scenario.store.origin.children();
    let rows = Rows::new(&scenario.dataset, plan.seed(), children, plan.keys());
    let store = environment.store();
    store.reset(&Loadable(&rows)).await?;
    let cache = environment.open_cache().await?;
    for server in [cache.server(), store.server()] {
        if server.kind == "embedded" {
            return Err(Error::Twin);
        }
    }
    cache.reset().await?;
    let (cache, plan, rows) = (&*cache, &plan, &rows);
    let measured = measure(&Bench { cache, store, scenario, plan, rows, environment }).await?;
    cache.clear().await?;
    Ok(measured)
}

impl Bench<'_> {
    /// What single calls take while a strategy is under the scenario's load.
    pub async fn under_load(
        &self,
        build: &(dyn Fn() -> Box<dyn Strategy> + Sync),
    ) -> Result<Times, Error> {
        let (plan, rows) = (self.plan, self.rows);
        let cluster = Cluster::open(build, plan.nodes(), self.cache, self.store).await?;
        let clock = self.environment.clock();
        let start = clock.now();
        let pacing = self.scenario.generator.pacing;
        let course = Course { plan, rows, clock, start, pacing, counts: false };
        let mut seen = Seen::default();
        driver::drive(&cluster, &course, &Tap::new(clock), &mut seen, std::future::pending()).await;
        Ok(seen.times(start + plan.warm_up()))
    }

    /// Calls that are made one by one, with time in between, so that none waits for another; and commands
    /// by so many at once that the cache's server never waits.
    pub async fn one_by_one(&self, patience: &Patience) -> Result<Single, Error> {
        Ok(Single {
            version: self.versions(patience).await?,
            commit: self.commits(patience).await?,
            batch: self.batches(patience).await?,
            service: self.saturated(patience).await?,
            queueing: self.queueing(patience).await?,
        })
    }

    async fn versions(&self, patience: &Patience) -> Result<Sampled, Error> {
        let node = self.store.connect(NodeId(0)).await?;
        let ask = async |number| node.version(self.key(number)).await.is_ok();
        Ok(self.times(ALONE, BETWEEN_READS, patience, ask).await)
    }

    async fn commits(&self, patience: &Patience) -> Result<Sampled, Error> {
        let node = self.store.connect(NodeId(0)).await?;
        let write = async |number| node.write(&self.rows.initial(self.key(number))).await.is_ok();
        Ok(self.times(ALONE, BETWEEN_WRITES, patience, write).await)
    }

    async fn batches(&self, patience: &Patience) -> Result<Sampled, Error> {
        // Later than any version that there is.
        const LATER: u64 = 1 << 40;
        let node = self.store.connect(NodeId(0)).await?;
        let write = async |number| {
            let drafts = (0..BATCH_ROWS).map(|key| self.rows.initial(self.key(key)));
            let version = Version(LATER + number);
            let writes: Vec<_> = drafts.map(|draft| VersionedDraft { draft, version }).collect();
            node.apply_batch(&writes).await.is_ok()
        };
        Ok(self.times(BATCHES, BETWEEN_WRITES, patience, write).await)
    }

    /// How much longer than a GET the script takes that queues a write, by their medians. One of each in
    /// turn, so that both find the machine as awake.
    async fn queueing(&self, patience: &Patience) -> Result<Nanos, Error> {
        let node = self.cache.connect(NodeId(0)).await?;
        let get = async |number| node.get(self.key(number)).await.is_ok();
        let queue = async |number| {
            let value = self.rows.initial(self.key(number)).at(Version::INITIAL);
            let entry = entry::write(&value, Stamp::NONE, &Format::default());
            node.enqueue_write(value.key, entry, Some(value.version)).await.is_ok()
        };
        let (mut gets, mut scripts) = (Sampled::default(), Sampled::default());
        let one_of_each = async |number| {
            self.time(number, BETWEEN_READS, &get, &mut gets).await;
            self.time(number, BETWEEN_READS, &queue, &mut scripts).await;
        };
        self.repeat(ALONE, patience, one_of_each).await;
        Ok(scripts.median().since(gets.median()))
    }

    /// How long so many calls take, or as many as there is patience for; each says whether it worked.
    async fn times(
        &self,
        calls: u64,
        between: Nanos,
        patience: &Patience,
        call: impl AsyncFn(u64) -> bool,
    ) -> Sampled {
        let mut times = Sampled::default();
        let time = async |number| self.time(number, between, &call, &mut times).await;
        self.repeat(calls, patience, time).await;
        times
    }

    /// So often, or as often as there is patience for.
    async fn repeat(&self, most: u64, patience: &Patience, mut work: impl AsyncFnMut(u64)) {
        let clock = self.environment.clock();
        let until = clock.now() + patience.alone.nanos();
        for number in 0..most {
            if clock.now() > until {
                break;
            }
            work(number).await;
        }
    }

    /// How long the call takes, after some time in which there is none.
    async fn time(
        &self,
        number: u64,
        between: Nanos,
        call: &impl AsyncFn(u64) -> bool,
        times: &mut Sampled,
    ) {
        let clock = self.environment.clock();
        clock.sleep(between).await;
        let started = clock.now();
        if call(number).await {
            times.add(clock.now() - started);
        }
    }

    fn key(&self, number: u64) -> Key {
        Key(number % self.rows.loaded())
    }

    /// CPU time that the cache's server spends on a command while it is asked by more clients than it can
    /// serve.
    async fn saturated(&self, patience: &Patience) -> Result<Nanos, Error> {
        let keys: Vec<Key> = (0..self.plan.keys().min(1_000)).map(Key).collect();
        let before = self.cache.counters().await?;
        let until = self.environment.clock().now() + patience.saturated.nanos();
        let answers = self.cache.bare_gets(CLIENTS, Yardstick::Library, &keys, until).await?;
        let after = self.cache.counters().await?;
        let (Some(before), Some(after), Some(answers)) = (before, after, answers) else {
            return Err(Error::Twin);
        };
        Ok(Nanos(after.since(&before).cpu.0 / answers.max(1)))
    }
}
