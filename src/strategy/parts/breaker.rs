//! A circuit breaker: after repeated failures a dead cache is left alone for a while, so that
//! requests stop paying its timeout.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::model::Nanos;

/// Failures in a row that open the breaker.
const FAILURES: u32 = 5;
/// How long it stays open before one request tries again.
const REST: Nanos = Nanos::from_secs(1);

/// The breaker of one node. While all is well, neither question nor answer changes anything in it.
#[derive(Default)]
pub struct Breaker {
    failures: AtomicU32,
    closed_again: AtomicU64,
}

impl Breaker {
    /// Whether the cache may be asked. While the breaker is open, once per rest someone may. Only then
    /// does it matter what time it is.
    pub fn allows(&self, now: impl FnOnce() -> Nanos) -> bool {
        if self.failures.load(Ordering::Relaxed) < FAILURES {
            return true;
        }
        let now = now();
        let closed_again = self.closed_again.load(Ordering::Relaxed);
        let rested = now.0 >= closed_again;
        // Of several who ask at once, one finds it as it was.
        rested && {
            let next = (now + REST).0;
            let (one, other) = (Ordering::Relaxed, Ordering::Relaxed);
            self.closed_again.compare_exchange(closed_again, next, one, other).is_ok()
        }
    }

    pub fn succeeded(&self) {
        if self.failures.load(Ordering::Relaxed) > 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    pub fn failed(&self, now: Nanos) {
        // Counting on for ever takes longer than any run.
        if self.failures.fetch_add(1, Ordering::Relaxed) + 1 == FAILURES {
            self.closed_again.store((now + REST).0, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_opens_after_failures_in_a_row_and_lets_one_request_try_again() {
        let breaker = Breaker::default();
        let start = Nanos::from_secs(10);
        for _ in 0..FAILURES {
            assert!(breaker.allows(|| start));
            breaker.failed(start);
        }
        assert!(!breaker.allows(|| start));
        assert!(breaker.allows(|| start + REST), "one may try");
        assert!(!breaker.allows(|| start + REST), "but only one");
        breaker.succeeded();
        assert!(breaker.allows(|| start + REST));
    }

    #[test]
    fn a_success_in_between_keeps_it_closed() {
        let breaker = Breaker::default();
        for _ in 0..3 * FAILURES {
            breaker.failed(Nanos::ZERO);
            breaker.succeeded();
        }
        assert!(breaker.allows(|| Nanos::ZERO));
    }
}
