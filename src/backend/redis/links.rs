//! How a node's calls share its connections.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::try_join_all;
use redis::RedisResult;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::connection::Endpoint;
use super::link::Link;
use super::overdue::Overdue;
use crate::backend::Connections;
use crate::backend::waits::Waits;
use crate::model::Nanos;

/// One node's connections.
pub(super) struct Links {
    links: Vec<Link>,
    sharing: Sharing,
}

enum Sharing {
    /// Calls go out on all of them in turn, and any number of them may be under way on each.
    Shared { turn: AtomicUsize },
    /// A call has a connection to itself, the one that was used last. Waiting is in the order of asking.
    Pooled {
        idle: Mutex<Vec<usize>>,
        permits: Semaphore,
        endpoint: Arc<Endpoint>,
        waits: Arc<Waits>,
    },
}

/// One call's turn at a connection.
pub(super) struct Turn<'a> {
    links: &'a Links,
    link: usize,
    /// Of a connection that the call has to itself.
    permit: Option<SemaphorePermit<'a>>,
}

impl Links {
    /// Opens all of them at once.
    pub async fn open(
        endpoint: &Arc<Endpoint>,
        connections: Connections,
        timeout: Duration,
        overdue: &Arc<Overdue>,
        patience: Duration,
        waits: Arc<Waits>,
    ) -> RedisResult<Self> {
        let count = connections.count();
        let usage = connections.into();
        let links = (0..count)
            .map(|_| Link::open(endpoint.clone(), timeout, overdue.clone(), patience, usage));
        let links = try_join_all(links).await?;
        let sharing = match connections {
            Connections::Shared(_) => Sharing::Shared { turn: AtomicUsize::new(0) },
            Connections::Pooled(_) => Sharing::Pooled {
                idle: Mutex::new((0..links.len()).rev().collect()),
                permits: Semaphore::new(links.len()),
                endpoint: endpoint.clone(),
                waits,
            },
        };
        Ok(Self { links, sharing })
    }

    /// The connection for one call, which may have to wait for it.
    pub async fn turn(&self) -> Turn<'_> {
        let (idle, permits, endpoint, waits) = match &self.sharing {
            Sharing::Shared { turn } => {
                let link = turn.fetch_add(1, Ordering::Relaxed) % self.links.len();
                return Turn { links: self, link, permit: None };
            }
            Sharing::Pooled { idle, permits, endpoint, waits } => (idle, permits, endpoint, waits),
        };
        let permit = match permits.try_acquire() {
            Ok(permit) => {
                waits.record(Nanos::ZERO);
                permit
            }
            Err(_) => {
                let asked = endpoint.clock().now();
                let permit = permits.acquire().await.expect("the pool is never closed");
                waits.record(endpoint.clock().now().since(asked));
                permit
            }
        };
        let link = lock(idle).pop().expect("there is a permit for each that is idle");
        Turn { links: self, link, permit: Some(permit) }
    }
}

impl Deref for Turn<'_> {
    type Target = Link;

    fn deref(&self) -> &Link {
        &self.links.links[self.link]
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let (Some(permit), Sharing::Pooled { idle, .. }) =
            (self.permit.take(), &self.links.sharing)
        {
            // Before the permit: whoever gets that finds a connection.
            lock(idle).push(self.link);
            drop(permit);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
