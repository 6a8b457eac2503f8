//! A node's handle on a store behind an API: HTTP for reads of the origin, the store itself for the
//! rest.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HeaderValue;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::connections::Turns;
use super::wire;
use crate::backend::{Applied, Asking, Event, Read, Store, StoreAsking, VersionedDraft};
use crate::model::{BODY_MAX, Draft, Fault, FaultKind, Key, Outcome, Version};

type Connection = SendRequest<Empty<Bytes>>;

/// A failure of HTTP or of what is below it.
type Broken = Box<dyn Error + Send + Sync>;

pub struct ApiStore {
    address: SocketAddr,
    host: HeaderValue,
    turns: Turns,
    idle: Mutex<Vec<Connection>>,
    /// The store behind the API.
    direct: Arc<dyn Store>,
}

impl ApiStore {
    /// Opens all `connections` at once, so that no request pays for it.
    pub async fn connect(
        address: SocketAddr,
        connections: u32,
        turns: Turns,
        direct: Arc<dyn Store>,
    ) -> Result<Self, Broken> {
        let host = HeaderValue::try_from(address.to_string())?;
        let mut idle = Vec::new();
        for _ in 0..connections {
            idle.push(open(address).await?);
        }
        Ok(Self { address, host, turns, idle: Mutex::new(idle), direct })
    }

    async fn ask(&self, key: Key) -> Result<Outcome<Read>, Broken> {
        let mut connection = self.ready_connection().await?;
        let response = connection.send_request(wire::request(&self.host, key)).await?;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, BODY_MAX.0 as usize).collect().await?.to_bytes();
        // Only a connection whose answer was read to the end comes back. One whose request was given
        // up goes out of use with it and is closed, for its answer may be yet to come.
        self.idle().push(connection);
        Ok(wire::understand(key, head.status, &head.headers, body))
    }

    async fn ready_connection(&self) -> Result<Connection, Broken> {
        loop {
            let Some(mut idle) = self.idle().pop() else {
                return open(self.address).await;
            };
            if idle.ready().await.is_ok() {
                return Ok(idle);
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for ApiStore {
    fn read(&self, key: Key) -> StoreAsking<'_, Read, Key> {
        Asking::of(async move {
            let _turn = self.turns.take().await;
            self.ask(key).await.unwrap_or_else(|error| {
                tracing::debug!(%error, "a request to the API failed");
                Err(Fault::store(FaultKind::Unavailable))
            })
        })
    }

    async fn version(&self, key: Key) -> Outcome<Version> {
        self.direct.version(key).await
    }

    fn write<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        self.direct.write(draft)
    }

    fn write_with_event<'a>(&'a self, draft: &'a Draft) -> StoreAsking<'a, Version, &'a Draft> {
        self.direct.write_with_event(draft)
    }

    async fn apply_batch(&self, writes: &[VersionedDraft]) -> Outcome<Applied> {
        self.direct.apply_batch(writes).await
    }

    async fn read_outbox(&self, max: usize) -> Outcome<Vec<Event>> {
        self.direct.read_outbox(max).await
    }

    async fn trim_outbox(&self, published: &[Event]) -> Outcome<()> {
        self.direct.trim_outbox(published).await
    }
}

async fn open(address: SocketAddr) -> Result<Connection, Broken> {
    let stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let (connection, driver) = http1::handshake(TokioIo::new(stream)).await?;
    // What breaks it is told to whoever has a request under way. It ends with the connection.
    tokio::spawn(driver);
    Ok(connection)
}
