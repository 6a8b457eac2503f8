//! When bytes arrive: the arithmetic of one direction of a connection.

use super::conditions::Conditions;
use crate::model::Nanos;

/// What a direction with limited bandwidth may catch up with after it stood still: so much time's worth
/// of bytes.
const CATCH_UP: Nanos = Nanos::from_millis(10);
/// What passes in one go over a limited bandwidth is worth this time, and no more than so many bytes.
const GRAIN: Nanos = Nanos::from_millis(10);
const GRAIN_MAX: usize = 16 << 10;

/// What has been sent: when, and by how much its latency differs from the mean (-1 to 1).
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    pub at: Nanos,
    pub swing: f64,
}

/// What is to become of the first bytes that wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing, as long as conditions are as they are.
    Never,
    /// So many of them arrive then.
    At(Nanos, usize),
}

/// One direction. What is sent later never arrives earlier.
#[derive(Debug, Default)]
pub struct Passage {
    /// When the last byte that passed had passed.
    free: Nanos,
}

impl Passage {
    /// What becomes of the first of `left` bytes, now that it is `now`. None are left at the end of
    /// the stream, which takes the same way.
    pub fn next(&self, conditions: &Conditions, sent: Sent, left: usize, now: Nanos) -> Next {
        if conditions.is_cut {
            return Next::Never;
        }
        let due = conditions.due(sent.at, sent.swing).max(self.free);
        let Some(bandwidth) = conditions.bandwidth() else {
            return Next::At(due, left);
        };
        let grain = (bandwidth as u128 * u128::from(GRAIN.0) / 1_000_000_000) as usize;
        let bytes = left.min(grain.clamp(1, GRAIN_MAX));
        let takes = Nanos((bytes as u128 * 1_000_000_000 / u128::from(bandwidth)) as u64);
        // Without a bound, all that a destination was too slow to take would then come in a burst.
        Next::At(due.max(now - CATCH_UP.max(takes)) + takes, bytes)
    }

    /// What was to arrive then has arrived.
    pub fn passed(&mut self, at: Nanos) {
        self.free = at;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Size, Span, Toxics};

    const MS: u64 = 1_000_000;

    fn slow(latency: u64, jitter: u64, bandwidth: Option<u64>) -> Conditions {
        let toxics = Toxics {
            latency: Span::from_millis(latency),
            jitter: Span::from_millis(jitter),
            bandwidth: bandwidth.map(Size),
        };
        Conditions { toxics, ..Conditions::default() }
    }

    /// When each of the pieces, so many bytes sent then, has arrived whole, had by a reader who is
    /// always there.
    fn arrivals(conditions: &Conditions, pieces: &[(Nanos, f64, usize)]) -> Vec<Nanos> {
        let (mut passage, mut now) = (Passage::default(), Nanos::ZERO);
        let mut arrivals = Vec::new();
        for &(at, swing, mut left) in pieces {
            now = now.max(at);
            while left > 0 {
                match passage.next(conditions, Sent { at, swing }, left, now) {
                    Next::Never => panic!("nothing passes"),
                    // Asked again then, as conditions may have changed, it must not be put off.
                    Next::At(then, _) if then > now => now = then,
                    Next::At(then, bytes) => {
                        passage.passed(then);
                        left -= bytes;
                    }
                }
            }
            arrivals.push(now);
        }
        arrivals
    }

    #[test]
    fn latencies_run_side_by_side() {
        let pieces: Vec<_> = (0..100).map(|n| (Nanos(n * MS), 0.0, 1_000)).collect();
        let expected: Vec<_> = (0..100).map(|n| Nanos((n + 50) * MS)).collect();
        assert_eq!(arrivals(&slow(50, 0, None), &pieces), expected);
    }

    #[test]
    fn what_would_overtake_arrives_together_with_what_was_before_it() {
        let pieces = [(Nanos(0), 0.5, 1), (Nanos(MS), -0.5, 1), (Nanos(2 * MS), 1.0, 1)];
        let expected = [25, 25, 32].map(|ms| Nanos(ms * MS));
        assert_eq!(arrivals(&slow(20, 10, None), &pieces), expected);
    }

    #[test]
    fn bandwidth_is_a_rate_and_comes_on_top_of_latency() {
        // 100 bytes a millisecond.
        let conditions = slow(20, 0, Some(100_000));
        let pieces = [(Nanos(0), 0.0, 10_000), (Nanos(MS), 0.0, 500), (Nanos(500 * MS), 0.0, 100)];
        let expected = [120, 125, 521].map(|ms| Nanos(ms * MS));
        assert_eq!(arrivals(&conditions, &pieces), expected);
    }

    #[test]
    fn a_direction_that_stood_still_catches_up_with_a_little() {
        let conditions = slow(0, 0, Some(100_000));
        let mut passage = Passage::default();
        let now = Nanos::from_secs(10);
        let mut passed = 0;
        while let Next::At(then, bytes) =
            passage.next(&conditions, Sent { at: Nanos::ZERO, swing: 0.0 }, 1_000_000, now)
            && then <= now
        {
            passage.passed(then);
            passed += bytes;
        }
        assert_eq!(passed, 1_000, "ten milliseconds' worth");
    }

    #[test]
    fn the_slowest_line_passes_something_and_a_cut_one_nothing() {
        let at_last = arrivals(&slow(0, 0, Some(1)), &[(Nanos::ZERO, 0.0, 7)]);
        assert_eq!(at_last, [Nanos::from_secs(7)]);
        let sent = Sent { at: Nanos::ZERO, swing: 0.0 };
        let cut = Conditions { is_cut: true, ..slow(1, 0, None) };
        assert_eq!(Passage::default().next(&cut, sent, 7, Nanos::NEVER), Next::Never);
    }
}
