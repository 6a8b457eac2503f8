//! One connection that is made again when it breaks, and what its failures mean.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind,
    IntoConnectionInfo, Pipeline, ProtocolVersion, PushInfo, RedisError, RedisResult,
    ServerErrorKind, Value,
};
use tokio::sync::mpsc::UnboundedSender;

use super::overdue::Overdue;
use crate::clock::Clock;
use crate::model::{Fault, FaultKind, Nanos};

/// A link to a dead server tries to reach it at most this often; calls in between fail at once.
const RETRY_PAUSE: Nanos = Nanos::from_millis(50);
/// The least time that making a connection gets: it takes round trips that a call does not. Where
/// calls have less, the one that connects takes this long if need be.
const CONNECT_TIMEOUT_MIN: Duration = Duration::from_millis(100);
/// What is left of that to one who had to wait for another's turn.
const CONNECT_PATIENCE_LEAST: Nanos = Nanos::from_millis(1);

/// How a server is connected to, and by what clock.
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
        Self::with(url.into_connection_info()?, clock)
    }

    /// The same server by way of `proxy`.
    ///
    /// # Errors
    /// As [`new`](Endpoint::new).
    pub fn by_way_of(proxy: SocketAddr, url: &str, clock: Arc<dyn Clock>) -> RedisResult<Self> {
        let address = ConnectionAddr::Tcp(proxy.ip().to_string(), proxy.port());
        Self::with(url.into_connection_info()?.set_addr(address), clock)
    }

    fn with(info: ConnectionInfo, clock: Arc<dyn Clock>) -> RedisResult<Self> {
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

    /// A connection that is left to itself: no call on it is given up.
    pub async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        connect(&self.client, CONNECT_TIMEOUT_MIN * 10).await
    }

    /// Its host and port, where it is reached over TCP without TLS.
    pub fn tcp(&self) -> Option<(&str, u16)> {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, port) => Some((host, *port)),
            _ => None,
        }
    }

    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub fn shared_clock(&self) -> Arc<dyn Clock> {
        self.clock.clone()
    }

    /// What gives up calls that take longer than `timeout`.
    pub fn overdue(&self, timeout: Duration) -> Arc<Overdue> {
        Arc::new(Overdue::new(timeout, self.clock.clone()))
    }
}

/// A connection that all calls of a node may share. A call that finds it broken fails; the next one
/// makes it anew, and those that come meanwhile wait for that one.
pub(super) struct Link {
    endpoint: Arc<Endpoint>,
    timeout: Duration,
    overdue: Arc<Overdue>,
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
    /// Connects within `patience`. Later calls are over within `timeout`, one that has to connect anew
    /// too.
    pub async fn open(
        endpoint: Arc<Endpoint>,
        timeout: Duration,
        overdue: Arc<Overdue>,
        patience: Duration,
    ) -> RedisResult<Self> {
        let connection = connect(&endpoint.client, patience).await?;
        let link = Self::idle(endpoint, timeout, overdue);
        link.state().connection = Some(connection);
        Ok(link)
    }

    /// A link that connects when it is first used.
    pub fn idle(endpoint: Arc<Endpoint>, timeout: Duration, overdue: Arc<Overdue>) -> Self {
        Self { endpoint, timeout, overdue, state: Mutex::default(), connecting: Default::default() }
    }

    /// By when a call that begins now has to be over.
    pub fn deadline(&self) -> Nanos {
        self.endpoint.clock.now() + self.timeout.into()
    }

    pub async fn query(&self, command: &Cmd) -> RedisResult<Value> {
        // The usual case, in which the clock need not be asked.
        let Some(mut lease) = self.lease_present() else {
            return self.query_by(self.deadline(), command).await;
        };
        let answer = self.overdue.answer(command.query_async(&mut lease.connection)).await;
        lease.end(answer)
    }

    /// The answer, if it comes until `deadline`: for one of several steps that have to be over by then.
    pub async fn query_by(&self, deadline: Nanos, command: &Cmd) -> RedisResult<Value> {
        let (mut lease, left) = self.lease(deadline).await?;
        let answer = command.query_async(&mut lease.connection);
        let answer = self.overdue.answer_within(left, answer).await;
        lease.end(answer)
    }

    /// The answers to all commands, none of which may be an error.
    pub async fn query_all(&self, deadline: Nanos, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        let (mut lease, left) = self.lease(deadline).await?;
        let answers = pipeline.query_async(&mut lease.connection);
        let answers = self.overdue.answer_within(left, answers).await;
        lease.end(answers)
    }

