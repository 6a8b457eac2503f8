//! The share of answers that are older than the store's row, by what removes an old entry.

use super::{KeyRate, over_reads, until_event, weighted_mean};

/// Stale hits as a share of hits where only a `ttl` from the fill ends an entry: for a key that is
/// written at rate `w`, `1 - (1 - e^(-wT)) / (wT)`. Hits fall uniformly over the entry's life, and
/// one at age `a` is stale unless there was no write in between, with chance `e^(-wa)`.
pub fn ttl_share_of_hits(rates: &[KeyRate], ttl: f64) -> f64 {
    let hits = |rate: KeyRate| rate.reads * rate.reads * ttl / (1.0 + rate.reads * ttl);
    weighted_mean(rates, hits, |rate| {
        if ttl > 0.0 { 1.0 - until_event(rate.writes, ttl) / ttl } else { 0.0 }
    })
}

/// Stale reads as a share of reads where a version-aware event removes an old entry `lag` after
/// each write: `wl / (1 + wl)`. An entry that was fresh turns stale with the next write, stays so
/// for `lag`, and is then filled with the newest row, which later events of older writes leave
/// alone. For keys that are read so often that a deleted entry is filled at once.
pub fn versioned_invalidation(rates: &[KeyRate], lag: f64) -> f64 {
    over_reads(rates, |rate| rate.writes * lag / (1.0 + rate.writes * lag))
}

/// Stale hits as a share of hits where a version-aware event removes an old entry `lag` after each write,
/// and a `ttl` well above that ends those that no write does: `wl / (1 + wl)`, each key by its hits.
///
/// An entry is fresh to the first write of its key and stale from then on until that write's event, for
/// events of earlier writes leave it alone. So the lag may vary from event to event: `lag` is its mean. Nor
/// does it matter how often keys are read.
pub fn versioned_invalidation_of_hits(rates: &[KeyRate], ttl: f64, lag: f64) -> f64 {
    let hits = |rate: KeyRate| {
        let is_written = -libm::expm1(-rate.writes * ttl);
        let hits = rate.reads * (until_event(rate.writes, ttl) + is_written * lag);
        rate.reads * hits / (1.0 + hits)
    };
    weighted_mean(rates, hits, |rate| rate.writes * lag / (1.0 + rate.writes * lag))
}

/// The mean time since a stale read's version was superseded, for version-aware events that take
/// `lag`: `l / 2`, for reads fall uniformly over the time for which the entry is stale.
pub const fn versioned_invalidation_mean_age(lag: f64) -> f64 {
    lag / 2.0
}

