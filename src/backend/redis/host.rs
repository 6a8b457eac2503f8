//! The Redis that a run uses, as the experiment handles it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redis::{Pipeline, RedisError, RedisResult, Value, cmd, from_redis_value};

use super::cache::{RedisCache, entry};
use super::connection::{Endpoint, Usage};
use super::failure::reason;
use super::info::Info;
use super::link::Link;
use super::naming::Naming;
use super::scripts;
use super::stream::create_group;
use crate::backend::managed::ManagedRedis;
use crate::backend::proxy::Proxy;
use crate::backend::redacted;
use crate::backend::waits::Waits;
use crate::backend::{
    Cache, CacheCounters, CacheHost, CacheOptions, CacheState, Connections, Error, Eviction,
    Server, Yardstick,
};
use crate::clock::Clock;
use crate::model::{CacheBreakage, Key, Nanos, NodeId, Size};

/// How long a server may take to let us in before it counts as unreachable.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the host's own calls may take: emptying a big server is one of them.
const HOST_TIMEOUT: Duration = Duration::from_secs(60);
/// How many keys one MGET asks for, one SCAN looks at and one UNLINK removes.
pub(super) const KEYS_PER_CALL: usize = 1_000;
/// A certificate would name another server than the proxy.
const PROXIED_IS_TCP: &str =
    "the network can break only on the way to a redis:// address, over TCP without TLS";

/// The settings that change what is measured.
const SETTINGS: [&str; 10] = [
    "maxmemory",
    "maxmemory-policy",
    "maxmemory-samples",
    "save",
    "appendonly",
    "appendfsync",
    "io-threads",
    "lazyfree-lazy-eviction",
    "lazyfree-lazy-expire",
    "activedefrag",
];

/// A Redis or Valkey, and the names that one run uses in it.
pub struct RedisHost {
    /// What the nodes connect to.
    pub(super) endpoint: Arc<Endpoint>,
    /// The host's own, which never goes through the proxy.
    pub(super) link: Link,
    pub(super) proxy: Option<Proxy>,
    pub(super) naming: Arc<Naming>,
    server: Server,
    pub(super) connections: Connections,
    /// How long the nodes' calls waited for a connection.
    waits: Arc<Waits>,
    timeout: Duration,
    pub(super) managed: Option<ManagedRedis>,
    /// What has been injected and goes on.
    broken: Mutex<Option<CacheBreakage>>,
}

/// How the nodes get to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    Direct,
    /// Through a proxy of the run's own, which can make the network bad. It costs some latency.
    Proxied {
        /// Decides what is left to chance.
        seed: u64,
    },
}

impl RedisHost {
    /// Uses the server at `url`, which may be shared with others.
    pub async fn open(
        url: &str,
        options: &CacheOptions,
        naming: Naming,
        route: Route,
        clock: Clock,
    ) -> Result<Self, Error> {
        Self::with(url, options, naming, None, route, clock).await
    }

    /// Uses a server that the run has to itself.
    pub async fn open_managed(
        managed: ManagedRedis,
        options: &CacheOptions,
        naming: Naming,
        route: Route,
        clock: Clock,
    ) -> Result<Self, Error> {
        Self::with(&managed.url(), options, naming, Some(managed), route, clock).await
    }

    /// The run's own server, for whoever is to break it.
    pub fn managed(&self) -> Option<&ManagedRedis> {
        self.managed.as_ref()
    }

