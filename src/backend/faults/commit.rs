//! A process that gets no further than its COMMIT.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Notify;

use crate::backend::layer::{Described, Layer, Step};
use crate::model::{Outcome, Verb};

/// Waits for a process to commit.
#[derive(Default)]
pub struct Trap {
    is_set: AtomicBool,
    sprung: Notify,
}

impl Trap {
    /// Waits until the store has acknowledged what the process wrote. From there on the process does
    /// nothing more: the answer never reaches it.
    pub async fn wait(&self) {
        self.is_set.store(true, Ordering::Relaxed);
        // One who springs it before we wait leaves a permit.
        self.sprung.notified().await;
    }

    /// Lets every process on that comes by.
    pub fn remove(&self) {
        self.is_set.store(false, Ordering::Relaxed);
    }
}

/// The way of a process to its store, with the trap on it.
pub struct AfterCommit(Arc<Trap>);

impl AfterCommit {
    pub fn new(trap: Arc<Trap>) -> Self {
        Self(trap)
    }
}

impl Layer for AfterCommit {
    async fn around<T: Described>(
        &self,
        step: Step,
        call: impl Future<Output = Outcome<T>> + Send,
    ) -> Outcome<T> {
        let outcome = call.await;
        let has_committed = step.verb == Verb::Write && outcome.is_ok();
        if has_committed && self.0.is_set.swap(false, Ordering::Relaxed) {
            self.0.sprung.notify_one();
            return pending().await;
        }
        outcome
    }
}
