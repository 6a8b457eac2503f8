//! Where an experiment runs: real servers under the wall clock, or their twins under virtual time.

use std::path::Path;

use super::footprint;
use crate::backend::api::{ApiHost, TwinApiHost};
use crate::backend::delay::{DelayedStoreHost, StoreDelays};
use crate::backend::faults::{DisturbedCacheHost, OutageStoreHost};
use crate::backend::managed::{ManagedPostgres, ManagedRedis, Workspace, find_server};
use crate::backend::postgres::PostgresHost;
use crate::backend::redis::{Naming, RedisHost, Route};
use crate::backend::sqlite::SqliteHost;
use crate::backend::twin::{TwinCacheHost, TwinStoreHost};
use crate::backend::{
    CacheHost, CacheOptions, CacheServer, Error, Origin, Server, StoreHost, StoreServer,
};
use crate::clock::{Clock, SimClock};
use crate::measure::{Check, Standing};
use crate::model::{Breakage, CacheTimes, Profile, Size};
use crate::scenario::Scenario;
use crate::workload::PlannedFault;

/// The kind of a simulation's servers.
const SIMULATED: &str = "simulated";

/// The servers of an experiment, its clock, and what must outlive them.
pub struct Environment {
    clock: Clock,
    cache: CacheOptions,
    source: CacheSource,
    faults: Vec<PlannedFault>,
    route: Route,
    store: Box<dyn StoreHost>,
    checks: Vec<Check>,
    /// Of a simulation.
    profile: Option<Profile>,
    /// Dropped last: with it goes every file and server that the run has made.
    workspace: Option<Workspace>,
}

enum CacheSource {
    /// A private server for every run: none profits from what another left behind.
    Managed(Naming),
    Url(String, Naming),
    /// In memory, under the wall clock: it takes no time of its own.
    Twin,
    Simulated {
        times: CacheTimes,
        seed: u64,
        /// How many entries there will be at most; 0 where nobody knows.
        entries: u64,
    },
}

impl Environment {
    /// The servers that the scenario names, under the wall clock. Where it wants a private cache and
    /// the machine has no server for it, the twin serves, with a notice. Whatever the run makes for
    /// itself lies in a private folder below `parent`, or below the system's folder for such things.
    ///
    /// # Errors
    /// If the folder or the store cannot be made, or a cache of somebody else's may not be used: that
    /// is looked into here, once. The cache is opened with each run.
    pub async fn real(scenario: &Scenario, parent: Option<&Path>) -> Result<Self, Error> {
        let clock = Clock::wall();
        let workspace = Workspace::create(parent)?;
        let run = workspace.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
        let naming = Naming::new(&run, scenario.dataset.namespace());
        let mut checks = Vec::new();
        let source = match &scenario.cache.server {
            CacheServer::Embedded => {
                checks.push(embedded("asked for"));
                CacheSource::Twin
            }
            CacheServer::Url(url) => {
                let (options, names) = (&scenario.cache, naming.clone());
                let host =
                    RedisHost::open(url, options, names, Route::Direct, clock.clone()).await?;
                host.vet().await?;
                checks.extend(own_limit(&host.server(), options));
                CacheSource::Url(url.clone(), naming)
            }
            CacheServer::Managed if scenario.cache.program.is_some() || find_server().is_some() => {
                CacheSource::Managed(naming)
            }
            CacheServer::Managed => {
                checks.push(embedded("neither redis-server nor valkey-server is on PATH"));
                CacheSource::Twin
            }
        };
        let store = open_store(scenario, &workspace, &run, clock.clone()).await?;
        let store = breakable_store(scenario, store, &clock);
        let store: Box<dyn StoreHost> = match scenario.store.origin {
            Origin::Api(options) => {
                let (connections, seed) = (scenario.store.connections, scenario.workload.seed);
                Box::new(ApiHost::new(store, options, connections, seed, clock.clone()))
            }
            Origin::PointLookup | Origin::Aggregation { .. } => store,
        };
        Ok(Self {
            store: slowed(scenario, store, &clock),
            clock,
            cache: scenario.cache.clone(),
            source,
            faults: scenario.faults.clone(),
            route: route(scenario),
            checks,
            profile: None,
            workspace: Some(workspace),
        })
    }

