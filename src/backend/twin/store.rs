//! The store's twin: rows in memory with a database's semantics, and nothing durable.
//!
//! By itself it waits for nothing. Under virtual time it behaves as the database that it stands for, at
//! the times of a profile: calls take turns at connections, writers wait for each other's rows, what a
//! transaction does is seen at its COMMIT, and a call that was begun goes on when its caller does not.
//!
//! | stands for | point lookups, versions | aggregations, looks into the outbox | writers |
//! |---|---|---|---|
//! | SQLite | wait for nothing | `connections` of each node; one where nothing aggregates | one for all nodes |
//! | PostgreSQL | `connections` of each node | the same ones | as many again of each node, and row locks |
//! | itself (`embedded`) | wait for nothing, and take no time | the same | the same |

mod call;
mod database;
mod handle;
mod pool;
mod replica;
mod rows;
mod served;
mod times;
mod transactions;

pub use call::StoreCall;
pub use handle::TwinStore;

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use self::database::Database;
use self::handle::Connections;
use self::pool::Pool;
use self::served::Served;
use crate::backend::faults::OutageStoreHost;
use crate::backend::{
    Dataset, Durability, Error, Origin, Row, Server, Store, StoreCounters, StoreHost, StoreOptions,
    StoreServer,
};
use crate::clock::{Clock, Guarded};
use crate::model::{Breakage, Draft, Key, Nanos, NodeId, StoreBreakage, StoreTimes, Writer};

/// The twin of a store, as the experiment handles it.
pub struct TwinStoreHost {
    options: StoreOptions,
    stands_for: StandsFor,
    times: StoreTimes,
    seed: u64,
    /// Of the time that calls take place in, be they at an end as soon as they begin.
    clock: Option<Clock>,
    state: Mutex<State>,
}

/// Which database's ways it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StandsFor {
    Itself,
    Sqlite,
    Postgres,
}

/// What a reset replaces.
struct State {
    served: Arc<Served>,
    /// SQLite's only writer.
    writer: Arc<Pool>,
    /// All connections that there are.
    pools: Vec<Arc<Pool>>,
}

impl TwinStoreHost {
    /// An empty store that takes no time.
    pub fn new(options: &StoreOptions) -> Self {
        Self::with(options, StandsFor::Itself, &StoreTimes::default(), 0, None)
    }

    /// The twin of the database that the scenario names, on `clock`. Its times are drawn by `seed`. One that
    /// `may_break` can be put out of reach.
    pub fn simulated(
        options: &StoreOptions,
        times: &StoreTimes,
        seed: u64,
        may_break: bool,
        clock: &Clock,
    ) -> Box<dyn StoreHost> {
        let none = StoreTimes::default();
        let (stands_for, times) = match options.server {
            StoreServer::Embedded => (StandsFor::Itself, &none),
            StoreServer::Sqlite => (StandsFor::Sqlite, times),
            StoreServer::Postgres | StoreServer::Url(_) => (StandsFor::Postgres, times),
        };
        let host = Self::with(options, stands_for, times, seed, Some(clock.clone()));
        match may_break {
            true => Box::new(OutageStoreHost::new(Box::new(host), clock.clone())),
            false => Box::new(host),
        }
    }

    fn with(
        options: &StoreOptions,
        stands_for: StandsFor,
        times: &StoreTimes,
        seed: u64,
        clock: Option<Clock>,
    ) -> Self {
        let nothing =
            Database::new(Arc::new(Nothing), options.origin, options.durability, times, seed);
        let state = Mutex::new(State::over(nothing, stands_for, clock.as_ref()));
        Self { options: options.clone(), stands_for, times: *times, seed, clock, state }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Nanos {
        self.clock.as_ref().map_or(Nanos::ZERO, |clock| clock.now())
    }

    fn killable(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        match (breakage, self.stands_for) {
            (StoreBreakage::Killed, StandsFor::Postgres) => Ok(()),
            _ => Err(Error::unbreakable(self.server(), Breakage::Store(*breakage))),
        }
    }
}

#[async_trait]
impl StoreHost for TwinStoreHost {
    fn server(&self) -> Server {
        let mut settings = BTreeMap::new();
        let durability = match self.stands_for {
            StandsFor::Itself => "none",
            StandsFor::Sqlite | StandsFor::Postgres => durability(self.options.durability),
        };
        settings.insert("durability".into(), durability.into());
        let stands_for = match self.stands_for {
            StandsFor::Itself => None,
            StandsFor::Sqlite => Some("sqlite"),
            StandsFor::Postgres => Some("postgres"),
        };
        if let Some(database) = stands_for {
            settings.insert("stands_for".into(), database.into());
            settings.insert("connections".into(), self.options.connections.to_string());
        }
        Server {
            kind: "embedded".into(),
            version: env!("CARGO_PKG_VERSION").into(),
            managed: true,
            address: "in memory".into(),
            settings,
        }
    }

