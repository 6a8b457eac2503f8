//! The node's consumer of the event stream.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisResult;

use super::connection::Endpoint;
use super::link::Link;
use super::overdue::Overdue;
use super::stream::{Consumer, Item};
use crate::backend::{Delivery, Event};
use crate::model::{Key, Nanos, Version};

/// The least time between two looks through what other consumers have left.
const LOOK_PAUSE_MIN: Nanos = Nanos::from_millis(1);

/// Waits for events on a connection of its own, for while it waits, nothing else can be asked there.
pub(super) struct Events {
    endpoint: Arc<Endpoint>,
    link: Link,
    timeout: Nanos,
    consumer: Consumer,
    turn: tokio::sync::Mutex<()>,
}

impl Events {
    pub fn new(
        endpoint: Arc<Endpoint>,
        timeout: Duration,
        overdue: Arc<Overdue>,
        consumer: Consumer,
    ) -> Self {
        let link = Link::idle(endpoint.clone(), timeout, overdue);
        Self { endpoint, link, timeout: timeout.into(), consumer, turn: Default::default() }
    }

    /// See [`Cache::claim_events`](crate::backend::Cache::claim_events).
    pub async fn claim(&self, max: usize, wait: Nanos, idle: Nanos) -> RedisResult<Vec<Delivery>> {
        let clock = self.endpoint.clock();
        let until = clock.now() + wait;
        let deadline = until + self.timeout;
        let _turn = self.turn.lock().await;
        loop {
            let now = clock.now();
            if now >= self.consumer.next_look(idle) {
                let left = self.consumer.take_over(&self.link, deadline, max, idle, now).await?;
                if !left.is_empty() {
                    return deliveries(left);
                }
            }
            let now = clock.now();
            let until_look = self.consumer.next_look(idle).since(now).max(LOOK_PAUSE_MIN);
            let wait = until.since(now).min(until_look);
            let new = self.consumer.read(&self.link, deadline, max, wait).await?;
            if !new.is_empty() || clock.now() >= until {
                return deliveries(new);
            }
        }
    }
}

fn deliveries(items: Vec<Item>) -> RedisResult<Vec<Delivery>> {
    items.into_iter().map(delivery).collect()
}

fn delivery(mut item: Item) -> RedisResult<Delivery> {
    let event =
        Event { sequence: item.take(0)?, key: Key(item.take(1)?), version: Version(item.take(2)?) };
    Ok(Delivery { id: item.id, event })
}
