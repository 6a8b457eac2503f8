//! Connections that calls take turns at, first come, first served.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::clock::{Clock, Guard, Guarded, Owner};
use crate::model::Nanos;

pub struct Pool {
    /// One for each connection. Waiting is in the order of asking.
    permits: Semaphore,
    idle: Guarded<Idle>,
}

struct Idle {
    /// Connections that have nothing to do.
    free: u32,
    /// When each of the others is through with what a call that was given up has left it at.
    at_work: BinaryHeap<Reverse<Nanos>>,
    /// How often all connections broke. Those that were in use then have nothing to finish.
    breaks: u64,
}

/// One call's turn at a connection.
///
/// Dropped before its work is over, as a call is that was given up, it leaves the connection at it: the
/// server finishes what it has begun, and whoever comes next waits for that.
pub struct Turn<'a> {
    pool: &'a Pool,
    /// `None` where it has nothing to do.
    busy_until: Option<Nanos>,
    breaks: u64,
}

impl Pool {
    /// So many connections, which go with the [owner](Clock::owner) of time.
    pub fn new(connections: u32, owner: Option<&Owner>) -> Self {
        let idle = Idle { free: connections, at_work: BinaryHeap::new(), breaks: 0 };
        let idle = Guarded::new(owner, idle);
        Self { permits: Semaphore::new(connections as usize), idle }
    }

    /// Waits for a connection that has nothing else to do. Dropped meanwhile, it leaves the line.
    pub async fn take(&self, clock: &Clock) -> Turn<'_> {
        let permit = self.permits.acquire().await.expect("nobody closes the semaphore");
        let turn = self.idle().turn(self, permit);
        if let Some(busy_until) = turn.busy_until {
            clock.sleep_until(busy_until).await;
        }
        turn
    }

    /// A connection that has nothing else to do now, if there is any, and nobody waits for it.
    pub fn try_take(&self) -> Option<Turn<'_>> {
        let permit = self.permits.try_acquire().ok()?;
        let mut idle = self.idle();
        (idle.free > 0).then(|| idle.turn(self, permit))
    }

    /// Has all connections broken off at once, and made anew.
    pub fn break_all(&self) {
        let mut idle = self.idle();
        idle.breaks += 1;
        idle.free += idle.at_work.len() as u32;
        idle.at_work.clear();
    }

    fn idle(&self) -> Guard<'_, Idle> {
        self.idle.lock()
    }
}

impl Idle {
    /// The connection that is free first.
    fn turn<'a>(&mut self, pool: &'a Pool, permit: SemaphorePermit<'a>) -> Turn<'a> {
        let busy_until = match self.free.checked_sub(1) {
            Some(left) => {
                self.free = left;
                None
            }
            None => {
                let Reverse(end) = self.at_work.pop().expect("there is one for each permit");
                Some(end)
            }
        };
        // It comes back with the connection.
        permit.forget();
        Turn { pool, busy_until, breaks: self.breaks }
    }
}

impl Turn<'_> {
    /// The connection is at work until then, whoever waits for it.
    pub fn work_until(&mut self, end: Nanos) {
        self.busy_until = Some(end);
    }

    /// The work is over.
    pub fn end(mut self) {
        self.busy_until = None;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle();
        let is_broken = idle.breaks != self.breaks;
        match self.busy_until.filter(|_| !is_broken) {
            Some(end) => idle.at_work.push(Reverse(end)),
            None => idle.free += 1,
        }
        drop(idle);
        self.pool.permits.add_permits(1);
    }
}
