//! Connections that calls take turns at, first come, first served.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::clock::Clock;
use crate::model::Nanos;

pub struct Pool {
    /// One for each connection. Waiting is in the order of asking.
    permits: Semaphore,
    idle: Mutex<Idle>,
}

struct Idle {
    /// When each connection is through with what a call that was given up has left it at.
    free: BinaryHeap<Reverse<Nanos>>,
    /// How often all connections broke. Those that were in use then have nothing to finish.
    breaks: u64,
}

/// One call's turn at a connection.
///
/// Dropped before its work is over, as a call is that was given up, it leaves the connection at it: the
/// server finishes what it has begun, and whoever comes next waits for that.
pub struct Turn<'a> {
    pool: &'a Pool,
    _permit: SemaphorePermit<'a>,
    busy_until: Nanos,
    breaks: u64,
}

impl Pool {
    pub fn new(connections: u32) -> Self {
        let free = (0..connections).map(|_| Reverse(Nanos::ZERO)).collect();
        let idle = Mutex::new(Idle { free, breaks: 0 });
        Self { permits: Semaphore::new(connections as usize), idle }
    }

    /// Waits for a connection that has nothing else to do. Dropped meanwhile, it leaves the line.
    pub async fn take(&self, clock: &Clock) -> Turn<'_> {
        let permit = self.permits.acquire().await.expect("nobody closes the semaphore");
        let (busy_until, breaks) = {
            let mut idle = self.idle();
            let Reverse(free) = idle.free.pop().expect("there is one for each permit");
            (free, idle.breaks)
        };
        let turn = Turn { pool: self, _permit: permit, busy_until, breaks };
        if busy_until > clock.now() {
            clock.sleep_until(busy_until).await;
        }
        turn
    }

    /// Has all connections broken off at once, and made anew.
    pub fn break_all(&self) {
        let mut idle = self.idle();
        idle.breaks += 1;
        idle.free = idle.free.iter().map(|_| Reverse(Nanos::ZERO)).collect();
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn<'_> {
    /// The connection is at work until then, whoever waits for it.
    pub fn work_until(&mut self, end: Nanos) {
        self.busy_until = end;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle();
        let is_broken = idle.breaks != self.breaks;
        idle.free.push(Reverse(if is_broken { Nanos::ZERO } else { self.busy_until }));
    }
}
