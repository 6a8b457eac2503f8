//! Connections on which the server speaks up by itself: the bus between nodes, and the notices of
//! tracked keys.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, PushInfo, PushKind, RedisResult, Value, cmd};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::connection::Endpoint;
use super::failure::{broken_off, disconnected, timed_out};
use super::naming::Naming;
use super::overdue::Overdue;
use crate::backend::{Notice, Subscription};
use crate::model::{Fault, FaultKind, Key, Nanos, Outcome};

/// Listens on a connection of its own, and says so when it is lost: none is made in its place.
pub(super) struct Listener {
    wire: Arc<Wire>,
    pushes: UnboundedReceiver<PushInfo>,
    naming: Arc<Naming>,
    /// Notices that came in one message with the last one.
    pending: VecDeque<Notice>,
}

/// A connection, for as long as somebody listens to it.
pub(super) struct Wire {
    connection: Mutex<Option<MultiplexedConnection>>,
    overdue: Arc<Overdue>,
}

impl Listener {
    /// Listens to the run's bus.
    pub async fn to_bus(
        endpoint: &Endpoint,
        naming: Arc<Naming>,
        timeout: Duration,
        overdue: Arc<Overdue>,
    ) -> RedisResult<Self> {
        let (mut connection, pushes, left) = connect(endpoint, timeout).await?;
        let subscribed = overdue.answer_within(left, connection.subscribe(naming.bus())).await;
        subscribed.unwrap_or_else(|| Err(timed_out()))?;
        Ok(Self::new(connection, pushes, naming, overdue))
    }

    /// Listens for changes of what is read over its [`wire`](Listener::wire).
    pub async fn to_changes(
        endpoint: &Endpoint,
        naming: Arc<Naming>,
        timeout: Duration,
        overdue: Arc<Overdue>,
    ) -> RedisResult<Self> {
        let (mut connection, pushes, left) = connect(endpoint, timeout).await?;
        let mut track = cmd("CLIENT");
        let tracking = track.arg("TRACKING").arg("ON").exec_async(&mut connection);
        overdue.answer_within(left, tracking).await.unwrap_or_else(|| Err(timed_out()))?;
        Ok(Self::new(connection, pushes, naming, overdue))
    }

    /// The connection that it listens on.
    pub fn wire(&self) -> Arc<Wire> {
        self.wire.clone()
    }

    fn new(
        connection: MultiplexedConnection,
        pushes: UnboundedReceiver<PushInfo>,
        naming: Arc<Naming>,
        overdue: Arc<Overdue>,
    ) -> Self {
        let wire = Arc::new(Wire { connection: Mutex::new(Some(connection)), overdue });
        Self { wire, pushes, naming, pending: VecDeque::new() }
    }
}

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Outcome<Notice> {
        loop {
            if let Some(notice) = self.pending.pop_front() {
                return Ok(notice);
            }
            let push = self.pushes.recv().await;
            let Some(push) = push.filter(|push| push.kind != PushKind::Disconnection) else {
                self.wire.close();
                return Err(Fault::cache(FaultKind::Unavailable));
            };
            self.pending.extend(notices(push, &self.naming));
        }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.wire.close();
    }
}

impl Wire {
    /// Asks over the connection, which fails as disconnected once nobody listens to it.
    pub async fn query(&self, command: &Cmd) -> RedisResult<Value> {
        let connection = self.connection().clone();
        let mut connection = connection.ok_or_else(|| disconnected("nobody listens to it"))?;
        let answer = self.overdue.answer(command.query_async(&mut connection)).await;
        answer.unwrap_or_else(|| Err(timed_out())).map_err(broken_off)
    }

    /// Closes the connection, which ends whoever listens to it.
    pub fn close(&self) {
        *self.connection() = None;
    }

    fn connection(&self) -> MutexGuard<'_, Option<MultiplexedConnection>> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection, and what is left of `timeout` for its first call.
async fn connect(
    endpoint: &Endpoint,
    timeout: Duration,
) -> RedisResult<(MultiplexedConnection, UnboundedReceiver<PushInfo>, Nanos)> {
    let deadline = endpoint.clock().now() + timeout.into();
    let (sender, pushes) = unbounded_channel();
    let connection = endpoint.connect_pushing(timeout, sender).await?;
    let left = deadline.since(endpoint.clock().now());
    if left == Nanos::ZERO {
        return Err(disconnected("to connect took all the time that there was"));
    }
    Ok((connection, pushes, left))
}

/// What a message of the server tells a subscriber. What we cannot read may concern any key.
fn notices(push: PushInfo, naming: &Naming) -> Vec<Notice> {
    match (push.kind, push.data.as_slice()) {
        (PushKind::Message, [_, Value::BulkString(number)]) => {
            let number = str::from_utf8(number).ok().and_then(|number| number.parse().ok());
            vec![number.map_or(Notice::All, |number| Notice::Changed(Key(number)))]
        }
        (PushKind::Invalidate, [Value::Array(names)]) => {
            names.iter().filter_map(|name| invalidated(name, naming)).collect()
        }
        (PushKind::Message | PushKind::Invalidate, _) => vec![Notice::All],
        _ => Vec::new(),
    }
}

fn invalidated(name: &Value, naming: &Naming) -> Option<Notice> {
    match name {
        Value::BulkString(name) => naming.key(name).map(Notice::Changed),
        _ => Some(Notice::All),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_name_that_is_no_entrys_changes_nothing(
            name in "(cacheduel:a1:)?(product:)?[0-9:+a-z]{0,24}",
            payload: Vec<u8>,
        ) {
            let names = vec![Value::Array(vec![text(&name)])];
            for notice in told(PushKind::Invalidate, names) {
                let Notice::Changed(key) = notice else { panic!("one name is not all") };
                prop_assert_eq!(&Naming::new("a1", "product:{id}").entry(key), &name);
            }
            let message = vec![text("cacheduel:a1:bus"), Value::BulkString(payload)];
            prop_assert_eq!(told(PushKind::Message, message).len(), 1);
        }
    }

    fn told(kind: PushKind, data: Vec<Value>) -> Vec<Notice> {
        notices(PushInfo { kind, data }, &Naming::new("a1", "product:{id}"))
    }

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn every_message_is_told_for_what_it_may_mean() {
        let names = ["cacheduel:a1:product:7", "other:product:8", "cacheduel:a1:product:9"];
        let listed = vec![Value::Array(names.map(text).to_vec())];
        let changed = [Notice::Changed(Key(7)), Notice::Changed(Key(9))];
        assert_eq!(told(PushKind::Invalidate, listed), changed);
        assert_eq!(told(PushKind::Invalidate, vec![Value::Nil]), [Notice::All]);
        let message = |payload| vec![text("cacheduel:a1:bus"), text(payload)];
        assert_eq!(told(PushKind::Message, message("42")), [Notice::Changed(Key(42))]);
        assert_eq!(told(PushKind::Message, message("forty-two")), [Notice::All]);
        assert_eq!(told(PushKind::Subscribe, vec![text("cacheduel:a1:bus"), Value::Int(1)]), []);
    }
}
