//! What Redis notes of an entry's use, in 24 bits: when it was, or how often.
//!
//! The rules are those of its `evict.c` at the default settings: a clock that ticks once a second, and a
//! counter that grows by its logarithm (`lfu-log-factor 10`) and falls by one a minute (`lfu-decay-time 1`).

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::model::Nanos;

const BITS: u32 = 24;
/// What an entry's counter starts from, so that it is not the first to go.
const COUNTER_INITIAL: u32 = 5;
const COUNTER_MAX: u32 = 255;
const LOG_FACTOR: f64 = 10.0;

/// The clock of LRU: seconds, in 24 bits, after which it starts again.
pub(super) fn seconds(now: Nanos) -> u32 {
    (now.0 / 1_000_000_000) as u32 & ((1 << BITS) - 1)
}

/// For how many seconds an entry with this stamp has not been used.
pub(super) fn idle(stamp: u32, now: Nanos) -> u64 {
    u64::from(seconds(now).wrapping_sub(stamp) & ((1 << BITS) - 1))
}

/// The stamp of an entry that is new: minutes in 16 bits, and the counter in 8.
pub(super) fn fresh(now: Nanos) -> u32 {
    (minutes(now) << 8) | COUNTER_INITIAL
}

/// The stamp after one more use.
pub(super) fn counted(stamp: u32, now: Nanos, chance: &mut ChaCha8Rng) -> u32 {
    let counter = frequency(stamp, now);
    let above = f64::from(counter.saturating_sub(COUNTER_INITIAL));
    let grows = counter < COUNTER_MAX && chance.random::<f64>() < 1.0 / (above * LOG_FACTOR + 1.0);
    (minutes(now) << 8) | (counter + u32::from(grows))
}

/// The counter as it stands now: one less for each minute since it was last noted.
pub(super) fn frequency(stamp: u32, now: Nanos) -> u32 {
    let passed = minutes(now).wrapping_sub(stamp >> 8) & 0xffff;
    (stamp & 0xff).saturating_sub(passed)
}

fn minutes(now: Nanos) -> u32 {
    (now.0 / 60_000_000_000) as u32 & 0xffff
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn the_clock_ticks_once_a_second_and_starts_again() {
        let second = |seconds| Nanos::from_secs(seconds);
        assert_eq!(idle(seconds(Nanos::from_millis(1_999)), Nanos::from_millis(2_000)), 1);
        assert_eq!(idle(seconds(Nanos::from_millis(1_000)), Nanos::from_millis(1_999)), 0);
        assert_eq!(idle(seconds(second((1 << 24) - 1)), second((1 << 24) + 2)), 3);
    }

    /// Redis's documentation gives the counter after so many hits at a factor of 10.
    #[test]
    fn the_counter_grows_as_redis_says() {
        let mut chance = ChaCha8Rng::seed_from_u64(3);
        for (hits, expected) in [(100, 10), (1_000, 18), (100_000, 142)] {
            let mean = (0..50).map(|_| {
                let used = |stamp, _| counted(stamp, Nanos::ZERO, &mut chance);
                frequency((0..hits).fold(fresh(Nanos::ZERO), used), Nanos::ZERO)
            });
            let mean = f64::from(mean.sum::<u32>()) / 50.0;
            let off = mean / f64::from(expected) - 1.0;
            assert!(off.abs() < 0.12, "{mean} after {hits} hits");
        }
    }

    #[test]
    fn the_counter_falls_by_one_a_minute() {
        let stamp = 200;
        assert_eq!(frequency(stamp, Nanos::from_secs(59)), 200);
        assert_eq!(frequency(stamp, Nanos::from_secs(60 * 150)), 50);
        assert_eq!(frequency(stamp, Nanos::from_secs(60 * 300)), 0);
    }
}