    async fn with(
        url: &str,
        options: &CacheOptions,
        naming: Naming,
        managed: Option<ManagedRedis>,
        route: Route,
        clock: Clock,
    ) -> Result<Self, Error> {
        let address = redacted(url);
        let unreachable = |error: RedisError| Error::Unreachable {
            address: address.clone(),
            reason: reason(&error),
        };
        let unsuitable = |reason| Error::Unsuitable { address: address.clone(), reason };
        if route != Route::Direct && !url.starts_with("redis://") {
            return Err(unsuitable(PROXIED_IS_TCP.into()));
        }
        let direct = Arc::new(Endpoint::new(url, clock.clone()).map_err(unreachable)?);
        let overdue = direct.overdue(HOST_TIMEOUT);
        let link =
            Link::open(direct.clone(), HOST_TIMEOUT, overdue, CONNECT_TIMEOUT, Usage::Shared);
        let link = link.await.map_err(unreachable)?;
        // One that does not let us in says so once, and not for each section.
        link.query(&cmd("PING")).await.map_err(unreachable)?;
        let info = info(&link, &["server", "memory", "replication"]).await.map_err(unreachable)?;
        if let Some(reason) = info.unsuitable().or_else(|| differs(&info, options)) {
            return Err(unsuitable(reason));
        }
        let mut server = info.server(address.clone(), managed.is_some());
        server.settings = settings(&link, &info).await;
        let (endpoint, proxy) = match route {
            Route::Direct => (direct, None),
            Route::Proxied { seed } => {
                let tcp = direct.tcp();
                let (host, port) = tcp.ok_or_else(|| unsuitable(PROXIED_IS_TCP.into()))?;
                let proxy = Proxy::start(host, port, seed).await.map_err(|error| {
                    Error::NotStarted { program: "the proxy".into(), reason: error.to_string() }
                })?;
                server
                    .settings
                    .insert("proxy".into(), "127.0.0.1, between nodes and server".into());
                let endpoint = Endpoint::by_way_of(proxy.address(), url, clock);
                (Arc::new(endpoint.map_err(unreachable)?), Some(proxy))
            }
        };
        Ok(Self {
            endpoint,
            link,
            proxy,
            naming: Arc::new(naming),
            server,
            connections: options.connections,
            waits: Arc::default(),
            timeout: options.timeout.0,
            managed,
            broken: Mutex::default(),
        })
    }

    async fn empty(&self) -> RedisResult<()> {
        match self.managed {
            Some(_) => self.link.query(&cmd("FLUSHALL")).await.map(drop),
            None => self.remove_own().await,
        }
    }

    async fn prepare(&self) -> RedisResult<()> {
        self.empty().await?;
        for stream in [self.naming.queue(), self.naming.events()] {
            create_group(&self.link, self.link.deadline(), &stream).await?;
        }
        for script in scripts::ALL {
            script.load(&self.link, self.link.deadline()).await?;
        }
        Ok(())
    }

    /// Removes what is under the run's prefix, for the rest of the server belongs to others.
    pub(super) async fn remove_own(&self) -> RedisResult<()> {
        let mut cursor = 0_u64;
        loop {
            let mut scan = cmd("SCAN");
            scan.arg(cursor).arg("MATCH").arg(self.naming.pattern());
            scan.arg("COUNT").arg(KEYS_PER_CALL);
            let answer = self.link.query(&scan).await?;
            let (next, names): (u64, Vec<Vec<u8>>) = from_redis_value(answer)?;
            if !names.is_empty() {
                self.link.query(cmd("UNLINK").arg(names)).await?;
            }
            if next == 0 {
                return Ok(());
            }
            cursor = next;
        }
    }

    async fn entries(&self, keys: &[Key]) -> RedisResult<Vec<CacheState>> {
        let mut states = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS_PER_CALL) {
            let names: Vec<String> = keys.iter().map(|&key| self.naming.entry(key)).collect();
            let answer = self.link.query(cmd("MGET").arg(names)).await?;
            let entries: Vec<Value> = from_redis_value(answer)?;
            for (&key, found) in keys.iter().zip(entries) {
                states.push(CacheState { key, entry: entry(found)? });
            }
        }
        Ok(states)
    }

    pub(super) fn clock(&self) -> &Clock {
        self.endpoint.clock()
    }

    pub(super) fn broken(&self) -> MutexGuard<'_, Option<CacheBreakage>> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn failed(&self, error: RedisError) -> Error {
        Error::Failed { address: self.server.address.clone(), reason: reason(&error) }
    }
}

#[async_trait]
impl CacheHost for RedisHost {
    fn server(&self) -> Server {
        self.server.clone()
    }

