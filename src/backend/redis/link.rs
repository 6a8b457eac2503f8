//! One connection that is made again when it breaks.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::{Either, select};
use redis::{Cmd, Pipeline, RedisError, RedisResult, Value};

use super::connection::{Connection, Endpoint, Usage, patience};
use super::failure::{broken_off, disconnected, timed_out};
use super::overdue::Overdue;
use crate::model::Nanos;

/// A link to a dead server tries to reach it at most this often; calls in between fail at once.
const RETRY_PAUSE: Nanos = Nanos::from_millis(50);
/// What is left of that to one who had to wait for another's turn.
const CONNECT_PATIENCE_LEAST: Nanos = Nanos::from_millis(1);

/// A connection to be used by calls. One that finds it broken fails; the next one makes it anew, and
/// those that come meanwhile wait for that one.
pub(super) struct Link {
    endpoint: Arc<Endpoint>,
    usage: Usage,
    timeout: Duration,
    overdue: Arc<Overdue>,
    state: Mutex<State>,
    /// Held by the one who connects.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    connection: Option<Connection>,
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
        usage: Usage,
    ) -> RedisResult<Self> {
        let connection = endpoint.connect(patience, usage).await?;
        let link = Self { usage, ..Self::idle(endpoint, timeout, overdue) };
        link.state().connection = Some(connection);
        Ok(link)
    }

    /// A link that connects when it is first used. Its calls may share it.
    pub fn idle(endpoint: Arc<Endpoint>, timeout: Duration, overdue: Arc<Overdue>) -> Self {
        Self {
            endpoint,
            usage: Usage::Shared,
            timeout,
            overdue,
            state: Mutex::default(),
            connecting: Default::default(),
        }
    }

    /// By when a call that begins now has to be over.
    pub fn deadline(&self) -> Nanos {
        self.endpoint.clock().now() + self.timeout.into()
    }

    pub async fn query(&self, command: &Cmd) -> RedisResult<Value> {
        // The usual case, in which the clock need not be asked.
        let Some(mut lease) = self.lease_present() else {
            return self.query_by(self.deadline(), command).await;
        };
        let answer = self.overdue.answer(lease.connection().query(command)).await;
        lease.end(answer)
    }

    /// The answer, if it comes until `deadline`: for one of several steps that have to be over by then.
    pub async fn query_by(&self, deadline: Nanos, command: &Cmd) -> RedisResult<Value> {
        let (mut lease, left) = self.lease(deadline).await?;
        let answer = lease.connection().query(command);
        let answer = self.overdue.answer_within(left, answer).await;
        lease.end(answer)
    }

    /// The answers to all commands, none of which may be an error.
    pub async fn query_all(&self, deadline: Nanos, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        let (mut lease, left) = self.lease(deadline).await?;
        let answers = lease.connection().query_all(pipeline);
        let answers = self.overdue.answer_within(left, answers).await;
        lease.end(answers)
    }

    /// Makes a call that the server may answer late. It keeps every other call on this connection
    /// waiting. Should the caller lose interest in the answer, the connection is closed, for else the
    /// server would go on to serve the call.
    pub async fn query_blocking(&self, deadline: Nanos, command: &Cmd) -> RedisResult<Value> {
        let (mut lease, left) = self.lease(deadline).await?;
        lease.if_given_up = Next::Anew;
        let answer = lease.connection().query(command);
        let answer = self.overdue.answer_within(left, answer).await;
        lease.end(answer)
    }

    /// The connection, made anew if it is broken, for one call that has to be answered by `deadline`,
    /// and how long it has for that.
    async fn lease(&self, deadline: Nanos) -> RedisResult<(Lease<'_>, Nanos)> {
        let lease = match self.lease_present() {
            Some(lease) => lease,
            None => self.lease_anew(deadline).await?,
        };
        let left = deadline.since(self.endpoint.clock().now());
        if left == Nanos::ZERO {
            return Err(disconnected("to connect took all the time that the call had"));
        }
        Ok((lease, left))
    }

    async fn lease_anew(&self, deadline: Nanos) -> RedisResult<Lease<'_>> {
        let clock = self.endpoint.clock();
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
        match self.endpoint.connect(patience.into(), self.usage).await {
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
        let mut state = self.state();
        let (connection, if_given_up) = match state.connection.as_ref()?.share() {
            Some(shared) => (Some(shared), Next::Same),
            // The next call would get the answer to this one.
            None => (state.connection.take(), Next::Anew),
        };
        let generation = state.generation;
        Some(Lease { link: self, generation, connection, if_given_up })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connection in use by one call.
struct Lease<'a> {
    link: &'a Link,
    generation: u64,
    /// There until the call is over.
    connection: Option<Connection>,
    if_given_up: Next,
}

/// What the next call gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The same connection.
    Same,
    /// One that is made anew.
    Anew,
}

impl Lease<'_> {
    fn connection(&mut self) -> &mut Connection {
        self.connection.as_mut().expect("a call that goes on has its connection")
    }

    /// `None` where the answer did not come in time.
    fn end<T>(mut self, answer: Option<RedisResult<T>>) -> RedisResult<T> {
        let is_given_up = answer.is_none();
        let answer = answer.unwrap_or_else(|| Err(timed_out())).map_err(broken_off);
        let is_broken = answer.as_ref().is_err_and(RedisError::is_unrecoverable_error);
        match () {
            () if is_broken => self.give_back(Next::Anew),
            () if is_given_up => {}
            () => self.give_back(Next::Same),
        }
        answer
    }

    fn give_back(&mut self, next: Next) {
        match (self.connection.take(), next) {
            (Some(connection @ Connection::Exclusive(_)), Next::Same) => {
                self.link.state().connection = Some(connection);
            }
            (Some(Connection::Shared(_)), Next::Anew) => {
                let mut state = self.link.state();
                if state.generation == self.generation {
                    state.connection = None;
                }
            }
            _ => {}
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        self.give_back(self.if_given_up);
    }
}
