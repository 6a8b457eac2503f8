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

    /// Notes that a call to `side` is in progress. Returns how many are.
    pub(super) fn begin_call(&self, side: Side) -> u32 {
        let in_progress = &mut self.seen().in_progress[side as usize];
        *in_progress += 1;
        *in_progress
    }

    /// A call to `side` has been answered, and is recorded as this.
    // In place: the call is written where it stays.
    #[inline(always)]
    pub(super) fn end_call(&self, side: Side, call: Call) {
        let mut seen = self.seen();
        seen.in_progress[side as usize] -= 1;
        seen.calls.push(call);
    }

    /// The caller of a call to `side` is gone.
    pub(super) fn give_up_call(&self, side: Side) {
        let mut seen = self.seen();
        seen.in_progress[side as usize] -= 1;
        seen.given_up[side as usize] += 1;
    }

    /// Notes that a fill reads `key` from now on. Returns how many others do.
    pub(super) fn begin_load(&self, key: Key) -> u32 {
        let mut seen = self.seen();
        let loads = seen.loading.entry(key).or_default();
        *loads += 1;
        *loads - 1
    }

    /// A fill does not read `key` any more.
    pub(super) fn end_load(&self, key: Key) {
        let loading = &mut self.seen().loading;
        if let Some(count) = loading.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                loading.remove(&key);
            }
        }
    }

    #[inline(always)]
    fn seen(&self) -> Guard<'_, Seen> {
        self.0.lock()
    }
}
