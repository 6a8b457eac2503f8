//! How long calls waited for their turn at something that is shared.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::model::{Nanos, PoolWaits};

#[derive(Default)]
pub struct Waits {
    calls: AtomicU64,
    total: AtomicU64,
    max: AtomicU64,
    held: AtomicU64,
}

impl Waits {
    pub fn record(&self, wait: Nanos) {
        self.calls.fetch_add(1, Ordering::Relaxed);
        // Most do not wait, and each of these takes as long as a look at the clock does.
        if wait > Nanos::ZERO {
            self.total.fetch_add(wait.0, Ordering::Relaxed);
            self.max.fetch_max(wait.0, Ordering::Relaxed);
        }
    }

    /// Someone has had its turn for so long.
    pub fn held(&self, span: Nanos) {
        self.held.fetch_add(span.0, Ordering::Relaxed);
    }

    pub fn read(&self) -> PoolWaits {
        PoolWaits {
            calls: self.calls.load(Ordering::Relaxed),
            total: Nanos(self.total.load(Ordering::Relaxed)),
            max: Nanos(self.max.load(Ordering::Relaxed)),
            held: Nanos(self.held.load(Ordering::Relaxed)),
        }
    }
}