    /// The handle serves until the next reset and fails as unavailable from then on.
    async fn connect(&self, _node: NodeId) -> Result<Arc<dyn Store>, Error> {
        let mut state = self.state();
        let count = self.options.connections;
        let connections = match self.stands_for {
            StandsFor::Itself => Connections::default(),
            StandsFor::Sqlite => {
                let scans = match self.options.origin {
                    Origin::Aggregation { .. } => count,
                    Origin::PointLookup | Origin::Api(_) => 1,
                };
                let writes = Some(state.writer.clone());
                Connections { lookups: None, scans: Some(state.pool(scans)), writes }
            }
            StandsFor::Postgres => {
                let (reads, writes) = (Some(state.pool(count)), Some(state.pool(count)));
                Connections { lookups: reads.clone(), scans: reads, writes }
            }
        };
        let (origin, served) = (self.options.origin, state.served.clone());
        Ok(Arc::new(TwinStore { origin, served, connections }))
    }

    /// Rows are made when they are asked for, so that it takes no time however many there are.
    async fn reset(&self, dataset: &dyn Dataset) -> Result<(), Error> {
        let StoreOptions { origin, durability, .. } = self.options;
        let fresh = Database::new(dataset.shared(), origin, durability, &self.times, self.seed);
        let mut state = self.state();
        *state.served.database() = None;
        *state = State::over(fresh, self.stands_for, self.clock.as_ref());
        Ok(())
    }

    /// The waits are those since the last reset.
    async fn counters(&self) -> Result<StoreCounters, Error> {
        let pool = self.state().served.waits.read();
        Ok(StoreCounters { pool, ..StoreCounters::default() })
    }

    async fn rows(&self, keys: Range<Key>) -> Result<Vec<Row>, Error> {
        let (served, now) = (self.state().served.clone(), self.now());
        let rows = served.database().as_mut().map(|database| database.audited(now, keys));
        Ok(rows.unwrap_or_default())
    }

    /// What the memory holds is the run's alone.
    async fn clear(&self) -> Result<(), Error> {
        Ok(())
    }

    /// Only what stands for a server has a process to be killed.
    async fn inject(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        self.killable(breakage)?;
        self.state().die(self.now());
        Ok(())
    }

    async fn lift(&self, breakage: &StoreBreakage) -> Result<(), Error> {
        self.killable(breakage)?;
        self.state().served.come_back();
        Ok(())
    }
}

impl State {
    fn over(database: Database, stands_for: StandsFor, clock: Option<&Clock>) -> Self {
        let owner = clock.and_then(|clock| clock.owner());
        let database = Guarded::new(owner, Some(database));
        let takes_time = stands_for != StandsFor::Itself;
        let served = Arc::new(Served::new(clock.filter(|_| takes_time).cloned(), database));
        let writer = Arc::new(Pool::new(1, owner));
        Self { served, pools: vec![writer.clone()], writer }
    }

    /// So many connections more.
    fn pool(&mut self, connections: u32) -> Arc<Pool> {
        let owner = self.served.clock.as_ref().and_then(|clock| clock.owner());
        let pool = Arc::new(Pool::new(connections, owner));
        self.pools.push(pool.clone());
        pool
    }

    fn die(&mut self, now: Nanos) {
        self.served.die(now);
        for pool in &self.pools {
            pool.break_all();
        }
    }
}

/// What is there before the first reset.
struct Nothing;

impl Dataset for Nothing {
    fn keys(&self) -> u64 {
        0
    }

    fn initial(&self, key: Key) -> Draft {
        Draft::deletion(key, Writer::LOAD)
    }

    fn children(&self) -> u32 {
        0
    }

    fn child_amount(&self, _: Key, _: u32) -> i64 {
        0
    }

    fn shared(&self) -> Arc<dyn Dataset> {
        Arc::new(Self)
    }
}

const fn durability(durability: Durability) -> &'static str {
    match durability {
        Durability::Full => "full",
        Durability::Normal => "normal",
        Durability::Off => "off",
    }
}

#[cfg(test)]
mod tests;
