//! The cache in memory, as the experiment handles it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::bus::Bus;
use super::claims::Claims;
use super::entries::{Entries, Policy};
use super::stream::Stream;
use super::{Shared, State, TwinCache};
use crate::backend::{
    Cache, CacheCounters, CacheHost, CacheOptions, CacheState, Error, Eviction, Server,
};
use crate::clock::Clock;
use crate::model::{CacheBreakage, Key, NodeId};

/// What decides which keys `allkeys-random` evicts. It is no part of a plan: any number serves, as
/// long as it is the same in every run.
const EVICTION_SEED: u64 = 0;

/// A cache in the run's own memory.
pub struct TwinCacheHost {
    shared: Arc<Shared>,
    server: Server,
    /// What is in memory outlives the process.
    keeps_all: bool,
}

impl TwinCacheHost {
    /// An empty cache whose entries expire by `clock`.
    ///
    /// # Errors
    /// If the options ask for what it cannot do: a limit in bytes, or another eviction policy than
    /// `noeviction`, `allkeys-lru` and `allkeys-random`.
    pub fn new(options: &CacheOptions, clock: Arc<dyn Clock>) -> Result<Self, Error> {
        if options.maxmemory.is_some() {
            return Err(unsuitable("it counts entries, not bytes: limit it by `max-keys`"));
        }
        let policy = match options.eviction {
            Eviction::Noeviction => Policy::Refuse,
            Eviction::AllkeysLru => Policy::LeastRecentlyUsed,
            Eviction::AllkeysRandom => Policy::random(EVICTION_SEED),
            other => {
                return Err(unsuitable(&format!(
                    "it does not offer the eviction `{}`, but `noeviction`, `allkeys-lru` and \
                     `allkeys-random`",
                    other.name()
                )));
            }
        };
        let capacity = match options.max_keys {
            Some(0) => return Err(unsuitable("`max-keys` must be 1 or more")),
            Some(keys) => usize::try_from(keys).unwrap_or(usize::MAX),
            None => usize::MAX,
        };
        let state = State {
            entries: Entries::new(capacity, policy),
            counters: HashMap::new(),
            queue: Stream::default(),
            events: Stream::default(),
            locks: Claims::default(),
            leases: Claims::default(),
            bus: Bus::default(),
        };
        let shared = Shared { clock, state: Mutex::new(state), published: Notify::new() };
        Ok(Self {
            shared: Arc::new(shared),
            server: server(options),
            keeps_all: options.append_only.is_some(),
        })
    }

    /// Ends all subscriptions and all tracking, as if their connections were lost. What is in the
    /// cache stays.
    pub fn disconnect(&self) {
        let mut state = self.shared.state();
        state.bus = Bus::default();
        state.entries.tracking().end();
    }
}

#[async_trait]
impl CacheHost for TwinCacheHost {
    fn server(&self) -> Server {
        self.server.clone()
    }

    async fn connect(&self, _: NodeId) -> Result<Arc<dyn Cache>, Error> {
        Ok(Arc::new(TwinCache { shared: self.shared.clone(), tracker: Mutex::default() }))
    }

    async fn reset(&self) -> Result<(), Error> {
        self.clear().await
    }

    async fn clear(&self) -> Result<(), Error> {
        let mut state = self.shared.state();
        state.entries.clear();
        state.counters.clear();
        state.locks.clear();
        state.leases.clear();
        state.queue = Stream::default();
        state.events = Stream::default();
        Ok(())
    }

    async fn counters(&self) -> Result<Option<CacheCounters>, Error> {
        let counts = self.shared.state().entries.counts(self.shared.now());
        Ok(Some(CacheCounters {
            keyspace_hits: counts.hits,
            keyspace_misses: counts.misses,
            evicted_keys: counts.evicted,
            expired_keys: counts.expired,
            used_memory: counts.bytes,
            ..CacheCounters::default()
        }))
    }

    async fn state(&self, keys: &[Key]) -> Result<Vec<CacheState>, Error> {
        let now = self.shared.now();
        let state = self.shared.state();
        let held = |key| state.entries.peek(key, now).cloned();
        Ok(keys.iter().map(|&key| CacheState { key, entry: held(key) }).collect())
    }

    /// What it does to content and connections. That nobody can reach it meanwhile is for a decorator.
    async fn inject(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        match breakage {
            CacheBreakage::Killed => {
                self.disconnect();
                if !self.keeps_all {
                    self.clear().await?;
                }
            }
            CacheBreakage::Reset => self.disconnect(),
            CacheBreakage::Flushed => self.clear().await?,
            CacheBreakage::Paused | CacheBreakage::Unreachable | CacheBreakage::Slow(_) => {}
        }
        Ok(())
    }

    async fn lift(&self, _: &CacheBreakage) -> Result<(), Error> {
        Ok(())
    }
}

fn server(options: &CacheOptions) -> Server {
    let mut settings =
        BTreeMap::from([("maxmemory-policy".to_owned(), options.eviction.name().to_owned())]);
    if let Some(keys) = options.max_keys {
        settings.insert("max-keys".into(), keys.to_string());
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
