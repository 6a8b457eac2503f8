//! A node's way to the cache.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value, cmd};

use super::connection::Endpoint;
use super::events::Events;
use super::failure::fault;
use super::links::Links;
use super::listener::{Listener, Wire};
use super::naming::Naming;
use super::overdue::Overdue;
use super::scripts::{
    COMPARE_AND_SET, DELETE_IF_OLDER, ENQUEUE_WRITE, INVALIDATE, LEASE_DELETE, LEASE_GET,
    LEASE_SET, SET_IF_NEWER, SETTLE_WRITES, Step, UNLOCK,
};
use super::stream::{self, Consumer, GROUP, Item, SETTLE_CHUNK, millis, unexpected};
use crate::backend::waits::Waits;
use crate::backend::{
    Asking, Cache, CacheAsking, Connections, Delivery, ENTRY_VERSION, Enqueued, Entry, Event,
    Leased, QueuedWrite, Subscription, Token,
};
use crate::model::{Fault, FaultKind, Key, Nanos, NodeId, Outcome, Version};

const GET: &str = "GET";

/// One node's way to a Redis.
pub struct RedisCache {
    endpoint: Arc<Endpoint>,
    naming: Arc<Naming>,
    links: Links,
    timeout: Duration,
    overdue: Arc<Overdue>,
    writes: Consumer,
    events: Events,
    /// The connection that is being tracked.
    tracked: Mutex<Option<Arc<Wire>>>,
}

impl RedisCache {
    pub(super) async fn open(
        endpoint: Arc<Endpoint>,
        naming: Arc<Naming>,
        node: NodeId,
        connections: Connections,
        timeout: Duration,
        patience: Duration,
        waits: Arc<Waits>,
    ) -> RedisResult<Self> {
        let overdue = endpoint.overdue(timeout);
        let links = Links::open(&endpoint, connections, timeout, &overdue, patience, waits).await?;
        let name = format!("node-{}", node.0);
        let events = Consumer::new(naming.events(), name.clone());
        Ok(Self {
            links,
            timeout,
            writes: Consumer::new(naming.queue(), name),
            events: Events::new(endpoint.clone(), timeout, overdue.clone(), events),
            overdue,
            tracked: Mutex::default(),
            endpoint,
            naming,
        })
    }

    async fn query(&self, command: &Cmd) -> Outcome<Value> {
        self.links.turn().await.query(command).await.map_err(failed)
    }

    async fn run(&self, step: &Step, call: &Cmd) -> Outcome<Value> {
        let link = &*self.links.turn().await;
        step.call(link, link.deadline(), call).await.map_err(failed)
    }

    fn set_command(&self, key: Key, entry: &[u8], ttl: Option<Nanos>) -> Cmd {
        let mut set = cmd("SET");
        set.arg(self.naming.entry(key));
        add_entry(&mut set, entry, ttl);
        set
    }

    fn tracked(&self) -> MutexGuard<'_, Option<Arc<Wire>>> {
        self.tracked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn claim(&self, max: usize, idle: Nanos) -> RedisResult<Vec<Item>> {
        let link = &*self.links.turn().await;
        let (now, deadline) = (self.endpoint.clock().now(), link.deadline());
        if now >= self.writes.next_look(idle) {
            let left = self.writes.take_over(link, deadline, max, idle, now).await?;
            if !left.is_empty() {
                return Ok(left);
            }
        }
        self.writes.read(link, deadline, max, Nanos::ZERO).await
    }
}

