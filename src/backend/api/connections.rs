//! A node's connections to an API. Each serves one request at a time, so they bound how many are
//! under way; the others wait their turn, first come, first served.

use std::sync::Arc;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::backend::waits::Waits;
use crate::clock::Clock;

pub struct Turns {
    permits: Semaphore,
    clock: Arc<dyn Clock>,
    /// Shared by all nodes.
    waits: Arc<Waits>,
}

impl Turns {
    pub fn new(connections: u32, clock: Arc<dyn Clock>, waits: Arc<Waits>) -> Self {
        Self { permits: Semaphore::new(connections as usize), clock, waits }
    }

    /// Waits for a connection to be free, which it is again when the permit is dropped.
    pub async fn take(&self) -> SemaphorePermit<'_> {
        let asked = self.clock.now();
        let permit = self.permits.acquire().await.expect("nobody closes the semaphore");
        self.waits.record(self.clock.now() - asked);
        permit
    }
}
