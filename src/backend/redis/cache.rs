//! A node's way to the cache.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::try_join_all;
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value, cmd};

use super::events::Events;
use super::link::{Endpoint, Link, fault};
use super::naming::Naming;
use super::scripts::{DELETE_IF_OLDER, ENQUEUE_WRITE, SETTLE_WRITES};
use super::stream::{self, Consumer, GROUP, Item, SETTLE_CHUNK, millis, unexpected};
use crate::backend::{Cache, Delivery, ENTRY_VERSION, Enqueued, Event, Leased, QueuedWrite, Subscription, Token,
};
use crate::model::{Fault, Key, Nanos, NodeId, Outcome, Version};

/// One node's connections to a Redis. Its calls take turns on them.
pub struct RedisCache {
    endpoint: Arc<Endpoint>,
    naming: Arc<Naming>,
    links: Vec<Link>,
    turn: AtomicUsize,
    writes: Consumer,
    events: Events,
}

impl RedisCache {
    pub(super) async fn open(
        endpoint: Arc<Endpoint>,
        naming: Arc<Naming>,
        node: NodeId,
        connections: u32,
        timeout: Duration,
        patience: Duration,
    ) -> RedisResult<Self> {
        let connections = 0..connections.max(1);
        let links = connections.map(|_| Link::open(endpoint.clone(), timeout, patience));
        let links = try_join_all(links).await?;
        let name = format!("node-{}", node.0);
        let events = Consumer::new(naming.events(), name.clone());
        Ok(Self {
            links,
            turn: AtomicUsize::new(0),
            writes: Consumer::new(naming.queue(), name),
            events: Events::new(endpoint.clone(), timeout, events),
            endpoint,
            naming,
        })
    }

    fn link(&self) -> &Link {
        &self.links[self.turn.fetch_add(1, Ordering::Relaxed) % self.links.len()]
    }

    async fn query(&self, command: &Cmd) -> Outcome<Value> {
        self.link().query(command).await.map_err(failed)
    }

    fn set_command(&self, key: Key, entry: &[u8], ttl: Option<Nanos>) -> Cmd {
        let mut set = cmd("SET");
        set.arg(self.naming.entry(key)).arg(entry);
        if let Some(ttl) = ttl {
            set.arg("PX").arg(expiry(ttl));
        }
        set
    }

    async fn claim(&self, max: usize, idle: Nanos) -> RedisResult<Vec<Item>> {
        let link = self.link();
        let now = self.endpoint.clock().now();
        if now >= self.writes.next_look(idle) {
            let left = self.writes.take_over(link, max, idle, now).await?;
            if !left.is_empty() {
                return Ok(left);
            }
        }
        self.writes.read(link, max, Nanos::ZERO).await
    }
}

#[async_trait]
impl Cache for RedisCache {
    async fn get(&self, key: Key) -> Outcome<Option<Bytes>> {
        let answer = self.query(cmd("GET").arg(self.naming.entry(key))).await?;
        entry(answer).map_err(failed)
    }

    async fn set(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<()> {
        self.query(&self.set_command(key, &entry, ttl)).await?;
        Ok(())
    }

    async fn set_if_absent(&self, key: Key, entry: Bytes, ttl: Option<Nanos>) -> Outcome<bool> {
        let answer = self.query(self.set_command(key, &entry, ttl).arg("NX")).await?;
        Ok(answer != Value::Nil)
    }

    async fn delete(&self, key: Key) -> Outcome<bool> {
        let answer = self.query(cmd("DEL").arg(self.naming.entry(key))).await?;
        number(answer).map(|deleted| deleted > 0)
    }

    async fn delete_if_older(&self, key: Key, version: Version) -> Outcome<bool> {
        let mut call = DELETE_IF_OLDER.on(&[self.naming.entry(key)]);
        call.arg(version.0);
        let answer = DELETE_IF_OLDER.call(self.link(), &call).await.map_err(failed)?;
        number(answer).map(|deleted| deleted > 0)
    }

    async fn enqueue_write(
        &self,
        key: Key,
        entry: Bytes,
        seed: Option<Version>,
    ) -> Outcome<Enqueued> {
        let names = [self.naming.entry(key), self.naming.counter(key), self.naming.queue()];
        let mut call = ENQUEUE_WRITE.on(&names);
        call.arg(key.0).arg(&entry[..]);
        match seed {
            Some(seed) => call.arg(seed.0),
            None => call.arg(""),
        };
        match ENQUEUE_WRITE.call(self.link(), &call).await.map_err(failed)? {
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
                let version = write.entry.get(ENTRY_VERSION).unwrap_or_default();
                call.arg(&write.id).arg(version);
            }
            SETTLE_WRITES.call(self.link(), &call).await.map_err(failed)?;
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
        self.link().query_all(&commands).await.map_err(failed)?;
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
        stream::settle(self.link(), &self.naming.events(), ids).await.map_err(failed)
    }

    async fn set_if_newer(&self, _key: Key, _entry: Bytes, _ttl: Option<Nanos>) -> Outcome<bool> {
        unimplemented!()
    }

    async fn compare_and_set(
        &self,
        _key: Key,
        _expected: Bytes,
        _entry: Bytes,
        _ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        unimplemented!()
    }

    async fn invalidate(&self, _key: Key, _tombstone: Bytes, _ttl: Option<Nanos>) -> Outcome<bool> {
        unimplemented!()
    }

    async fn lock(&self, _key: Key, _token: Token, _ttl: Nanos) -> Outcome<bool> {
        unimplemented!()
    }

    async fn unlock(&self, _key: Key, _token: Token) -> Outcome<bool> {
        unimplemented!()
    }

    async fn lease_get(&self, _key: Key, _token: Token, _ttl: Nanos) -> Outcome<Leased> {
        unimplemented!()
    }

    async fn lease_set(
        &self,
        _key: Key,
        _token: Token,
        _entry: Bytes,
        _ttl: Option<Nanos>,
    ) -> Outcome<bool> {
        unimplemented!()
    }

    async fn lease_delete(&self, _key: Key) -> Outcome<bool> {
        unimplemented!()
    }

    async fn broadcast(&self, _key: Key) -> Outcome<()> {
        unimplemented!()
    }

    async fn subscribe(&self) -> Outcome<Box<dyn Subscription>> {
        unimplemented!()
    }

    async fn get_tracked(&self, _key: Key) -> Outcome<Option<Bytes>> {
        unimplemented!()
    }

    async fn track(&self) -> Outcome<Box<dyn Subscription>> {
        unimplemented!()
    }
}

/// What GET and MGET say of one entry.
pub(super) fn entry(answer: Value) -> RedisResult<Option<Bytes>> {
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