#[async_trait]
impl Cache for RedisCache {
    fn get(&self, key: Key) -> CacheAsking<'_, Option<Entry>> {
        Asking::of(async move {
            let name = self.naming.entry(key);
            // As large as it gets: the most frequent of all commands need not grow.
            let mut get = Cmd::with_capacity(2, GET.len() + name.len());
            let answer = self.query(get.arg(GET).arg(name)).await?;
            entry(answer).map_err(failed)
        })
    }

    fn set(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> CacheAsking<'_, ()> {
        Asking::of(async move {
            self.query(&self.set_command(key, &entry.into_bytes(), ttl)).await?;
            Ok(())
        })
    }

    async fn set_if_absent(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> Outcome<bool> {
        let answer = self.query(self.set_command(key, &entry.into_bytes(), ttl).arg("NX")).await?;
        Ok(answer != Value::Nil)
    }

    fn delete(&self, key: Key) -> CacheAsking<'_, bool> {
        Asking::of(async move {
            self.query(cmd("DEL").arg(self.naming.entry(key))).await.and_then(is_done)
        })
    }

    async fn delete_if_older(&self, key: Key, version: Version) -> Outcome<bool> {
        let mut call = DELETE_IF_OLDER.on(&[self.naming.entry(key)]);
        call.arg(version.0);
        self.run(&DELETE_IF_OLDER, &call).await.and_then(is_done)
    }

    async fn enqueue_write(
        &self,
        key: Key,
        entry: Entry,
        seed: Option<Version>,
    ) -> Outcome<Enqueued> {
        let names = [self.naming.entry(key), self.naming.counter(key), self.naming.queue()];
        let mut call = ENQUEUE_WRITE.on(&names);
        call.arg(key.0).arg(&entry.into_bytes()[..]);
        match seed {
            Some(seed) => call.arg(seed.0),
            None => call.arg(""),
        };
        match self.run(&ENQUEUE_WRITE, &call).await? {
            Value::Nil => Ok(Enqueued::NoCounter),
            version => Ok(Enqueued::As(Version(number(version)?))),
        }
    }

    async fn claim_writes(&self, max: usize, idle: Nanos) -> Outcome<Vec<QueuedWrite>> {
        if max == 0 {
            return Ok(Vec::new());
        }
        let items = self.claim(max, idle).await.map_err(failed)?;
        items.into_iter().map(queued_write).collect::<RedisResult<_>>().map_err(failed)
    }

    async fn settle_writes(&self, writes: &[QueuedWrite], ttl: Option<Nanos>) -> Outcome<()> {
        let link = &*self.links.turn().await;
        let deadline = link.deadline();
        for writes in writes.chunks(SETTLE_CHUNK) {
            let mut names = vec![self.naming.queue()];
            names.extend(writes.iter().map(|write| self.naming.entry(write.key)));
            let mut call = SETTLE_WRITES.on(&names);
            call.arg(GROUP);
            match ttl {
                Some(ttl) => call.arg(expiry(ttl)),
                None => call.arg(""),
            };
            for write in writes {
                let version = write.entry.head().get(ENTRY_VERSION).unwrap_or_default();
                call.arg(&write.id).arg(version);
            }
            SETTLE_WRITES.call(link, deadline, &call).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn publish(&self, events: &[Event]) -> Outcome<()> {
        if events.is_empty() {
            return Ok(());
        }
        let stream = self.naming.events();
        let mut commands = Pipeline::with_capacity(events.len());
        for event in events {
            let add = commands.cmd("XADD").arg(&stream).arg("*");
            add.arg("sequence").arg(event.sequence);
            add.arg("key").arg(event.key.0).arg("version").arg(event.version.0);
        }
        let link = &*self.links.turn().await;
        link.query_all(link.deadline(), &commands).await.map_err(failed)?;
        Ok(())
    }

    async fn claim_events(&self, max: usize, wait: Nanos, idle: Nanos) -> Outcome<Vec<Delivery>> {
        if max == 0 {
            return Ok(Vec::new());
        }
        self.events.claim(max, wait, idle).await.map_err(failed)
    }

    async fn settle_events(&self, events: &[Delivery]) -> Outcome<()> {
        let ids = events.iter().map(|delivery| delivery.id.as_str());
        let (link, stream) = (&*self.links.turn().await, self.naming.events());
        stream::settle(link, link.deadline(), &stream, ids).await.map_err(failed)
    }

    async fn set_if_newer(&self, key: Key, entry: Entry, ttl: Option<Nanos>) -> Outcome<bool> {
        let mut call = SET_IF_NEWER.on(&[self.naming.entry(key)]);
        add_entry(&mut call, &entry.into_bytes(), ttl);
        self.run(&SET_IF_NEWER, &call).await.and_then(is_done)
    }

    async fn compare_and_set(
        &self,
        key: Key,
        expected: Bytes,
        entry: Entry,
        ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        let mut call = COMPARE_AND_SET.on(&[self.naming.entry(key)]);
        call.arg(&expected[..]);
        add_entry(&mut call, &entry.into_bytes(), ttl);
        self.run(&COMPARE_AND_SET, &call).await.and_then(is_done)
    }

    async fn invalidate(&self, key: Key, tombstone: Entry, ttl: Option<Nanos>) -> Outcome<bool> {
        let mut call = INVALIDATE.on(&[self.naming.entry(key)]);
        add_entry(&mut call, &tombstone.into_bytes(), ttl);
        self.run(&INVALIDATE, &call).await.and_then(is_done)
    }

    async fn lock(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<bool> {
        let mut set = cmd("SET");
        set.arg(self.naming.lock(key)).arg(&bytes_of(token)).arg("NX").arg("PX").arg(expiry(ttl));
        Ok(self.query(&set).await? != Value::Nil)
    }

    async fn unlock(&self, key: Key, token: Token) -> Outcome<bool> {
        let mut call = UNLOCK.on(&[self.naming.lock(key)]);
        call.arg(&bytes_of(token));
        self.run(&UNLOCK, &call).await.and_then(is_done)
    }

    async fn lease_get(&self, key: Key, token: Token, ttl: Nanos) -> Outcome<Leased> {
        let mut call = LEASE_GET.on(&[self.naming.entry(key), self.naming.lease(key)]);
        call.arg(&bytes_of(token)).arg(expiry(ttl));
        match self.run(&LEASE_GET, &call).await? {
            Value::BulkString(entry) => Ok(Leased::Found(entry.into())),
            taken => Ok(if is_done(taken)? { Leased::Granted } else { Leased::Taken }),
        }
    }

    async fn lease_set(
        &self,
        key: Key,
        token: Token,
        entry: Entry,
        ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        let mut call = LEASE_SET.on(&[self.naming.entry(key), self.naming.lease(key)]);
        call.arg(&bytes_of(token));
        add_entry(&mut call, &entry.into_bytes(), ttl);
        self.run(&LEASE_SET, &call).await.and_then(is_done)
    }

    async fn lease_delete(&self, key: Key) -> Outcome<bool> {
        let call = LEASE_DELETE.on(&[self.naming.entry(key), self.naming.lease(key)]);
        self.run(&LEASE_DELETE, &call).await.and_then(is_done)
    }

    async fn broadcast(&self, key: Key) -> Outcome<()> {
        self.query(cmd("PUBLISH").arg(self.naming.bus()).arg(key.0)).await?;
        Ok(())
    }

    async fn subscribe(&self) -> Outcome<Box<dyn Subscription>> {
        let listening = Listener::to_bus(
            &self.endpoint,
            self.naming.clone(),
            self.timeout,
            self.overdue.clone(),
        );
        Ok(Box::new(listening.await.map_err(failed)?))
    }

    async fn get_tracked(&self, key: Key) -> Outcome<Option<Entry>> {
        let wire = self.tracked().clone().ok_or(Fault::cache(FaultKind::Unavailable))?;
        let answer = wire.query(cmd("GET").arg(self.naming.entry(key))).await;
        answer.and_then(entry).map_err(failed)
    }

    async fn track(&self) -> Outcome<Box<dyn Subscription>> {
        let listening = Listener::to_changes(
            &self.endpoint,
            self.naming.clone(),
            self.timeout,
            self.overdue.clone(),
        );
        let listener = listening.await.map_err(failed)?;
        if let Some(before) = self.tracked().replace(listener.wire()) {
            before.close();
        }
        Ok(Box::new(listener))
    }
}

/// What GET and MGET say of one entry.
pub(super) fn entry(answer: Value) -> RedisResult<Option<Entry>> {
    match answer {
        Value::Nil => Ok(None),
        Value::BulkString(entry) => Ok(Some(entry.into())),
        _ => Err(unexpected()),
    }
}

fn queued_write(mut item: Item) -> RedisResult<QueuedWrite> {
    let key = Key(item.take(0)?);
    let entry = entry(item.take(1)?)?.ok_or_else(unexpected)?;
    Ok(QueuedWrite { id: item.id, key, entry })
}

/// Adds an entry and its expiry, as SET and the scripts that end in one take them.
fn add_entry(command: &mut Cmd, entry: &[u8], ttl: Option<Nanos>) {
    command.arg(entry);
    if let Some(ttl) = ttl {
        command.arg("PX").arg(expiry(ttl));
    }
}

fn bytes_of(token: Token) -> [u8; 16] {
    token.0.to_be_bytes()
}

/// Whether the answer says that something was done.
fn is_done(answer: Value) -> Outcome<bool> {
    number(answer).map(|done| done > 0)
}

fn number(answer: Value) -> Outcome<u64> {
    match answer {
        Value::Int(number) => u64::try_from(number).map_err(|_| failed(unexpected())),
        _ => Err(failed(unexpected())),
    }
}

/// An expiry as the server takes it: it refuses one of 0.
fn expiry(ttl: Nanos) -> u64 {
    millis(ttl).max(1)
}

fn failed(error: RedisError) -> Fault {
    fault(&error)
}
