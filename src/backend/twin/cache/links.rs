//! How a node's calls share its connections.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::backend::Connections;
use crate::backend::waits::Waits;
use crate::clock::Clock;
use crate::model::Nanos;

/// One node's connections, by their numbers.
pub(super) struct Links {
    connections: std::ops::Range<usize>,
    sharing: Sharing,
}

enum Sharing {
    /// Calls go out on all of them in turn, and any number of them may be under way on each.
    Shared { turn: AtomicUsize },
    /// A call has a connection to itself, the one that was used last. Waiting is in the order of asking.
    Pooled { idle: Mutex<Vec<usize>>, permits: Semaphore, waits: Arc<Waits> },
}

/// One call's turn at a connection.
pub(super) struct Turn<'a> {
    links: &'a Links,
    pub connection: usize,
    /// Of a connection that the call has to itself.
    permit: Option<SemaphorePermit<'a>>,
}

impl Links {
    pub fn new(
        layout: Connections,
        connections: std::ops::Range<usize>,
        waits: Arc<Waits>,
    ) -> Self {
        let sharing = match layout {
            Connections::Shared(_) => Sharing::Shared { turn: AtomicUsize::new(0) },
            Connections::Pooled(_) => Sharing::Pooled {
                idle: Mutex::new(connections.clone().rev().collect()),
                permits: Semaphore::new(connections.len()),
                waits,
            },
        };
        Self { connections, sharing }
    }

    /// The connection for one call, which may have to wait for it.
    pub async fn turn(&self, clock: &dyn Clock) -> Turn<'_> {
        let (idle, permits, waits) = match &self.sharing {
            Sharing::Shared { turn } => {
                let nth = turn.fetch_add(1, Ordering::Relaxed) % self.connections.len();
                return Turn {
                    links: self,
                    connection: self.connections.start + nth,
                    permit: None,
                };
            }
            Sharing::Pooled { idle, permits, waits } => (idle, permits, waits),
        };
        let permit = match permits.try_acquire() {
            Ok(permit) => {
                waits.record(Nanos::ZERO);
                permit
            }
            Err(_) => {
                let asked = clock.now();
                let permit = permits.acquire().await.expect("the pool is never closed");
                waits.record(clock.now().since(asked));
                permit
            }
        };
        let connection = lock(idle).pop().expect("there is a permit for each that is idle");
        Turn { links: self, connection, permit: Some(permit) }
    }
}

impl Turn<'_> {
    /// Whether no other call may use the connection meanwhile.
    pub const fn is_exclusive(&self) -> bool {
        self.permit.is_some()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let (Some(permit), Sharing::Pooled { idle, .. }) =
            (self.permit.take(), &self.links.sharing)
        {
            // Before the permit: whoever gets that finds a connection.
            lock(idle).push(self.connection);
            drop(permit);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
