//! Sessions that calls take turns at: first come, first served, and no health checks.

use std::sync::{Mutex, MutexGuard, PoisonError};

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::fault;
use super::session::{self, Sessions};
use crate::backend::Error;
use crate::model::{Fault, FaultKind, Outcome};

pub struct Pool {
    sessions: Sessions,
    /// One for each connection. Waiting is in the order of asking.
    permits: Semaphore,
    idle: Mutex<Vec<Idle>>,
}

/// One call's turn at a connection.
///
/// Dropped before [`finish`](Lease::finish), as a call is that was given up in the middle of a
/// query, it marks the connection as one that may still be at work or in a transaction. The next
/// lease waits for that to end and rolls it back.
pub struct Lease<'a> {
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
    /// Taken out by `Drop`, or where it broke.
    idle: Option<Idle>,
}

struct Idle {
    connection: PgConnection,
    settled: bool,
    /// Whether a call has had it, or it was made, since it was last [spare](Pool::spare).
    served: bool,
}

impl Idle {
    const fn new(connection: PgConnection) -> Self {
        Self { connection, settled: true, served: true }
    }
}

impl Pool {
    /// Opens all connections at once, so that no call pays for it.
    pub async fn open(sessions: Sessions, connections: u32) -> Result<Self, Error> {
        let mut idle = Vec::new();
        for _ in 0..connections {
            let connection = sessions.connect().await.map_err(|error| sessions.error(&error))?;
            idle.push(Idle::new(connection));
        }
        let permits = Semaphore::new(idle.len());
        Ok(Self { sessions, permits, idle: Mutex::new(idle) })
    }

    /// Waits for a connection that is ready to serve. All of the wait is counted.
    pub async fn lease(&self) -> Outcome<Lease<'_>> {
        let notes = self.sessions.notes();
        let asked = notes.now();
        let Ok(permit) = self.permits.acquire().await else {
            return Err(Fault::store(FaultKind::Unavailable));
        };
        let mut lease = Lease { pool: self, _permit: permit, idle: self.idle().pop() };
        let ready = lease.make_ready().await;
        notes.waited_since(asked);
        ready.map_err(|error| self.fault(&error))?;
        if let Some(idle) = &mut lease.idle {
            idle.served = true;
        }
        Ok(lease)
    }

    /// Every connection that no call holds and that has served one since the last time, for what is
    /// not to be counted as a call. One that is broken is not among them.
    pub async fn spare(&self) -> Vec<Lease<'_>> {
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

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, error: &sqlx::Error) -> Fault {
        self.sessions.notes().fault(fault::kind(error), error)
    }
}

impl Lease<'_> {
    /// The connection. From here on its state is unknown, until [`finish`](Lease::finish).
    pub fn connection(&mut self) -> &mut PgConnection {
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
            Err(error) if fault::is_lost(error) => self.idle = None,
            // The statement failed, perhaps within a transaction: it stays unsettled.
            Err(_) => {}
        }
        result.map_err(|error| self.pool.fault(&error))
    }

    async fn make_ready(&mut self) -> Result<(), sqlx::Error> {
        self.settle().await;
        if self.idle.is_none() {
            let connection = self.pool.sessions.connect().await?;
            self.idle = Some(Idle::new(connection));
        }
        Ok(())
    }

    /// Ends what the last call has left, or else the connection.
    async fn settle(&mut self) {
        if let Some(idle) = &mut self.idle
            && !idle.settled
        {
            if session::roll_back(&mut idle.connection).await.is_ok() {
                idle.settled = true;
            } else {
                self.idle = None;
            }
        }
    }
}

impl Drop for Lease<'_> {
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