    /// The twins under virtual time, as quick as `profile` has them: `clock` must be the one that drives
    /// the experiment. Whichever servers the scenario names, the twins stand in for them.
    pub fn simulated(scenario: &Scenario, clock: &SimClock, profile: &Profile) -> Self {
        let clock: Clock = clock.handle();
        let (options, seed) = (&scenario.store, scenario.workload.seed);
        let may_break = breaks_store(scenario);
        let store = TwinStoreHost::simulated(options, &profile.store, seed, may_break, &clock);
        let store: Box<dyn StoreHost> = match options.origin {
            Origin::Api(api) => {
                Box::new(TwinApiHost::new(store, api, options.connections, seed, clock.clone()))
            }
            Origin::PointLookup | Origin::Aggregation { .. } => store,
        };
        Self {
            store: slowed(scenario, store, &clock),
            clock,
            cache: scenario.cache.clone(),
            source: CacheSource::Simulated {
                times: profile.cache,
                seed,
                entries: scenario.dataset.keys.map_or(0, |keys| footprint::entries(scenario, keys)),
            },
            faults: scenario.faults.clone(),
            route: Route::Direct,
            checks: Vec::new(),
            profile: Some(profile.clone()),
            workspace: None,
        }
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn shared_clock(&self) -> Clock {
        self.clock.clone()
    }

    pub fn store(&self) -> &dyn StoreHost {
        &*self.store
    }

    /// What is to be said of the environment as a whole.
    pub fn checks(&self) -> &[Check] {
        &self.checks
    }

    /// Whether time is virtual.
    pub fn is_simulated(&self) -> bool {
        self.profile.is_some()
    }

    /// How long simulated servers take; `None` for real ones.
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.as_ref()
    }

    /// What the store says of itself.
    pub fn store_server(&self) -> Server {
        self.known_as(self.store.server())
    }

    /// A server as a Record names it: a twin in a simulation is no server that somebody chose to run on.
    pub fn known_as(&self, server: Server) -> Server {
        match self.is_simulated() {
            true => Server { kind: SIMULATED.into(), ..server },
            false => server,
        }
    }

    /// Removes what a run that was cut short has left in servers that others use too. Whatever is the
    /// run's own goes with the environment.
    ///
    /// # Errors
    /// If a server cannot be reached or used. The other one is cleared all the same.
    pub async fn clear(&self) -> Result<(), Error> {
        let cache = match &self.source {
            CacheSource::Url(..) => self.clear_cache().await,
            CacheSource::Managed(_) | CacheSource::Twin | CacheSource::Simulated { .. } => Ok(()),
        };
        let store = match self.store.server().managed {
            true => Ok(()),
            false => self.store.clear().await,
        };
        cache.and(store)
    }

    async fn clear_cache(&self) -> Result<(), Error> {
        self.open_cache().await?.clear().await
    }

    /// The cache for one run.
    ///
    /// # Errors
    /// If the server cannot be started, reached or used.
    pub async fn open_cache(&self) -> Result<Box<dyn CacheHost>, Error> {
        let (options, clock) = (&self.cache, self.clock.clone());
        let cache: Box<dyn CacheHost> = match &self.source {
            CacheSource::Managed(naming) => {
                let workspace = self.workspace.as_ref().expect("a real environment has one");
                let server = ManagedRedis::start(workspace, options, &clock).await?;
                let naming = naming.clone();
                let host =
                    RedisHost::open_managed(server, options, naming, self.route, clock.clone());
                Box::new(host.await?)
            }
            CacheSource::Url(url, naming) => {
                let naming = naming.clone();
                let host = RedisHost::open(url, options, naming, self.route, clock.clone());
                Box::new(host.await?)
            }
            CacheSource::Twin => Box::new(TwinCacheHost::new(options, clock.clone())?),
            CacheSource::Simulated { times, seed, entries } => {
                let host = TwinCacheHost::simulated(options, times, *seed, clock.clone())?;
                host.set_aside(*entries);
                Box::new(host)
            }
        };
        // What cannot break is not wrapped: a layer costs every call something.
        if self.faults.iter().any(|fault| matches!(fault.what, Breakage::Events(_))) {
            return Ok(Box::new(DisturbedCacheHost::new(cache, clock)));
        }
        Ok(cache)
    }
}

