//! What an API decides about each request: whether it is let through, and how long it takes. Here
//! it also counts, on its own side.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::limit::Limiter;
use super::options::ApiOptions;
use crate::backend::spread::Durations;
use crate::model::{ApiCounters, Nanos, PoolWaits};

const SECOND: u64 = 1_000_000_000;
/// Sets an API's latencies apart from other draws by the same seed.
const STREAM: u64 = 0x4150_4920;

/// One API from one reset to the next: each run of a strategy meets the same latencies, in the same
/// order, and the whole burst.
pub struct Gate(Mutex<State>);

/// A request that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// How long it takes until one would be let through.
    pub retry_after: Nanos,
}

struct State {
    limiter: Option<Limiter>,
    latencies: Durations,
    served: u64,
    refused: u64,
    /// The second of the clock that the last request came in, and how many have come in it.
    second: (u64, u64),
    peak_per_second: u64,
}

impl Gate {
    pub fn new(options: &ApiOptions, seed: u64) -> Self {
        Self(Mutex::new(State {
            limiter: options.limit().map(|(rate, burst)| Limiter::new(rate, burst)),
            latencies: Durations::new(options.latency, seed, STREAM),
            served: 0,
            refused: 0,
            second: (0, 0),
            peak_per_second: 0,
        }))
    }

    /// A request comes in `now`. Returns how long its answer takes.
    ///
    /// # Errors
    /// If it is beyond the rate limit.
    pub fn admit(&self, now: Nanos) -> Result<Nanos, Refused> {
        let mut state = self.state();
        state.count(now);
        if let Some(limiter) = &mut state.limiter
            && let Err(retry_after) = limiter.admit(now)
        {
            state.refused += 1;
            return Err(Refused { retry_after });
        }
        state.served += 1;
        Ok(state.latencies.draw())
    }

    /// What was counted here; `waits` is what the clients counted.
    pub fn counters(&self, waits: PoolWaits) -> ApiCounters {
        let state = self.state();
        ApiCounters {
            served: state.served,
            refused: state.refused,
            peak_per_second: state.peak_per_second,
            waits,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn count(&mut self, now: Nanos) {
        let second = now.0 / SECOND;
        if self.second.0 != second {
            self.second = (second, 0);
        }
        self.second.1 += 1;
        self.peak_per_second = self.peak_per_second.max(self.second.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Span, Spread};

    #[test]
    fn what_is_served_and_refused_is_counted() {
        let latency = Spread::log_normal(Span::from_millis(1), Span::from_millis(2));
        let options = ApiOptions { latency, rate_limit: Some(10.0), burst: Some(2) };
        let gate = Gate::new(&options, 1);
        let served = |now| (0..5).filter(|_| gate.admit(now).is_ok()).count();
        assert_eq!(served(Nanos::ZERO), 2);
        assert_eq!(served(Nanos::from_millis(999)), 2);
        let refused = gate.admit(Nanos::from_millis(999)).unwrap_err();
        assert_eq!(refused.retry_after, Nanos::from_millis(100));
        assert_eq!(served(Nanos::from_millis(1_000)), 0);
        let expected = ApiCounters {
            served: 4,
            refused: 12,
            peak_per_second: 11,
            waits: PoolWaits::default(),
        };
        assert_eq!(gate.counters(PoolWaits::default()), expected);
    }
}
