//! Strategies that replace an entry before, or after, it is out of date, without a reader waiting.
//!
//! In all of them a fill starts a cycle that ends with the first read past some age: that read
//! comes one mean gap, `1 / r`, after that age.

use super::{KeyRate, over_reads, until_event};

/// Store reads a second, over all keys, of refresh-ahead at `factor` of the `ttl` with loads of `load`
/// seconds and no guard: `N / (f T + 1 / r + D + E)` for a key that is read at rate `r`. `None` where a
/// load takes longer than the `W = (1 - f) T` that is left to it.
///
/// A load that is asked for at the first read past `f T` lets readers miss if it lands past `T`: each of
/// them loads too, so that a cycle has `N = 1 + e^(-r (W - D)) - e^(-r W)` loads, and it begins with the
/// last of them to land, `E` after the first. Where loads take no time this is `1 / (f T + 1 / r)`.
pub fn ahead_store_rate(rates: &[KeyRate], ttl: f64, factor: f64, load: f64) -> Option<f64> {
    let left = (1.0 - factor) * ttl;
    let rate_of = |rate: &KeyRate| {
        let reads = rate.reads;
        let in_time = libm::exp(-reads * (left - load));
        let loads = 1.0 + in_time - libm::exp(-reads * left);
        let later = in_time * last_landing(reads, load);
        loads / (factor * ttl + 1.0 / reads + load + later)
    };
    let asked = rates.iter().filter(|rate| rate.reads > 0.0);
    (load <= left).then(|| asked.map(rate_of).sum())
}

/// How long after a load the last one lands of those who miss while it is made, on average. They miss in
/// a span `u` before its landing: all of the load with chance `e^(-r D)`, otherwise what is over of it
/// after an exponential time. The last of them comes an exponential time before the landing, if within `u`,
/// and lands later by what is over of a load after that.
fn last_landing(reads: f64, load: f64) -> f64 {
    // For a span of length u: (D - 1 / r) (1 - e^(-ru)) + u e^(-ru), here averaged over u.
    let (once, twice) = (libm::exp(-reads * load), libm::exp(-2.0 * reads * load));
    let whole = load - until_event(reads, load);
    let part = (load - 1.0 / reads) * ((1.0 - once) - (1.0 - twice) / 2.0)
        + (1.0 - twice) / (4.0 * reads)
        - load * twice / 2.0;
    once * whole + part
}

/// The hit ratio of refresh-ahead: `1 - e^(-r (1 - f) T) / (1 + r f T)`. Of the `1 + r f T` reads
/// of a cycle only the last can miss, and does if it comes after the expiry.
pub fn ahead_hit_ratio(rates: &[KeyRate], ttl: f64, factor: f64) -> f64 {
    over_reads(rates, |rate| {
        let too_late = libm::exp(-rate.reads * (1.0 - factor) * ttl);
        1.0 - too_late / (1.0 + rate.reads * factor * ttl)
    })
}

/// The hit ratio, stale answers included, of stale-while-revalidate with `window` seconds after
/// the `ttl` in which the old value is served, and loads of `load` seconds: `(r T + S) / C`, of the
/// `C = 1 + r (T + D)` reads of a cycle those within the TTL and the `S` past it.
///
/// Where loads take no time this is `1 - e^(-r W) / (1 + r T)`.
pub fn revalidate_hit_ratio(rates: &[KeyRate], ttl: f64, window: f64, load: f64) -> f64 {
    over_reads(rates, |rate| {
        let answered = rate.reads * ttl + stale_reads(rate.reads, window, load);
        answered / (1.0 + rate.reads * (ttl + load))
    })
}

/// The share of reads that stale-while-revalidate answers past the `ttl`: `S / C`, or
/// `(1 - e^(-r W)) / (1 + r T)` where loads take no time. "Stale" is by the clock; whether the row
/// changed meanwhile is another matter.
pub fn revalidate_stale_served(rates: &[KeyRate], ttl: f64, window: f64, load: f64) -> f64 {
    over_reads(rates, |rate| {
        stale_reads(rate.reads, window, load) / (1.0 + rate.reads * (ttl + load))
    })
}

