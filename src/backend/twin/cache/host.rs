//! The cache in memory, as the experiment handles it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::entries::{Entries, Limits};
use super::eviction::Policy;
use super::expiry::Cycle;
use super::links::Links;
use super::server::{Server as Process, Trouble};
use super::state::State;
use super::{Shared, TwinCache};
use crate::backend::waits::Waits;
use crate::backend::{
    Cache, CacheCounters, CacheHost, CacheOptions, CacheState, Connections, Error, Server, Victim,
};
use crate::clock::{Clock, Guarded};
use crate::model::{CacheBreakage, CacheTimes, Key, Nanos, NodeId};

/// Sets what is drawn for expiries apart from what is drawn for evictions.
const CYCLE: u64 = 0x4558_5049;

/// What is left to chance where nothing is simulated. It is no part of a plan: any number serves.
const SEED: u64 = 0;

/// A cache in the run's own memory.
pub struct TwinCacheHost {
    shared: Arc<Shared>,
    server: Server,
    connections: Connections,
    /// How long calls waited for a connection.
    waits: Arc<Waits>,
    /// What is in memory outlives the process.
    keeps_all: bool,
    /// How often its process was started anew.
    restarts: AtomicU64,
}

impl TwinCacheHost {
    /// An empty cache whose entries expire by `clock`, and which takes no time.
    ///
    /// # Errors
    /// If the options ask for what it cannot do.
    pub fn new(options: &CacheOptions, clock: Clock) -> Result<Self, Error> {
        Self::simulated(options, &CacheTimes::default(), SEED, clock)
    }

    /// An empty cache at the other end of a network, with one thread for all that it has to do, each as
    /// quick as `times` says. `seed` decides what is left to chance.
    ///
    /// # Errors
    /// If the options ask for what it cannot do: room for no entry, or to find exactly what goes first by
    /// another policy than LRU and FIFO.
    pub fn simulated(
        options: &CacheOptions,
        times: &CacheTimes,
        seed: u64,
        clock: Clock,
    ) -> Result<Self, Error> {
        let victim = options.victim();
        if victim == Victim::Exact && !options.eviction.is_ordered() {
            return Err(unsuitable(
                "only by LRU or FIFO can it find exactly which entry goes first",
            ));
        }
        let keys = match options.max_keys {
            Some(0) => return Err(unsuitable("`max-keys` must be 1 or more")),
            Some(keys) => usize::try_from(keys).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        let limits = Limits { keys, bytes: options.maxmemory.map_or(u64::MAX, |size| size.0) };
        let policy = Policy::new(options.eviction, victim, seed);
        let entries = Entries::new(limits, policy, Cycle::new(seed ^ CYCLE));
        let published = Arc::<Notify>::default();
        let process = Process::new(State::new(entries, published.clone()), times, seed);
        let shared = Shared {
            server: Guarded::new(clock.owner(), process),
            clock,
            timeout: options.timeout.nanos(),
            seed,
            listeners: AtomicU64::new(0),
            published,
            changed: Notify::new(),
        };
        Ok(Self {
            shared: Arc::new(shared),
            server: server(options),
            connections: options.connections,
            waits: Arc::default(),
            keeps_all: options.append_only.is_some(),
            restarts: AtomicU64::new(0),
        })
    }

    /// Sets room aside for so many entries as will be there at most, which are not moved then as they become
    /// more.
    pub fn set_aside(&self, entries: u64) {
        let entries = usize::try_from(entries).unwrap_or(usize::MAX);
        self.shared.server().state.entries.set_aside(entries);
    }

    /// Ends all subscriptions and all tracking, as if their connections were lost. What is in the
    /// cache stays.
    pub fn disconnect(&self) {
        self.shared.server().state.disconnect();
    }

    /// Ends whatever was injected, and empties the cache.
    fn empty(&self) {
        let now = self.shared.now();
        let mut server = self.shared.server();
        server.end_trouble(now);
        server.advance(now);
        server.state.clear(now);
        drop(server);
        self.shared.changed.notify_waiters();
    }

    fn kill(&self, server: &mut Process, now: Nanos) {
        server.break_connections(now);
        if !self.keeps_all {
            server.state.clear(now);
        }
        server.state.entries.forget_counts();
        self.restarts.fetch_add(1, Ordering::Relaxed);
        server.begin_trouble(Trouble::Killed, now);
    }
}

#[async_trait]
impl CacheHost for TwinCacheHost {
    fn server(&self) -> Server {
        self.server.clone()
    }

