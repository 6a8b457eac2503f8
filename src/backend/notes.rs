//! What is noted about the connections to a store, from one reset to the next.

use std::fmt::Display;
use std::sync::atomic::{AtomicU8, Ordering};

use super::waits::Waits;
use crate::clock::Clock;
use crate::model::{Fault, FaultKind, Nanos};

pub struct Notes {
    /// The store's name in the log.
    store: &'static str,
    clock: Clock,
    waits: Waits,
    /// The kinds of fault that have been logged, a bit for each.
    logged: AtomicU8,
}

impl Notes {
    pub fn new(store: &'static str, clock: Clock) -> Self {
        Self { store, clock, waits: Waits::default(), logged: AtomicU8::new(0) }
    }

    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    pub fn now(&self) -> Nanos {
        self.clock.now()
    }

    /// Counts a call that has its connection now, and `asked` for it then.
    pub fn waited_since(&self, asked: Nanos) {
        self.waits.record(self.now().since(asked));
    }

    /// The fault that `error` amounts to. The first of each kind is logged with its text; more of
    /// them would only repeat it thousands of times a second.
    pub fn fault(&self, kind: FaultKind, error: &dyn Display) -> Fault {
        let bit = 1 << kind as u8;
        if self.logged.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
            tracing::warn!(%error, ?kind, "{} failed; more of this kind are not logged", self.store);
        }
        Fault::store(kind)
    }
}