fn breaks_store(scenario: &Scenario) -> bool {
    scenario.faults.iter().any(|fault| matches!(fault.what, Breakage::Store(_)))
}

/// The store with the delay that the scenario adds to it.
fn slowed(scenario: &Scenario, store: Box<dyn StoreHost>, clock: &Clock) -> Box<dyn StoreHost> {
    let delays = StoreDelays { read: scenario.store.delay.nanos(), ..StoreDelays::default() };
    if delays == StoreDelays::default() {
        return store;
    }
    Box::new(DelayedStoreHost::new(store, clock.clone(), delays))
}

/// The store, in a decorator that can put it out of reach where the scenario has that happen. It
/// stands behind an API, whose database it is that breaks.
fn breakable_store(
    scenario: &Scenario,
    store: Box<dyn StoreHost>,
    clock: &Clock,
) -> Box<dyn StoreHost> {
    if breaks_store(scenario) {
        return Box::new(OutageStoreHost::new(store, clock.clone()));
    }
    store
}

/// A proxy costs latency: it stands there only where the network is to break.
fn route(scenario: &Scenario) -> Route {
    let of_the_network = |what| matches!(what, Breakage::Cache(what) if what.is_of_the_network());
    match scenario.faults.iter().any(|fault| of_the_network(fault.what)) {
        true => Route::Proxied { seed: scenario.workload.seed },
        false => Route::Direct,
    }
}

/// A limit of a server of others that the scenario says nothing of.
fn own_limit(server: &Server, options: &CacheOptions) -> Option<Check> {
    let setting = |name| server.settings.get(name).map_or("", String::as_str);
    let limit = setting("maxmemory").parse().map(Size).unwrap_or_default();
    if options.maxmemory.is_some() || limit == Size(0) {
        return None;
    }
    let policy = setting("maxmemory-policy");
    let then = match policy {
        "noeviction" => "refuses entries beyond that".to_owned(),
        _ => format!("evicts by {policy} beyond that, other runs' entries and others' too"),
    };
    let detail = format!("the server has a `maxmemory` of {limit} and {then}");
    Some(Check { name: "cache memory".into(), standing: Standing::Warn, detail })
}

/// The store that the scenario names, for the whole experiment: a server of the run's own is made
/// once, and each block gets its tables anew.
async fn open_store(
    scenario: &Scenario,
    workspace: &Workspace,
    run: &str,
    clock: Clock,
) -> Result<Box<dyn StoreHost>, Error> {
    let options = &scenario.store;
    Ok(match &options.server {
        StoreServer::Embedded => Box::new(TwinStoreHost::new(options)),
        StoreServer::Sqlite => Box::new(SqliteHost::open(workspace.path(), options, clock).await?),
        StoreServer::Postgres => {
            // The worker has connections as any node has.
            let nodes = scenario.workload.nodes + 1;
            let connections = nodes.saturating_mul(PostgresHost::connections(options));
            let server = ManagedPostgres::start(workspace, options.durability, connections, &clock);
            Box::new(PostgresHost::open_managed(server.await?, run, options, clock).await?)
        }
        StoreServer::Url(url) => Box::new(PostgresHost::open(url, run, options, clock).await?),
    })
}

fn embedded(why: &str) -> Check {
    let detail = format!("the in-memory twin stood in for Redis ({why}): latency is not Redis's");
    Check { name: "embedded".into(), standing: Standing::Warn, detail }
}
