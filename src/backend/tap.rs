//! The tap around the backends: what a strategy calls is counted here, whether it says so or not.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::model::{Call, Key, Side};

/// Collects the calls of one block of a run, or of one load thread of it, until the driver takes them.
#[derive(Default)]
pub struct Tap {
    calls: Mutex<Vec<Call>>,
    shared: Arc<Shared>,
}

/// What only all load threads together can tell.
#[derive(Default)]
struct Shared {
    /// Fills that are reading the store right now, by key: a second one is a duplicate.
    loading: Mutex<HashMap<Key, u32>>,
    /// Calls in progress, by their side.
    in_progress: [AtomicU32; 3],
    /// Calls whose caller was gone before the answer came, by their side.
    given_up: [AtomicU64; 3],
}

impl Tap {
    pub fn new() -> Self {
        Self::default()
    }

    /// The tap of another load thread of the same block.
    pub fn beside(&self) -> Self {
        Self { calls: Mutex::default(), shared: self.shared.clone() }
    }

    /// Moves all calls seen since the last time to the end of `calls`, in the order they ended.
    pub fn take(&self, calls: &mut Vec<Call>) {
        calls.append(&mut lock(&self.calls));
    }

    /// Calls to `side` whose caller was gone before the answer came: they may or may not have reached
    /// the server, and are in no other count.
    pub fn given_up(&self, side: Side) -> u64 {
        self.shared.given_up[side as usize].load(Ordering::Relaxed)
    }

    pub(super) fn record(&self, call: Call) {
        lock(&self.calls).push(call);
    }

    /// Notes that a call to `side` is in progress until the guard is dropped.
    pub(super) fn begin_call(&self, side: Side) -> InProgress<'_> {
        let in_progress = &self.shared.in_progress[side as usize];
        let concurrent = in_progress.fetch_add(1, Ordering::Relaxed) + 1;
        InProgress { shared: &self.shared, side, concurrent, is_answered: false }
    }

    /// Notes that a fill reads `key` from now on until the guard is dropped.
    pub(super) fn begin_load(&self, key: Key) -> Loading<'_> {
        let mut loading = lock(&self.shared.loading);
        let others = loading.entry(key).or_default();
        let duplicate = *others > 0;
        *others += 1;
        Loading { shared: &self.shared, key, duplicate }
    }
}

/// A call in progress. Dropped with its future, so that a cancelled call is over.
pub(super) struct InProgress<'a> {
    shared: &'a Shared,
    side: Side,
    pub concurrent: u32,
    is_answered: bool,
}

impl InProgress<'_> {
    pub fn answered(mut self) {
        self.is_answered = true;
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        let side = self.side as usize;
        self.shared.in_progress[side].fetch_sub(1, Ordering::Relaxed);
        if !self.is_answered {
            self.shared.given_up[side].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A fill's store read in flight. Dropped with its future, so that a cancelled load is forgotten.
pub(super) struct Loading<'a> {
    shared: &'a Shared,
    key: Key,
    pub duplicate: bool,
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        let mut loading = lock(&self.shared.loading);
        if let Some(count) = loading.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                loading.remove(&self.key);
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