    async fn connect(&self, _: NodeId) -> Result<Arc<dyn Cache>, Error> {
        let count = self.connections.count().max(1) as usize;
        // One more waits for events, which keeps all else on it waiting.
        let connections = self.shared.server().connect(count + 1);
        let events = connections.end - 1;
        Ok(Arc::new(TwinCache {
            links: Links::new(self.connections, connections.start..events, self.waits.clone()),
            shared: self.shared.clone(),
            events,
            tracked: Mutex::default(),
        }))
    }

    async fn reset(&self) -> Result<(), Error> {
        self.clear().await
    }

    async fn clear(&self) -> Result<(), Error> {
        self.empty();
        Ok(())
    }

    async fn counters(&self) -> Result<Option<CacheCounters>, Error> {
        let mut server = self.shared.server();
        server.advance(self.shared.now());
        let counts = server.state.entries.counts();
        // A Record does not keep the mark, so that the usual one is none.
        let restarts = self.restarts.load(Ordering::Relaxed);
        let process = if restarts == 0 { String::new() } else { restarts.to_string() };
        Ok(Some(CacheCounters {
            process,
            keyspace_hits: counts.hits,
            keyspace_misses: counts.misses,
            evicted_keys: counts.evicted,
            expired_keys: counts.expired,
            used_memory: server.state.used_memory(),
            pool: self.waits.read(),
            ..CacheCounters::default()
        }))
    }

    async fn state(&self, keys: &[Key]) -> Result<Vec<CacheState>, Error> {
        let now = self.shared.now();
        let mut server = self.shared.server();
        server.advance(now);
        let held = |key| server.state.entries.peek(key, now).cloned();
        Ok(keys.iter().map(|&key| CacheState { key, entry: held(key) }).collect())
    }

    async fn inject(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        let now = self.shared.now();
        let mut server = self.shared.server();
        match breakage {
            CacheBreakage::Killed => self.kill(&mut server, now),
            CacheBreakage::Reset => server.break_connections(now),
            CacheBreakage::Flushed => {
                server.advance(now);
                server.state.clear(now);
            }
            CacheBreakage::Paused => server.begin_trouble(Trouble::Paused(now), now),
            CacheBreakage::Unreachable => server.begin_trouble(Trouble::Unreachable(now), now),
            CacheBreakage::Slow(toxics) => server.begin_trouble(Trouble::Slow(*toxics), now),
        }
        drop(server);
        self.shared.changed.notify_waiters();
        Ok(())
    }

    async fn lift(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        if !matches!(breakage, CacheBreakage::Reset | CacheBreakage::Flushed) {
            self.shared.server().end_trouble(self.shared.now());
            self.shared.changed.notify_waiters();
        }
        Ok(())
    }
}

fn server(options: &CacheOptions) -> Server {
    let mut settings =
        BTreeMap::from([("maxmemory-policy".to_owned(), options.eviction.name().to_owned())]);
    if let Some(keys) = options.max_keys {
        settings.insert("max-keys".into(), keys.to_string());
    }
    if let Some(bytes) = options.maxmemory {
        settings.insert("maxmemory".into(), bytes.0.to_string());
    }
    if let (Victim::BestOf(samples), true) = (options.victim(), options.maxmemory.is_some()) {
        settings.insert("maxmemory-samples".into(), samples.to_string());
    }
    Server {
        kind: "embedded".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        managed: true,
        address: "in memory".into(),
        settings,
    }
}

fn unsuitable(reason: &str) -> Error {
    Error::Unsuitable { address: "the embedded cache".into(), reason: reason.into() }
}
