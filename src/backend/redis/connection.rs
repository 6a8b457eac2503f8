//! How a server is reached, and the connections to it.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{Either, select};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, IntoConnectionInfo,
    Pipeline, ProtocolVersion, PushInfo, RedisResult, Value,
};
use tokio::sync::mpsc::UnboundedSender;

use super::exclusive::Exclusive;
use super::failure::{disconnected, timed_out};
use super::overdue::Overdue;
use crate::backend::Connections;
use crate::clock::Clock;

/// The least time that making a connection gets: it takes round trips that a call does not. Where
/// calls have less, the one that connects takes this long if need be.
const CONNECT_TIMEOUT_MIN: Duration = Duration::from_millis(100);

/// How a server is connected to, and by what clock.
pub(super) struct Endpoint {
    client: Client,
    /// The same by the protocol in which a server may speak without being asked.
    pushing: Client,
    clock: Clock,
}

impl Endpoint {
    /// # Errors
    /// If `url` is not the address of a Redis that this build can reach.
    pub fn new(url: &str, clock: Clock) -> RedisResult<Self> {
        Self::with(url.into_connection_info()?, clock)
    }

    /// The same server by way of `proxy`.
    ///
    /// # Errors
    /// As [`new`](Endpoint::new).
    pub fn by_way_of(proxy: SocketAddr, url: &str, clock: Clock) -> RedisResult<Self> {
        let address = ConnectionAddr::Tcp(proxy.ip().to_string(), proxy.port());
        Self::with(url.into_connection_info()?.set_addr(address), clock)
    }

    fn with(info: ConnectionInfo, clock: Clock) -> RedisResult<Self> {
        // Without it, Nagle's algorithm holds a request back while an answer is outstanding.
        let tcp = TcpSettings::default().set_nodelay(true);
        // One who says `#insecure` gets no connection without this. Whoever did it first is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let info = info.set_tcp_settings(tcp);
        let resp3 = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let pushing = Client::open(info.clone().set_redis_settings(resp3))?;
        Ok(Self { client: Client::open(info)?, pushing, clock })
    }

    /// A connection that is never made again when it is lost, and all that the server says on it
    /// without being asked.
    pub async fn connect_pushing(
        &self,
        timeout: Duration,
        pushes: UnboundedSender<PushInfo>,
    ) -> RedisResult<MultiplexedConnection> {
        let config = config(patience(timeout)).set_push_sender(pushes);
        let connection = self.pushing.get_multiplexed_async_connection_with_config(&config).await;
        connection.map_err(|error| disconnected(&error.to_string()))
    }

    /// A connection that is made within `patience`. No call on it is given up by itself.
    pub async fn connect(&self, patience: Duration, usage: Usage) -> RedisResult<Connection> {
        let info = self.client.get_connection_info();
        match (usage, info.addr()) {
            (Usage::Exclusive, ConnectionAddr::Tcp(host, port)) => {
                let connecting = pin!(Exclusive::connect(host, *port, info));
                match select(connecting, pin!(self.clock.sleep(patience.into()))).await {
                    Either::Left((connected, _)) => Ok(Connection::Exclusive(connected?.into())),
                    Either::Right(_) => Err(timed_out()),
                }
            }
            // What is encrypted or local is the library's own in any case.
            _ => {
                let config = config(patience);
                let client = &self.client;
                let connecting = client.get_multiplexed_async_connection_with_config(&config);
                Ok(Connection::Shared(connecting.await?))
            }
        }
    }

    /// Its host and port, where it is reached over TCP without TLS.
    pub fn tcp(&self) -> Option<(&str, u16)> {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, port) => Some((host, *port)),
            _ => None,
        }
    }

    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    pub fn shared_clock(&self) -> Clock {
        self.clock.clone()
    }

    /// What gives up calls that take longer than `timeout`.
    pub fn overdue(&self, timeout: Duration) -> Arc<Overdue> {
        Arc::new(Overdue::new(timeout, self.clock.clone()))
    }
}

/// How a connection is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Usage {
    /// By any number of calls at once.
    Shared,
    /// By one call at a time.
    Exclusive,
}

impl From<Connections> for Usage {
    fn from(layout: Connections) -> Self {
        match layout {
            Connections::Shared(_) => Self::Shared,
            Connections::Pooled(_) => Self::Exclusive,
        }
    }
}

/// A connection that works, as far as is known.
pub(super) enum Connection {
    Shared(MultiplexedConnection),
    Exclusive(Box<Exclusive>),
}

impl Connection {
    /// The same for another call, if calls can share it.
    pub fn share(&self) -> Option<Self> {
        match self {
            Self::Shared(connection) => Some(Self::Shared(connection.clone())),
            Self::Exclusive(_) => None,
        }
    }

    pub async fn query(&mut self, command: &Cmd) -> RedisResult<Value> {
        match self {
            Self::Shared(connection) => command.query_async(connection).await,
            Self::Exclusive(connection) => connection.query(command).await,
        }
    }

    /// The answers to all commands, none of which may be an error.
    pub async fn query_all(&mut self, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        match self {
            Self::Shared(connection) => pipeline.query_async(connection).await,
            Self::Exclusive(connection) => connection.query_all(pipeline).await,
        }
    }
}

/// The library's own timer for each answer costs more than [`Overdue`].
/// How long making a connection may take where a call may take `timeout`.
pub(super) fn patience(timeout: Duration) -> Duration {
    timeout.max(CONNECT_TIMEOUT_MIN)
}

fn config(patience: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(patience)).set_response_timeout(None)
}
