//! The tap around the backends: what a strategy calls is counted here, whether it says so or not.

use std::mem;

use super::hashing::ByKey;
use crate::clock::{Clock, Guard, Guarded};
use crate::model::{Call, Key, Side};

/// Collects the calls of one block of a run until the driver takes them.
pub struct Tap(Guarded<Seen>);

#[derive(Default)]
struct Seen {
    calls: Vec<Call>,
    /// Fills that are reading the store right now, by key: a second one is a duplicate.
    loading: ByKey<u32>,
    /// Calls in progress, by their side.
    in_progress: [u32; 3],
    /// Calls whose caller was gone before the answer came, by their side.
    given_up: [u64; 3],
}

impl Tap {
    /// A tap for calls that are made by `clock`.
    pub fn new(clock: &Clock) -> Self {
        Self(Guarded::new(clock.owner(), Seen::default()))
    }

    /// Puts all calls seen since the last time, in the order they ended, in the place of `calls`.
    pub fn take(&self, calls: &mut Vec<Call>) {
        calls.clear();
        mem::swap(calls, &mut self.seen().calls);
    }

    /// Calls to `side` whose caller was gone before the answer came: they may or may not have reached
    /// the server, and are in no other count.
    pub fn given_up(&self, side: Side) -> u64 {
        self.seen().given_up[side as usize]
    }

    pub(super) fn record(&self, call: Call) {
        self.seen().calls.push(call);
    }

    /// Notes that a call to `side` is in progress until the guard is dropped.
    pub(super) fn begin_call(&self, side: Side) -> InProgress<'_> {
        let in_progress = &mut self.seen().in_progress[side as usize];
        *in_progress += 1;
        InProgress { tap: self, side, concurrent: *in_progress }
    }

    /// Notes that a fill reads `key` from now on until the guard is dropped.
    pub(super) fn begin_load(&self, key: Key) -> Loading<'_> {
        let mut seen = self.seen();
        let others = seen.loading.entry(key).or_default();
        let duplicate = *others > 0;
        *others += 1;
        Loading { tap: self, key, duplicate }
    }

    #[inline(always)]
    fn seen(&self) -> Guard<'_, Seen> {
        self.0.lock()
    }
}

/// A call in progress. Dropped with its future, so that a cancelled call is over.
pub(super) struct InProgress<'a> {
    tap: &'a Tap,
    side: Side,
    pub concurrent: u32,
}

impl InProgress<'_> {
    /// It is over, and is recorded as this.
    pub fn answered(self, call: Call) {
        let mut seen = self.tap.seen();
        seen.in_progress[self.side as usize] -= 1;
        seen.calls.push(call);
        drop(seen);
        mem::forget(self);
    }
}

impl Drop for InProgress<'_> {
    fn drop(&mut self) {
        let (mut seen, side) = (self.tap.seen(), self.side as usize);
        seen.in_progress[side] -= 1;
        seen.given_up[side] += 1;
    }
}

/// A fill's store read in flight. Dropped with its future, so that a cancelled load is forgotten.
pub(super) struct Loading<'a> {
    tap: &'a Tap,
    key: Key,
    pub duplicate: bool,
}

impl Drop for Loading<'_> {
    fn drop(&mut self) {
        let loading = &mut self.tap.seen().loading;
        if let Some(count) = loading.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                loading.remove(&self.key);
            }
        }
    }
}
