//! The rate limit: how many requests an API lets through.
//!
//! The generic cell rate algorithm (ITU-T I.371), which is a token bucket that keeps one instant
//! instead of a count: the one at which the bucket will be full again.

use crate::model::Nanos;

/// Lets through at most `burst + rate * t` requests in any window of `t` seconds. A request that is
/// refused costs nothing.
#[derive(Clone, Debug)]
pub struct Limiter {
    /// Between two requests at the full rate, in picoseconds: in whole nanoseconds a limit of
    /// hundreds of thousands a second would be off by a thousandth. Rounded up, so that the rate is
    /// never exceeded.
    interval: u128,
    /// How far ahead of the full rate requests may be.
    tolerance: u128,
    /// When the next request would be due at the full rate.
    due: u128,
}

impl Limiter {
    /// `rate` is in requests a second and above zero; `burst` is at least 1.
    pub fn new(rate: f64, burst: u32) -> Self {
        let interval = (1e12 / rate).ceil() as u128;
        Self { interval, tolerance: interval * u128::from(burst.saturating_sub(1)), due: 0 }
    }

    /// Whether a request is let through `now`.
    ///
    /// # Errors
    /// How long it takes until the next one would be.
    pub fn admit(&mut self, now: Nanos) -> Result<(), Nanos> {
        let now = u128::from(now.0) * 1_000;
        let due = self.due.max(now);
        let ahead = due - now;
        if ahead > self.tolerance {
            let wait = (ahead - self.tolerance).div_ceil(1_000);
            return Err(Nanos(u64::try_from(wait).unwrap_or(u64::MAX)));
        }
        self.due = due + self.interval;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The instants, of requests that come so long after each other, that are let through.
    fn admitted(limiter: &mut Limiter, gaps: &[u64]) -> Vec<Nanos> {
        let mut now = Nanos::ZERO;
        let mut admitted = Vec::new();
        for &gap in gaps {
            now += Nanos(gap);
            if limiter.admit(now).is_ok() {
                admitted.push(now);
            }
        }
        admitted
    }

    fn gaps() -> impl Strategy<Value = Vec<u64>> {
        let gap = prop_oneof![Just(0), 0..2_000_000_u64, 0..3_000_000_000_u64];
        proptest::collection::vec(gap, 1..200)
    }

    proptest! {
        #[test]
        fn no_window_has_more_than_its_burst_and_its_rate(
            gaps in gaps(), rate in 0.5..5_000.0_f64, burst in 1..50_u32,
        ) {
            let admitted = admitted(&mut Limiter::new(rate, burst), &gaps);
            for (first, from) in admitted.iter().enumerate() {
                for (last, to) in admitted.iter().enumerate().skip(first) {
                    let count = (last - first + 1) as f64;
                    let allowed = f64::from(burst) + rate * (*to - *from).as_secs_f64();
                    prop_assert!(count <= allowed + 1e-6, "{count} in {}", *to - *from);
                }
            }
        }

        #[test]
        fn whoever_waits_as_long_as_told_is_let_through(
            gaps in gaps(), rate in 0.5..5_000.0_f64, burst in 1..50_u32,
        ) {
            let mut limiter = Limiter::new(rate, burst);
            let mut now = Nanos::ZERO;
            for gap in gaps {
                now += Nanos(gap);
                if let Err(wait) = limiter.clone().admit(now) {
                    prop_assert!(wait > Nanos::ZERO);
                    prop_assert!(limiter.clone().admit(now + wait).is_ok());
                    prop_assert!(limiter.clone().admit(now + wait - Nanos(1)).is_err());
                }
                let _ = limiter.admit(now);
            }
        }

        #[test]
        fn a_load_below_the_rate_is_never_refused(
            slack in proptest::collection::vec(0..1_000_000_u64, 1..200), rate in 0.5..5_000.0_f64,
        ) {
            let interval = (1e9 / rate).ceil() as u64 + 1;
            let gaps: Vec<_> = slack.iter().map(|slack| interval + slack).collect();
            prop_assert_eq!(admitted(&mut Limiter::new(rate, 1), &gaps).len(), gaps.len());
        }
    }

    #[test]
    fn a_burst_is_let_through_at_once_and_comes_back_with_time() {
        let mut limiter = Limiter::new(100.0, 20);
        let at_once =
            |limiter: &mut Limiter, now| (0..500).filter(|_| limiter.admit(now).is_ok()).count();
        assert_eq!(at_once(&mut limiter, Nanos::ZERO), 20);
        assert_eq!(at_once(&mut limiter, Nanos::from_millis(50)), 5);
        assert_eq!(at_once(&mut limiter, Nanos::from_secs(60)), 20, "no more are saved up");
    }
}