/// Stale reads as a share of reads where an event plainly deletes the entry `lag` after each
/// write: `(1 - e^(-2wl)) / 2`. An entry is as old as the last delete, or stale only by the writes
/// of the last `lag`: a read is fresh if there was no write since the later of the two. For keys
/// that are read so often that a deleted entry is filled at once.
pub fn plain_invalidation(rates: &[KeyRate], lag: f64) -> f64 {
    over_reads(rates, |rate| -libm::expm1(-2.0 * rate.writes * lag) / 2.0)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::theory::simulation::{Chance, assert_agrees};

    const RATES: [KeyRate; 2] = [KeyRate::new(30.0, 0.8), KeyRate::new(60.0, 3.0)];

    fn over_keys(
        chance: &mut Chance,
        mut play: impl FnMut(&mut Chance, KeyRate) -> (f64, f64),
    ) -> (f64, f64) {
        let (one, other) = (play(chance, RATES[0]), play(chance, RATES[1]));
        (one.0 + other.0, one.1 + other.1)
    }

    #[test]
    fn staleness_under_expiry_agrees_with_simulation() {
        let ttl = 0.7;
        assert_agrees(ttl_share_of_hits(&RATES, ttl), |chance| {
            over_keys(chance, |chance, rate| {
                let (mut stale, mut hits) = (0.0, 0.0);
                let (mut expires, mut is_stale) = (0.0, false);
                for (time, is_read) in chance.requests(rate, 300.0) {
                    if !is_read {
                        is_stale = true;
                    } else if time < expires {
                        hits += 1.0;
                        stale += f64::from(u8::from(is_stale));
                    } else {
                        (expires, is_stale) = (time + ttl, false);
                    }
                }
                (stale, hits)
            })
        });
    }

    /// Plays one key whose entry is filled again the moment it is deleted: stale reads, the sum of
    /// their ages, and reads.
    fn play_events(chance: &mut Chance, rate: KeyRate, lag: f64, versioned: bool) -> [f64; 3] {
        let [mut stale, mut ages, mut reads] = [0.0; 3];
        let (mut version, mut cached) = (0_u64, 0_u64);
        let mut superseded = f64::NAN;
        let mut events = VecDeque::new();
        for (time, is_read) in chance.requests(rate, 300.0) {
            while let Some(&(due, of)) = events.front()
                && due <= time
            {
                events.pop_front();
                if !versioned || cached < of {
                    // Whatever was written by now is what the fill reads.
                    cached = version;
                }
            }
            if is_read {
                reads += 1.0;
                if cached < version {
                    stale += 1.0;
                    ages += time - superseded;
                }
            } else {
                if cached == version {
                    superseded = time;
                }
                version += 1;
                events.push_back((time + lag, version));
            }
        }
        [stale, ages, reads]
    }

    #[test]
    fn staleness_under_events_agrees_with_simulation() {
        let lag = 0.25;
        for (exact, versioned) in
            [(versioned_invalidation(&RATES, lag), true), (plain_invalidation(&RATES, lag), false)]
        {
            assert_agrees(exact, |chance| {
                over_keys(chance, |chance, rate| {
                    let [stale, _, reads] = play_events(chance, rate, lag, versioned);
                    (stale, reads)
                })
            });
        }
        assert_agrees(versioned_invalidation_mean_age(lag), |chance| {
            over_keys(chance, |chance, rate| {
                let [stale, ages, _] = play_events(chance, rate, lag, true);
                (ages, stale)
            })
        });
    }

    #[test]
    fn stale_hits_under_events_of_varied_lag_agree_with_simulation() {
        let (lag, ttl) = (0.2, 40.0);
        assert_agrees(versioned_invalidation_of_hits(&RATES, ttl, lag), |chance| {
            over_keys(chance, |chance, rate| {
                let (mut stale, mut hits) = (0.0, 0.0);
                // The version that the entry has, when it expires, and when the next event is due.
                let (mut version, mut cached) = (0_u64, None);
                let mut events: VecDeque<(f64, u64)> = VecDeque::new();
                for (time, is_read) in chance.requests(rate, 300.0) {
                    while let Some(&(due, of)) = events.front()
                        && due <= time
                    {
                        events.pop_front();
                        cached = cached.filter(|&(held, _)| held >= of);
                    }
                    cached = cached.filter(|&(_, expires)| time < expires);
                    match cached {
                        Some((held, _)) if is_read => {
                            hits += 1.0;
                            stale += f64::from(u8::from(held < version));
                        }
                        None if is_read => cached = Some((version, time + ttl)),
                        _ => {
                            version += 1;
                            // None overtakes another.
                            let before = events.back().map_or(0.0, |&(due, _)| due);
                            let due = (time + 2.0 * lag * chance.unit()).max(before);
                            events.push_back((due, version));
                        }
                    }
                }
                (stale, hits)
            })
        });
    }

    #[test]
    fn limits_are_what_they_must_be() {
        let unwritten = [KeyRate::new(5.0, 0.0)];
        assert_eq!(ttl_share_of_hits(&unwritten, 10.0), 0.0);
        assert_eq!(ttl_share_of_hits(&RATES, 0.0), 0.0);
        assert!(ttl_share_of_hits(&RATES, 1e9) > 0.999);
        for form in [versioned_invalidation, plain_invalidation] {
            assert_eq!(form(&RATES, 0.0), 0.0);
            // Both are the chance of a write within the lag, where that is small.
            let slope = form(&[KeyRate::new(1.0, 2.0)], 1e-6) / 2e-6;
            assert!((slope - 1.0).abs() < 1e-5, "{slope}");
        }
        assert!((plain_invalidation(&RATES, 1e9) - 0.5).abs() < 1e-12);
    }
}
