//! A node's connections to an API. Each serves one request at a time, so they bound how many are
//! under way; the others wait their turn, first come, first served.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::backend::waits::Waits;
use crate::clock::Clock;
use crate::model::Nanos;

pub struct Turns {
    permits: Semaphore,
    clock: Clock,
    /// Shared by all nodes.
    waits: Arc<Waits>,
}

/// A request's turn at a connection, until it is dropped.
pub struct Turn<'a> {
    turns: &'a Turns,
    begun: Nanos,
    _permit: SemaphorePermit<'a>,
}

impl Turns {
    pub fn new(connections: u32, clock: Clock, waits: Arc<Waits>) -> Self {
        Self { permits: Semaphore::new(connections as usize), clock, waits }
    }

    /// Waits for a connection to be free, which it is again when the turn is dropped.
    pub async fn take(&self) -> Turn<'_> {
        let asked = self.clock.now();
        let permit = self.permits.acquire().await.expect("nobody closes the semaphore");
        let begun = self.clock.now();
        self.waits.record(begun - asked);
        Turn { turns: self, begun, _permit: permit }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.waits.held(self.turns.clock.now() - self.begun);
    }
}
