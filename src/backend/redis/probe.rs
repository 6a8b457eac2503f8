//! Trying what strategies need of a server, under names of our own that are removed again.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use redis::{Cmd, ErrorKind, RedisError, RedisResult, Value, cmd};

use super::cache::RedisCache;
use super::failure::reason;
use super::host::RedisHost;
use super::link::Link;
use super::naming::Naming;
use super::scripts::UNLOCK;
use super::stream::{GROUP, create_group};
use crate::backend::{Cache, Connections, Notice, Subscription};
use crate::clock::Clock;
use crate::model::{Fault, Key, Nanos, NodeId, Outcome};

/// How long a server may take to tell of a change.
const NOTICE_WITHIN: Nanos = Nanos::from_secs(3);
/// How long anything that was tried stays, should it not be removed.
const EXPIRY: u64 = 60_000;
const KEY: Key = Key(0);

/// What a strategy may need of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// SET with an expiry, GET, DEL: every strategy with a cache.
    Entries,
    /// Scripts that read and write: steps that must be atomic.
    Scripts,
    /// Streams with consumer groups: queued writes, events.
    Streams,
    /// Publishing and subscribing: the bus between nodes.
    PubSub,
    /// CLIENT TRACKING over RESP3: the server tells nodes of changes.
    Tracking,
    /// CONFIG GET: the settings that go into the Record.
    Config,
}

impl Feature {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Entries, Self::Scripts, Self::Streams, Self::PubSub, Self::Tracking, Self::Config];

    /// Those without which no run can be made.
    pub(super) const REQUIRED: [Self; 3] = [Self::Entries, Self::Scripts, Self::Streams];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entries => "entries with expiry",
            Self::Scripts => "scripts",
            Self::Streams => "streams with consumer groups",
            Self::PubSub => "pub/sub",
            Self::Tracking => "client tracking (RESP3)",
            Self::Config => "CONFIG GET",
        }
    }

    /// Uses it once, and says why that failed if it did.
    pub(super) async fn try_on(self, host: &RedisHost) -> Result<(), String> {
        let (link, naming) = (&host.link, &*host.naming);
        let outcome = match self {
            Self::Entries => entries(link, naming).await,
            Self::Scripts => scripts(link, naming).await,
            Self::Streams => streams(link, naming).await,
            Self::PubSub | Self::Tracking => return self.notices(host).await,
            Self::Config => config(link).await,
        };
        outcome.map_err(|error| reason(&error))
    }

    /// Has the server tell of a change, over the connections that a node would use.
    async fn notices(self, host: &RedisHost) -> Result<(), String> {
        let (endpoint, naming) = (host.endpoint.clone(), host.naming.clone());
        let (node, patience) = (NodeId(0), Duration::from(NOTICE_WITHIN));
        let one = Connections::Shared(1);
        let cache =
            RedisCache::open(endpoint, naming, node, one, patience, patience, Arc::default()).await;
        let cache = cache.map_err(|error| reason(&error))?;
        let outcome = match self {
            Self::Tracking => tracking(&cache, host.endpoint.clock()).await,
            _ => bus(&cache, host.endpoint.clock()).await,
        };
        match outcome {
            Ok(Some(Notice::Changed(KEY))) => Ok(()),
            Ok(Some(other)) => Err(format!("it told of {other:?} instead of the change")),
            Ok(None) => Err(format!("it told nothing of a change within {NOTICE_WITHIN}")),
            Err(fault) => Err(format!("it refused, or cannot do it ({:?})", fault.kind)),
        }
    }
}

async fn entries(link: &Link, naming: &Naming) -> RedisResult<()> {
    let name = naming.entry(KEY);
    link.query(cmd("SET").arg(&name).arg("probe").arg("PX").arg(EXPIRY)).await?;
    let found = link.query(cmd("GET").arg(&name)).await;
    remove(link, &name).await?;
    expect(found?, &Value::BulkString(b"probe".to_vec()))
}

async fn scripts(link: &Link, naming: &Naming) -> RedisResult<()> {
    let name = naming.lock(KEY);
    link.query(cmd("SET").arg(&name).arg("probe").arg("PX").arg(EXPIRY)).await?;
    let mut call = UNLOCK.on(&[&name]);
    call.arg("probe");
    let released = UNLOCK.call(link, link.deadline(), &call).await;
    remove(link, &name).await?;
    expect(released?, &Value::Int(1))
}

async fn streams(link: &Link, naming: &Naming) -> RedisResult<()> {
    let name = naming.queue();
    let outcome = async {
        create_group(link, link.deadline(), &name).await?;
        link.query(cmd("XADD").arg(&name).arg("*").arg("key").arg("probe")).await?;
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP").arg(GROUP).arg("probe").arg("STREAMS").arg(&name).arg(">");
        let found = link.query(&read).await?;
        let mut claim = cmd("XAUTOCLAIM");
        claim.arg(&name).arg(GROUP).arg("other").arg(0).arg("0-0");
        link.query(&claim).await?;
        if found == Value::Nil { Err(unexpected()) } else { Ok(()) }
    };
    let outcome = outcome.await;
    remove(link, &name).await?;
    outcome
}

async fn config(link: &Link) -> RedisResult<()> {
    link.query(cmd("CONFIG").arg("GET").arg("maxmemory")).await.map(drop)
}

async fn bus(cache: &RedisCache, clock: &Clock) -> Outcome<Option<Notice>> {
    let mut subscription = cache.subscribe().await?;
    cache.broadcast(KEY).await?;
    next(&mut *subscription, clock).await
}

async fn tracking(cache: &RedisCache, clock: &Clock) -> Outcome<Option<Notice>> {
    let mut subscription = cache.track().await?;
    cache.get_tracked(KEY).await?;
    cache.set(KEY, "probe".into(), Some(Nanos::from_millis(EXPIRY))).await?;
    let notice = next(&mut *subscription, clock).await;
    cache.delete(KEY).await?;
    notice
}

async fn next(subscription: &mut dyn Subscription, clock: &Clock) -> Result<Option<Notice>, Fault> {
    match select(pin!(subscription.next()), pin!(clock.sleep(NOTICE_WITHIN))).await {
        Either::Left((notice, _)) => notice.map(Some),
        Either::Right(_) => Ok(None),
    }
}

async fn remove(link: &Link, name: &str) -> RedisResult<()> {
    link.query(Cmd::new().arg("DEL").arg(name)).await.map(drop)
}

fn expect(answer: Value, expected: &Value) -> RedisResult<()> {
    if answer == *expected { Ok(()) } else { Err(unexpected()) }
}

fn unexpected() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "it does not answer as Redis does").into()
}
