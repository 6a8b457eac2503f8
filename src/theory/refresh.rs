//! Strategies that replace an entry before, or after, it is out of date, without a reader waiting.
//!
//! In all of them a fill starts a cycle that ends with the first read past some age: that read
//! comes one mean gap, `1 / r`, after that age.

use super::{KeyRate, over_reads};

/// Store reads a second, over all keys, of refresh-ahead at `factor` of the `ttl`:
/// `1 / (f T + 1 / r)` for a key that is read at rate `r`.
pub fn ahead_store_rate(rates: &[KeyRate], ttl: f64, factor: f64) -> f64 {
    rates.iter().map(|rate| rate.reads / (1.0 + rate.reads * factor * ttl)).sum()
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
        assert_agrees(ahead_store_rate(&RATES, ttl, factor), |chance| {
            let [_, misses, late] = play(chance, factor * ttl, ttl, 3_000.0);
            (misses + late, 3_000.0)
        });
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