    async fn connect(&self, node: NodeId) -> Result<Arc<dyn Cache>, Error> {
        let (endpoint, naming) = (self.endpoint.clone(), self.naming.clone());
        let (connections, timeout, waits) = (self.connections, self.timeout, self.waits.clone());
        let cache =
            RedisCache::open(endpoint, naming, node, connections, timeout, CONNECT_TIMEOUT, waits);
        match cache.await {
            Ok(cache) => Ok(Arc::new(cache)),
            Err(error) => Err(Error::Unreachable {
                address: self.server.address.clone(),
                reason: error.to_string(),
            }),
        }
    }

    async fn reset(&self) -> Result<(), Error> {
        self.mend().await?;
        self.prepare().await.map_err(|error| self.failed(error))
    }

    async fn clear(&self) -> Result<(), Error> {
        self.mend().await?;
        self.empty().await.map_err(|error| self.failed(error))
    }

    async fn counters(&self) -> Result<Option<CacheCounters>, Error> {
        let info = info(&self.link, &["server", "stats", "memory", "cpu", "commandstats"]).await;
        let counters = info.map_err(|error| self.failed(error))?.counters();
        Ok(Some(CacheCounters { pool: self.waits.read(), ..counters }))
    }

    async fn state(&self, keys: &[Key]) -> Result<Vec<CacheState>, Error> {
        self.entries(keys).await.map_err(|error| self.failed(error))
    }

    async fn bare_gets(
        &self,
        clients: u32,
        over: Yardstick,
        keys: &[Key],
        until: Nanos,
    ) -> Result<Option<u64>, Error> {
        let usage = match over {
            Yardstick::Library => Usage::Shared,
            Yardstick::Own => Usage::Exclusive,
        };
        if over == Yardstick::Own && Usage::from(self.connections) != usage {
            return Ok(None);
        }
        let answers = self.bare_clients(clients, usage, keys, until).await;
        answers.map(Some).map_err(|error| self.failed(error))
    }

    async fn inject(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        self.break_down(breakage).await
    }

    async fn lift(&self, breakage: &CacheBreakage) -> Result<(), Error> {
        self.put_right(breakage).await
    }
}

/// Sections are asked for one by one: before Redis 7, INFO took no more than one.
pub(super) async fn info(link: &Link, sections: &[&str]) -> RedisResult<Info> {
    let mut commands = Pipeline::with_capacity(sections.len());
    for section in sections {
        commands.cmd("INFO").arg(section);
    }
    let sections =
        link.query_all(link.deadline(), &commands).await?.into_iter().map(from_redis_value);
    Ok(Info::parse(&sections.collect::<Result<Vec<String>, _>>()?))
}

/// The settings by their names, as far as the server tells them: some providers do not offer
/// CONFIG, and INFO knows only some.
async fn settings(link: &Link, info: &Info) -> BTreeMap<String, String> {
    let mut settings = BTreeMap::new();
    for (setting, field) in [("maxmemory", "maxmemory"), ("maxmemory-policy", "maxmemory_policy")] {
        if let Some(value) = info.text(field) {
            settings.insert(setting.to_owned(), value.to_owned());
        }
    }
    for setting in SETTINGS {
        let answer = link.query(cmd("CONFIG").arg("GET").arg(setting)).await;
        let found = answer.and_then(|answer| Ok(from_redis_value::<BTreeMap<_, _>>(answer)?));
        settings.extend(found.unwrap_or_default());
    }
    settings
}

/// What the scenario asks of the server's memory that it does not have. We do not set a server that
/// is not ours, and what is measured on another setting would go under the scenario's name.
fn differs(info: &Info, options: &CacheOptions) -> Option<String> {
    if options.max_keys.is_some() {
        return Some("it cannot limit `max-keys`, only `maxmemory`".into());
    }
    let asked = options.maxmemory?;
    let (found, policy) = (Size(info.number("maxmemory")), info.text("maxmemory_policy")?);
    let wanted = Eviction::name(options.eviction);
    (found != asked || policy != wanted).then(|| {
        format!(
            "the scenario asks for a `maxmemory` of {asked} with `{wanted}`, \
             and it has {found} with `{policy}`"
        )
    })
}
