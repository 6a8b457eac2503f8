//! What one request has touched so far.

use std::sync::atomic::{AtomicU16, Ordering};

use crate::model::{Answer, Call, Purpose, Side, Touches, Verb};

/// The counts of one request, in the making. A request is one future, which one thread works on at a
/// time: there is nobody to lock out.
#[derive(Default)]
pub(super) struct Touched {
    cache_hits: AtomicU16,
    cache_misses: AtomicU16,
    cache_calls: AtomicU16,
    cache_faults: AtomicU16,
    node_hits: AtomicU16,
    store_reads: AtomicU16,
    store_writes: AtomicU16,
    store_faults: AtomicU16,
    coalesced: AtomicU16,
    stale_served: AtomicU16,
    undelivered: AtomicU16,
}

impl Touched {
    pub fn call(&self, call: &Call) {
        let has_failed = matches!(call.answer, Answer::Failed(_));
        match call.side {
            Side::Cache => {
                match (call.purpose, call.answer) {
                    (Purpose::Lookup, Answer::Hit) => count(&self.cache_hits),
                    (Purpose::Lookup, Answer::Miss) => count(&self.cache_misses),
                    _ => count(&self.cache_calls),
                }
                if has_failed {
                    count(&self.cache_faults);
                }
            }
            Side::Store => {
                match call.verb {
                    Verb::Write => count(&self.store_writes),
                    _ => count(&self.store_reads),
                }
                if has_failed {
                    count(&self.store_faults);
                }
            }
            Side::Node => {
                let is_lookup = call.verb == Verb::Get && call.purpose == Purpose::Lookup;
                if is_lookup && call.answer == Answer::Hit {
                    count(&self.node_hits);
                }
            }
        }
    }

    pub fn coalesced(&self) {
        count(&self.coalesced);
    }

    pub fn stale_served(&self) {
        count(&self.stale_served);
    }

    pub fn undelivered(&self) {
        count(&self.undelivered);
    }

    pub fn so_far(&self) -> Touches {
        let counted = |count: &AtomicU16| count.load(Ordering::Relaxed);
        Touches {
            cache_hits: counted(&self.cache_hits),
            cache_misses: counted(&self.cache_misses),
            cache_calls: counted(&self.cache_calls),
            cache_faults: counted(&self.cache_faults),
            node_hits: counted(&self.node_hits),
            store_reads: counted(&self.store_reads),
            store_writes: counted(&self.store_writes),
            store_faults: counted(&self.store_faults),
            coalesced: counted(&self.coalesced),
            stale_served: counted(&self.stale_served),
            undelivered: counted(&self.undelivered),
        }
    }
}

/// Not by one atomic step, which costs as much as all else here together.
fn count(count: &AtomicU16) {
    count.store(count.load(Ordering::Relaxed).saturating_add(1), Ordering::Relaxed);
}
