//! Connections that calls take turns at: first come, first served, and no health checks.
//!
//! One pool for every store that is reached by SQL. What differs between them is an [`Endpoint`].

use std::future::Future;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sqlx::Connection;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::Error;
use super::waits::Waits;
use crate::clock::Clock;
use crate::model::{Fault, FaultKind, Nanos, Outcome};

/// What the connections of a pool lead to.
pub trait Endpoint: Send + Sync {
    type Connection: Connection;

    fn connect(&self) -> impl Future<Output = Result<Self::Connection, sqlx::Error>> + Send;

    /// Ends what a call that was given up has left the connection with: waits for its statement,
    /// and rolls back its transaction if it has one. Fails where the connection is of no more use.
    fn roll_back(
        connection: &mut Self::Connection,
    ) -> impl Future<Output = Result<(), sqlx::Error>> + Send;

    /// Whether the connection on which `error` came is of no more use.
    fn is_lost(error: &sqlx::Error) -> bool;

    fn kind(error: &sqlx::Error) -> FaultKind;

    /// `error` where no single operation failed but the store is of no use.
    fn error(&self, error: &sqlx::Error) -> Error;

    fn notes(&self) -> &Notes;
}

/// What is noted about the connections to a store, from one reset to the next.
pub struct Notes {
    /// The store's name in the log.
    store: &'static str,
    clock: Arc<dyn Clock>,
    waits: Waits,
    /// The kinds of fault that have been logged, a bit for each.
    logged: AtomicU8,
}

impl Notes {
    pub fn new(store: &'static str, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, waits: Waits::default(), logged: AtomicU8::new(0) }
    }

    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    fn now(&self) -> Nanos {
        self.clock.now()
    }

    /// The fault that `error` amounts to. The first of each kind is logged with its text; more of
    /// them would only repeat it thousands of times a second.
    fn fault(&self, kind: FaultKind, error: &sqlx::Error) -> Fault {
        let bit = 1 << kind as u8;
        if self.logged.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            tracing::warn!(%error, ?kind, "{} failed; more of this kind are not logged", self.store);
        }
        Fault::store(kind)
    }
}

pub struct Pool<E: Endpoint> {
    endpoint: Arc<E>,
    /// One for each connection. Waiting is in the order of asking.
    permits: Semaphore,
    idle: Mutex<Vec<Idle<E::Connection>>>,
}

/// One call's turn at a connection.
///
/// Dropped before [`finish`](Lease::finish), as a call is that was given up in the middle of a
/// query, it marks the connection as one that may still be at work or in a transaction. The next
/// lease waits for that to end and rolls it back.
pub struct Lease<'a, E: Endpoint> {
    pool: &'a Pool<E>,
    _permit: SemaphorePermit<'a>,
    /// Taken out by `Drop`, or where it broke.
    idle: Option<Idle<E::Connection>>,
}

struct Idle<C> {
    connection: C,
    settled: bool,
    /// Whether a call has had it, or it was made, since it was last [spare](Pool::spare).
    served: bool,
}

impl<C> Idle<C> {
    const fn new(connection: C) -> Self {
        Self { connection, settled: true, served: true }
    }
}

impl<E: Endpoint> Pool<E> {
    /// Opens all connections at once, so that no call pays for it.
    pub async fn open(endpoint: Arc<E>, connections: u32) -> Result<Arc<Self>, Error> {
        let mut idle = Vec::new();
        for _ in 0..connections {
            let connection = endpoint.connect().await.map_err(|error| endpoint.error(&error))?;
            idle.push(Idle::new(connection));
        }
        let permits = Semaphore::new(idle.len());
        Ok(Arc::new(Self { endpoint, permits, idle: Mutex::new(idle) }))
    }

    /// Waits for a connection that is ready to serve. All of the wait is counted.
    pub async fn lease(&self) -> Outcome<Lease<'_, E>> {
        let notes = self.endpoint.notes();
        let asked = notes.now();
        let Ok(permit) = self.permits.acquire().await else {
            return Err(Fault::store(FaultKind::Unavailable));
        };
        let mut lease = Lease { pool: self, _permit: permit, idle: self.idle().pop() };
        let ready = lease.make_ready().await;
        notes.waits.record(notes.now().since(asked));
        ready.map_err(|error| self.fault(&error))?;
        if let Some(idle) = &mut lease.idle {
            idle.served = true;
        }
        Ok(lease)
    }

    /// Every connection that no call holds and that has served one since the last time, for what is
    /// not to be counted as a call. One that is broken is not among them.
    pub async fn spare(&self) -> Vec<Lease<'_, E>> {
        let mut spare = Vec::new();
        // Taken before any of them is waited for: each one is then taken once.
        while let Ok(permit) = self.permits.try_acquire() {
            spare.push(Lease { pool: self, _permit: permit, idle: self.idle().pop() });
        }
        for lease in &mut spare {
            lease.settle().await;
        }
        spare.retain_mut(|lease| {
            lease.idle.as_mut().is_some_and(|idle| std::mem::take(&mut idle.served))
        });
        spare
    }

    /// Refuses every lease from now on, and closes the connections that are not leased.
    pub async fn close(&self) {
        self.permits.close();
        let idle = std::mem::take(&mut *self.idle());
        for Idle { connection, .. } in idle {
            if let Err(error) = connection.close().await {
                // One to a server that was killed is as good as closed.
                tracing::debug!(%error, "a connection to the store did not close");
            }
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle<E::Connection>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, error: &sqlx::Error) -> Fault {
        self.endpoint.notes().fault(E::kind(error), error)
    }
}

impl<E: Endpoint> Lease<'_, E> {
    /// The connection. From here on its state is unknown, until [`finish`](Lease::finish).
    pub fn connection(&mut self) -> &mut E::Connection {
        let idle = self.idle.as_mut().expect("a lease is handed out with a connection");
        idle.settled = false;
        &mut idle.connection
    }

    /// Gives the connection back after its work ended in `result`.
    pub fn finish<T>(mut self, result: Result<T, sqlx::Error>) -> Outcome<T> {
        match &result {
            Ok(_) => {
                if let Some(idle) = &mut self.idle {
                    idle.settled = true;
                }
            }
            Err(error) if E::is_lost(error) => self.idle = None,
            // The statement failed, perhaps within a transaction: it stays unsettled.
            Err(_) => {}
        }
        result.map_err(|error| self.pool.fault(&error))
    }

    async fn make_ready(&mut self) -> Result<(), sqlx::Error> {
        self.settle().await;
        if self.idle.is_none() {
            let connection = self.pool.endpoint.connect().await?;
            self.idle = Some(Idle::new(connection));
        }
        Ok(())
    }

    /// Ends what the last call has left, or else the connection.
    async fn settle(&mut self) {
        if let Some(idle) = &mut self.idle
            && !idle.settled
        {
            if E::roll_back(&mut idle.connection).await.is_ok() {
                idle.settled = true;
            } else {
                self.idle = None;
            }
        }
    }
}

impl<E: Endpoint> Drop for Lease<'_, E> {
    fn drop(&mut self) {
        if let Some(idle) = self.idle.take()
            && !self.pool.permits.is_closed()
        {
            self.pool.idle().push(idle);
        }
    }
}

#[cfg(test)]
mod tests;
