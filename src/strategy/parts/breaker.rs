//! A circuit breaker: after repeated failures a dead cache is left alone for a while, so that
//! requests stop paying its timeout.

use std::sync::Mutex;
use std::sync::PoisonError;

use crate::model::Nanos;

/// Failures in a row that open the breaker.
const FAILURES: u32 = 5;
/// How long it stays open before one request tries again.
const REST: Nanos = Nanos::from_secs(1);

/// The breaker of one node.
#[derive(Default)]
pub struct Breaker(Mutex<State>);

#[derive(Default)]
struct State {
    failures: u32,
    closed_again: Nanos,
}

impl Breaker {
    /// Whether the cache may be asked. While the breaker is open, once per rest someone may. Only then
    /// does it matter what time it is.
    pub fn allows(&self, now: impl FnOnce() -> Nanos) -> bool {
        let mut state = self.state();
        if state.failures < FAILURES {
            return true;
        }
        let now = now();
        let rested = now >= state.closed_again;
        if rested {
            state.closed_again = now + REST;
        }
        rested
    }

    pub fn succeeded(&self) {
        self.state().failures = 0;
    }

    pub fn failed(&self, now: Nanos) {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        if state.failures == FAILURES {
            state.closed_again = now + REST;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
