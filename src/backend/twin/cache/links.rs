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
    Shared {
        turn: AtomicUsize,
    },
    Pooled(Pool),
}

/// Connections of which a call has one to itself, the one that was used last. Waiting is in the order of
/// asking.
pub(super) struct Pool {
    idle: Mutex<Vec<usize>>,
    permits: Semaphore,
    waits: Arc<Waits>,
}

/// One call's turn at a connection.
pub(super) struct Turn<'a> {
    pub connection: usize,
    /// Where it goes back to, if the call has it to itself.
    pool: Option<&'a Pool>,
}

impl Links {
    pub fn new(
        layout: Connections,
        connections: std::ops::Range<usize>,
        waits: Arc<Waits>,
    ) -> Self {
        let sharing = match layout {
            Connections::Shared(_) => Sharing::Shared { turn: AtomicUsize::new(0) },
            Connections::Pooled(_) => Sharing::Pooled(Pool {
                idle: Mutex::new(connections.clone().rev().collect()),
                permits: Semaphore::new(connections.len()),
                waits,
            }),
        };
        Self { connections, sharing }
    }

    /// The connection for one call; where none is idle, the pool at which to wait for it.
    pub fn turn(&self) -> Result<Turn<'_>, &Pool> {
        match &self.sharing {
            Sharing::Shared { turn } => {
                let nth = turn.load(Ordering::Relaxed);
                // Not by one atomic step: a node's calls are made by one thread, or may share a turn.
                let next = if nth + 1 < self.connections.len() { nth + 1 } else { 0 };
                turn.store(next, Ordering::Relaxed);
                Ok(Turn::at(self.connections.start + nth))
            }
            Sharing::Pooled(pool) => match pool.permits.try_acquire() {
                Ok(permit) => Ok(pool.take(permit, Nanos::ZERO)),
                Err(_) => Err(pool),
            },
        }
    }
}

impl Pool {
    /// Waits for the connection for one call.
    pub async fn turn(&self, clock: &Clock) -> Turn<'_> {
        let asked = clock.now();
        let permit = self.permits.acquire().await.expect("the pool is never closed");
        self.take(permit, clock.now().since(asked))
    }

    fn take<'a>(&'a self, permit: SemaphorePermit<'a>, waited: Nanos) -> Turn<'a> {
        self.waits.record(waited);
        let connection = lock(&self.idle).pop().expect("there is a permit for each that is idle");
        // It comes back with the connection.
        permit.forget();
        Turn { connection, pool: Some(self) }
    }
}

impl Turn<'_> {
    /// At a connection that may be used at any time.
    pub const fn at(connection: usize) -> Self {
        Self { connection, pool: None }
    }

    /// Whether no other call may use the connection meanwhile.
    pub const fn is_exclusive(&self) -> bool {
        self.pool.is_some()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if let Some(pool) = self.pool {
            // Before the permit: whoever gets that finds a connection.
            lock(&pool.idle).push(self.connection);
            pool.permits.add_permits(1);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