/// Reads of one cycle that come past the TTL and get the old value: the one that has the entry
/// replaced, if it comes within the window, and those that come until it is, within the window too:
/// `P + r E[min(D, W - G); G < W]`, with the gap `G` exponential and `P = 1 - e^(-r W)`.
fn stale_reads(reads: f64, window: f64, load: f64) -> f64 {
    if reads == 0.0 {
        return 0.0;
    }
    // A refresh that begins in the last `within` of the window outlasts it.
    let within = load.min(window);
    let (none_before, none_at_all) =
        (libm::exp(-reads * (window - within)), libm::exp(-reads * window));
    let in_full = (1.0 - none_before) * within;
    let cut_short = within * none_before - (none_before - none_at_all) / reads;
    1.0 - none_at_all + reads * (in_full + cut_short)
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::theory::hit_ratio;
    use crate::theory::simulation::{Chance, assert_agrees};

    const RATES: [KeyRate; 2] = [KeyRate::new(4.0, 0.0), KeyRate::new(0.9, 0.0)];

    /// Reads, misses, and reads past `soft` that were answered, of an entry that any read past
    /// `soft` replaces and that is gone past `hard`.
    fn play(chance: &mut Chance, soft: f64, hard: f64, span: f64) -> [f64; 3] {
        let [mut reads, mut misses, mut late] = [0.0; 3];
        for rate in RATES {
            let mut filled = f64::NEG_INFINITY;
            for time in chance.events(rate.reads, span) {
                reads += 1.0;
                if time - filled >= hard {
                    misses += 1.0;
                    filled = time;
                } else if time - filled >= soft {
                    late += 1.0;
                    filled = time;
                }
            }
        }
        [reads, misses, late]
    }

    #[test]
    fn refresh_ahead_agrees_with_simulation() {
        let (ttl, factor) = (2.0, 0.8);
        assert_agrees(ahead_hit_ratio(&RATES, ttl, factor), |chance| {
            let [reads, misses, _] = play(chance, factor * ttl, ttl, 3_000.0);
            (reads - misses, reads)
        });
        assert_agrees(ahead_store_rate(&RATES, ttl, factor, 0.0).unwrap(), |chance| {
            let [_, misses, late] = play(chance, factor * ttl, ttl, 3_000.0);
            (misses + late, 3_000.0)
        });
    }

    /// Loads of one key whose loads take `load`: one refresh at a time, and one for each miss.
    fn ahead_loads(chance: &mut Chance, reads: f64, (soft, hard): (f64, f64), load: f64) -> f64 {
        let (mut filled, mut refreshing, mut loads) = (f64::NEG_INFINITY, false, 0.0);
        // When they land, in that order, for all take as long; and whether it is the refresh.
        let mut coming = VecDeque::<(f64, bool)>::new();
        for time in chance.events(reads, 3_000.0) {
            while let Some(&(landing, is_refresh)) = coming.front()
                && landing <= time
            {
                coming.pop_front();
                filled = landing;
                refreshing &= !is_refresh;
            }
            let age = time - filled;
            if age >= hard || (age >= soft && !refreshing) {
                loads += 1.0;
                refreshing |= age < hard;
                coming.push_back((time + load, age < hard));
            }
        }
        loads
    }

    #[test]
    fn loads_of_refresh_ahead_that_take_their_time_agree_with_simulation() {
        let ttl = 2.0;
        for (factor, load) in [(0.8, 0.3), (0.5, 0.6), (0.7, 0.6)] {
            assert_agrees(ahead_store_rate(&RATES, ttl, factor, load).unwrap(), |chance| {
                let ages = (factor * ttl, ttl);
                let loads = RATES.map(|rate| ahead_loads(chance, rate.reads, ages, load));
                (loads.iter().sum(), 3_000.0)
            });
        }
        assert_eq!(ahead_store_rate(&RATES, ttl, 0.8, 0.5), None, "it lands when all is over");
    }

    #[test]
    fn stale_while_revalidate_agrees_with_simulation() {
        let ttl = 1.0;
        for (window, load) in [(0.6, 0.0), (0.6, 0.2), (0.3, 0.7)] {
            let played = |chance: &mut Chance| {
                let [mut reads, mut late, mut misses] = [0.0; 3];
                for rate in RATES {
                    // The entry in place, and the one that a load will put in its place.
                    let (mut filled, mut coming) = (f64::NEG_INFINITY, None::<f64>);
                    for time in chance.events(rate.reads, 3_000.0) {
                        if let Some(arrival) = coming.filter(|arrival| *arrival <= time) {
                            (filled, coming) = (arrival, None);
                        }
                        reads += 1.0;
                        let age = time - filled;
                        if age >= ttl {
                            *if age < ttl + window { &mut late } else { &mut misses } += 1.0;
                            coming.get_or_insert(time + load);
                        }
                    }
                }
                [reads, late, misses]
            };
            assert_agrees(revalidate_hit_ratio(&RATES, ttl, window, load), |chance| {
                let [reads, _, misses] = played(chance);
                (reads - misses, reads)
            });
            assert_agrees(revalidate_stale_served(&RATES, ttl, window, load), |chance| {
                let [reads, late, _] = played(chance);
                (late, reads)
            });
        }
    }

    #[test]
    fn without_a_margin_they_are_plain_expiry() {
        let plain = hit_ratio::ttl(&RATES, 2.0);
        assert!((ahead_hit_ratio(&RATES, 2.0, 1.0) - plain).abs() < 1e-12);
        assert!((revalidate_hit_ratio(&RATES, 2.0, 0.0, 0.0) - plain).abs() < 1e-12);
        assert_eq!(revalidate_stale_served(&RATES, 2.0, 0.0, 0.0), 0.0);
        assert!((revalidate_hit_ratio(&RATES, 2.0, 1e2, 0.0) - 1.0).abs() < 1e-12);
    }
}
