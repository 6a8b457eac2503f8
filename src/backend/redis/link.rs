//! One connection that is made again when it breaks, and what its failures mean.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ErrorKind, IntoConnectionInfo, Pipeline, ProtocolVersion,
    PushInfo, RedisError, RedisResult, Value,
};
use tokio::sync::mpsc::UnboundedSender;

use crate::clock::Clock;
use crate::model::{Fault, FaultKind, Nanos};

/// A link to a dead server tries to reach it at most this often; calls in between fail at once.
const RETRY_PAUSE: Nanos = Nanos::from_millis(50);
/// The least time that making a connection gets: it takes round trips that a call does not.
const CONNECT_TIMEOUT_MIN: Duration = Duration::from_millis(100);

/// How a server is connected to.
pub(super) struct Endpoint {
    client: Client,
    /// The same by the protocol in which a server may speak without being asked.
    pushing: Client,
    clock: Arc<dyn Clock>,
}

impl Endpoint {
    /// # Errors
    /// If `url` is not the address of a Redis that this build can reach.
    pub fn new(url: &str, clock: Arc<dyn Clock>) -> RedisResult<Self> {
        // Without it, Nagle's algorithm holds a request back while an answer is outstanding.
        let tcp = TcpSettings::default().set_nodelay(true);
        // One who says `#insecure` gets no connection without this. Whoever did it first is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let info = url.into_connection_info()?.set_tcp_settings(tcp);
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
        let config = config(timeout, patience(timeout)).set_push_sender(pushes);
        let connection = self.pushing.get_multiplexed_async_connection_with_config(&config).await;
        connection.map_err(|error| disconnected(&error.to_string()))
    }

    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }
}

/// A connection that all calls of a node may share. A call that finds it broken fails; the next one
/// makes it anew, and those that come meanwhile wait for that one.
pub(super) struct Link {
    endpoint: Arc<Endpoint>,
    timeout: Duration,
    state: Mutex<State>,
    /// Held by the one who connects.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// Counts connections, so that a failure on an old one does not end the new one.
    generation: u64,
    retry_at: Nanos,
}

impl Link {
    /// Connects within `patience`. Later calls are answered within `timeout` or fail.
    pub async fn open(
        endpoint: Arc<Endpoint>,
        timeout: Duration,
        patience: Duration,
    ) -> RedisResult<Self> {
        let connection = connect(&endpoint.client, timeout, patience).await?;
        let link = Self::idle(endpoint, timeout);
        link.state().connection = Some(connection);
        Ok(link)
    }

    /// A link that connects when it is first used.
    pub fn idle(endpoint: Arc<Endpoint>, timeout: Duration) -> Self {
        Self { endpoint, timeout, state: Mutex::default(), connecting: Default::default() }
    }

    pub async fn query(&self, command: &Cmd) -> RedisResult<Value> {
        let mut lease = self.lease().await?;
        let answer = command.query_async(&mut lease.connection).await;
        lease.end(answer)
    }

    /// The answers to all commands, none of which may be an error.
    pub async fn query_all(&self, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        let mut lease = self.lease().await?;
        let answers = pipeline.query_async(&mut lease.connection).await;
        lease.end(answers)
    }

    /// Makes a call that the server may answer up to `wait` later than others. It keeps every other
    /// call on this connection waiting. Should the caller lose interest in the answer, the
    /// connection is closed, for else the server would go on to serve the call.
    pub async fn query_blocking(&self, command: &Cmd, wait: Nanos) -> RedisResult<Value> {
        let mut lease = self.lease().await?;
        lease.connection.set_response_timeout(self.timeout.saturating_add(wait.into()));
        lease.close_on_drop = true;
        let answer = command.query_async(&mut lease.connection).await;
        lease.close_on_drop = false;
        lease.end(answer)
    }

    /// The connection, made anew if it is broken.
    async fn lease(&self) -> RedisResult<Lease<'_>> {
        if let Some(lease) = self.lease_present() {
            return Ok(lease);
        }
        let _turn = self.connecting.lock().await;
        // Someone else may have had the turn before.
        if let Some(lease) = self.lease_present() {
            return Ok(lease);
        }
        let clock = &self.endpoint.clock;
        if clock.now() < self.state().retry_at {
            return Err(disconnected("it could not be reached a moment ago"));
        }
        match connect(&self.endpoint.client, self.timeout, patience(self.timeout)).await {
            Ok(connection) => {
                let mut state = self.state();
                state.generation += 1;
                state.connection = Some(connection);
            }
            Err(error) => {
                self.state().retry_at = clock.now() + RETRY_PAUSE;
                return Err(disconnected(&error.to_string()));
            }
        }
        self.lease_present().ok_or_else(|| disconnected("the new connection broke"))
    }

    fn lease_present(&self) -> Option<Lease<'_>> {
        let state = self.state();
        let connection = state.connection.clone()?;
        Some(Lease { link: self, generation: state.generation, connection, close_on_drop: false })
    }

    fn close(&self, generation: u64) {
        let mut state = self.state();
        if state.generation == generation {
            state.connection = None;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection in use by one call.
struct Lease<'a> {
    link: &'a Link,
    generation: u64,
    connection: MultiplexedConnection,
    close_on_drop: bool,
}

impl Lease<'_> {
    fn end<T>(mut self, answer: RedisResult<T>) -> RedisResult<T> {
        self.close_on_drop = answer.as_ref().is_err_and(RedisError::is_unrecoverable_error);
        answer
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if self.close_on_drop {
            self.link.close(self.generation);
        }
    }
}

/// What a failed call means to the one who made it.
pub(super) fn fault(error: &RedisError) -> Fault {
    Fault::cache(match error.kind() {
        _ if error.is_timeout() => FaultKind::Timeout,
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => FaultKind::Corrupt,
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed => {
            FaultKind::Refused
        }
        _ => FaultKind::Unavailable,
    })
}

/// Every failure to connect looks like this, a timeout too: the call itself was never made.
pub(super) fn disconnected(reason: &str) -> RedisError {
    io::Error::new(io::ErrorKind::NotConnected, reason).into()
}

async fn connect(
    client: &Client,
    timeout: Duration,
    patience: Duration,
) -> RedisResult<MultiplexedConnection> {
    client.get_multiplexed_async_connection_with_config(&config(timeout, patience)).await
}

fn config(timeout: Duration, patience: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new()
        .set_connection_timeout(Some(patience))
        .set_response_timeout(Some(timeout))
}

/// How long making a connection may take where a call may take `timeout`.
fn patience(timeout: Duration) -> Duration {
    timeout.max(CONNECT_TIMEOUT_MIN)
}