    /// Makes a call that the server may answer late. It keeps every other call on this connection
    /// waiting. Should the caller lose interest in the answer, the connection is closed, for else the
    /// server would go on to serve the call.
    pub async fn query_blocking(&self, deadline: Nanos, command: &Cmd) -> RedisResult<Value> {
        let (mut lease, left) = self.lease(deadline).await?;
        lease.close_on_drop = true;
        let answer = command.query_async(&mut lease.connection);
        let answer = self.overdue.answer_within(left, answer).await;
        lease.close_on_drop = false;
        lease.end(answer)
    }

    /// The connection, made anew if it is broken, for one call that has to be answered by `deadline`,
    /// and how long it has for that.
    async fn lease(&self, deadline: Nanos) -> RedisResult<(Lease<'_>, Nanos)> {
        let lease = match self.lease_present() {
            Some(lease) => lease,
            None => self.lease_anew(deadline).await?,
        };
        let left = deadline.since(self.endpoint.clock.now());
        if left == Nanos::ZERO {
            return Err(disconnected("to connect took all the time that the call had"));
        }
        Ok((lease, left))
    }

    async fn lease_anew(&self, deadline: Nanos) -> RedisResult<Lease<'_>> {
        let clock = &self.endpoint.clock;
        let now = clock.now();
        let give_up = now + patience(deadline.since(now).into()).into();
        let turn = pin!(self.connecting.lock());
        let _turn = match select(turn, clock.sleep_until(give_up)).await {
            Either::Left((turn, _)) => turn,
            Either::Right(_) => {
                return Err(disconnected("somebody else is still trying to reach it"));
            }
        };
        // Someone else may have had the turn before.
        if let Some(lease) = self.lease_present() {
            return Ok(lease);
        }
        if clock.now() < self.state().retry_at {
            return Err(disconnected("it could not be reached a moment ago"));
        }
        let patience = give_up.since(clock.now()).max(CONNECT_PATIENCE_LEAST);
        match connect(&self.endpoint.client, patience.into()).await {
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
    /// `None` where the answer did not come in time.
    fn end<T>(mut self, answer: Option<RedisResult<T>>) -> RedisResult<T> {
        let answer = answer.unwrap_or_else(|| Err(timed_out())).map_err(broken_off);
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

/// Why a server refused, in words that say what to do about it.
pub(super) fn reason(error: &RedisError) -> String {
    let why = match error.kind() {
        ErrorKind::Server(ServerErrorKind::ReadOnly) => {
            "it takes no writes: it is a read-only replica"
        }
        ErrorKind::Server(ServerErrorKind::BusyLoading) => "it is still loading its data",
        ErrorKind::AuthenticationFailed => "it does not accept the user or the password",
        ErrorKind::Server(_) | ErrorKind::Extension => match error.code() {
            Some("OOM") => "its memory is full, and its policy evicts nothing that would make room",
            Some("MISCONF") => "it takes no writes, because it cannot save its data to its disk",
            Some("NOREPLICAS") => "it takes no writes, because too few replicas follow it",
            Some("NOAUTH") => "it asks for a password, and the address has none",
            Some("NOPERM") => "the user of the address may not do this",
            _ => return error.to_string(),
        },
        _ => return error.to_string(),
    };
    format!("{why} ({error})")
}

pub(super) fn timed_out() -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()
}

/// Every failure to connect looks like this, a timeout too: the call itself was never made.
pub(super) fn disconnected(reason: &str) -> RedisError {
    io::Error::new(io::ErrorKind::NotConnected, reason).into()
}

/// An answer that ends in its middle, with the connection, is told by the library like one that makes
/// no sense. Of neither can be said what it would have been: the connection broke before it came.
pub(super) fn broken_off(error: RedisError) -> RedisError {
    match error.kind() {
        ErrorKind::Parse => disconnected(&error.to_string()),
        _ => error,
    }
}

async fn connect(client: &Client, patience: Duration) -> RedisResult<MultiplexedConnection> {
    client.get_multiplexed_async_connection_with_config(&config(patience)).await
}

/// The library's own timer for each answer costs more than [`Overdue`].
fn config(patience: Duration) -> AsyncConnectionConfig {
    AsyncConnectionConfig::new().set_connection_timeout(Some(patience)).set_response_timeout(None)
}

/// How long making a connection may take where a call may take `timeout`.
fn patience(timeout: Duration) -> Duration {
    timeout.max(CONNECT_TIMEOUT_MIN)
}
