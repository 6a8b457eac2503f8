//! How many store reads one expiry of a popular key causes, and what that makes of the hit ratio.

use super::{KeyRate, over_reads, until_event, weighted_mean};

/// Steps of the numerical integrals below; Simpson's rule is then exact to many more digits than any
/// run can show.
const STEPS: u32 = 200;

/// What keeps the readers of an expired entry from all loading it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Guard {
    None,
    /// One load at a time in each of so many nodes, among which reads are spread evenly.
    Coalesce {
        nodes: u32,
    },
    /// One load at a time altogether: a lock, a lease.
    One,
    /// Early recomputation with this beta.
    Early {
        beta: f64,
    },
}

/// What ends an entry.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Life {
    /// Seconds from its fill to its expiry.
    pub ttl: f64,
    /// Whether a write ends it before that.
    pub ends_on_write: bool,
}

impl Guard {
    /// Store reads for one expiry of a key that is read at rate `reads`, where a load takes `load`.
    pub fn loads(self, reads: f64, load: f64) -> f64 {
        match self {
            Self::None => unguarded(reads, load),
            Self::Coalesce { nodes } => coalesced(reads, load, nodes),
            Self::One => 1.0,
            Self::Early { beta } => early_at_rate(reads, load, beta),
        }
    }

    /// How long after the first load the last one starts that the same expiry causes, on average.
    /// Its fill restarts the TTL. Left out for early recomputation.
    fn last_load(self, reads: f64, load: f64) -> f64 {
        match self {
            Self::None => load - until_event(reads, load),
            Self::Coalesce { nodes } => last_coalesced_load(reads, load, nodes),
            Self::One | Self::Early { .. } => 0.0,
        }
    }
}

impl Life {
    fn mean(self, rate: KeyRate) -> f64 {
        if self.ends_on_write { until_event(rate.writes, self.ttl) } else { self.ttl }
    }

    /// From one expiry to the next: the loads, the life that the last of them starts, and the wait
    /// for a read.
    fn cycle(self, rate: KeyRate, load: f64, guard: Guard) -> f64 {
        load + guard.last_load(rate.reads, load) + self.mean(rate) + 1.0 / rate.reads
    }
}

/// Store reads for one expiry over all keys, each weighing as much as it expires often.
///
/// Where writes end entries this is approximate, as
/// [`delete_on_write_with_load`](super::hit_ratio::delete_on_write_with_load) is.
pub fn loads_per_expiry(rates: &[KeyRate], life: Life, load: f64, guard: Guard) -> f64 {
    let expiries = |rate: KeyRate| match rate.reads > 0.0 {
        true => 1.0 / life.cycle(rate, load, guard),
        false => 0.0,
    };
    weighted_mean(rates, expiries, |rate| guard.loads(rate.reads, load))
}

/// The hit ratio where a load takes `load`: of the `1 + r (C - 1 / r)` reads of a cycle `C`, those
/// that load miss. Who waits for another's load is answered without the store, and hits.
///
/// Without a guard this is [`ttl_with_load`](super::hit_ratio::ttl_with_load). For early
/// recomputation it is not known whether the reader who loads is answered from the old entry.
pub fn hit_ratio(rates: &[KeyRate], life: Life, load: f64, guard: Guard) -> f64 {
    over_reads(rates, |rate| {
        1.0 - guard.loads(rate.reads, load) / (rate.reads * life.cycle(rate, load, guard))
    })
}

/// Without a guard: `1 + rD`, the first miss and every read until its load of `load` seconds has
/// filled the entry. `reads` is the key's rate.
pub fn unguarded(reads: f64, load: f64) -> f64 {
    1.0 + reads * load
}

/// With one load at a time in each of `nodes` nodes, among which reads are spread evenly:
/// `1 + (n - 1)(1 - e^(-rD / n))`, the first node's load and one of each node that has a read
/// before the entry is filled.
pub fn coalesced(reads: f64, load: f64, nodes: u32) -> f64 {
    let nodes = f64::from(nodes);
    1.0 + (nodes - 1.0) * -libm::expm1(-reads * load / nodes)
}

/// With early recomputation (XFetch; Vattani, Chierichetti and Lowenstein, "Optimal probabilistic
/// cache stampede prevention", 2015): `e^(1 / beta)` store reads for one refresh, whatever the
/// load takes, for keys with `r beta D` well above 1.
///
/// A read that comes `s` before the expiry recomputes with chance `e^(-s / (beta D))`. What is
/// expected to come after the first recomputation is exponential with mean 1, and the load, during
/// which others start, lengthens it by the factor `e^(1 / beta)`.
pub fn early(beta: f64) -> f64 {
    libm::exp(1.0 / beta)
}

/// The same for a key that is read at any rate: [`early`] where it is read often, [`unguarded`]
/// where it is so rarely read that nobody comes early.
///
/// Recomputations come at a rate whose integral up to `s` before the expiry is `K e^(-s / (beta D))`
/// with `K = r beta D`, and grows by `r` a second after the expiry. In that integral the first of
/// them comes at `X`, exponential with mean 1; expected after it, within `D`, is by how much the
/// integral grows in `D`: `X (e^(1/beta) - 1)` where that ends before the expiry, `rD` where the
/// first comes after it, and `K + K ln(X / K) + rD - X` in between.
pub fn early_at_rate(reads: f64, load: f64, beta: f64) -> f64 {
    let by_expiry = reads * beta * load;
    if by_expiry <= 0.0 {
        return 1.0;
    }
    let within = reads * load;
    let early_enough = by_expiry * libm::exp(-1.0 / beta);
    let before = (early(beta) - 1.0) * (1.0 - (1.0 + early_enough) * libm::exp(-early_enough));
    let across = integral(early_enough, by_expiry.min(early_enough + 60.0), |first| {
        let growth = by_expiry + by_expiry * libm::log(first / by_expiry) + within - first;
        growth * libm::exp(-first)
    });
    1.0 + before + across + within * libm::exp(-by_expiry)
}

/// When the last of the nodes other than the first starts to load, if any does before the entry is
/// filled: `integral over (0, D) of 1 - (1 - e^(-qs) + e^(-qD))^(n - 1)` with `q = r / n`.
fn last_coalesced_load(reads: f64, load: f64, nodes: u32) -> f64 {
    let rate = reads / f64::from(nodes);
    let none_in_time = libm::exp(-rate * load);
    integral(0.0, load, |time| {
        let not_later = 1.0 - libm::exp(-rate * time) + none_in_time;
        1.0 - libm::pow(not_later, f64::from(nodes) - 1.0)
    })
}

/// By Simpson's rule.
fn integral(from: f64, to: f64, value: impl Fn(f64) -> f64) -> f64 {
    let step = (to - from) / f64::from(STEPS);
    let weight = |index| match index {
        0 | STEPS => 1.0,
        odd if odd % 2 == 1 => 4.0,
        _ => 2.0,
    };
    let sum: f64 =
        (0..=STEPS).map(|index| weight(index) * value(from + step * f64::from(index))).sum();
    sum * step / 3.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::hit_ratio;
    use crate::theory::simulation::{Chance, assert_agrees};

    const RATES: [KeyRate; 3] =
        [KeyRate::new(60.0, 0.0), KeyRate::new(8.0, 0.0), KeyRate::new(0.7, 0.0)];
    const LIFE: Life = Life { ttl: 1.5, ends_on_write: false };

    /// Reads, loads and expiries of one key. A node that is loading starts no second load.
    fn play(chance: &mut Chance, rate: KeyRate, load: f64, nodes: Option<usize>) -> [f64; 3] {
        let [mut reads, mut loads, mut expiries] = [0.0; 3];
        let mut expires = f64::NEG_INFINITY;
        // The end of each load under way, and its node.
        let mut loading: Vec<(f64, usize)> = Vec::new();
        for time in chance.events(rate.reads, 3_000.0) {
            for &(end, _) in loading.iter().filter(|(end, _)| *end <= time) {
                expires = f64::max(expires, end + LIFE.ttl);
            }
            loading.retain(|(end, _)| *end > time);
            reads += 1.0;
            if time < expires {
                continue;
            }
            let node = nodes.map(|nodes| (chance.unit() * nodes as f64) as usize % nodes);
            if node.is_some_and(|node| loading.iter().any(|&(_, other)| other == node)) {
                continue;
            }
            expiries += f64::from(u8::from(loading.is_empty()));
            loads += 1.0;
            loading.push((time + load, node.unwrap_or_default()));
        }
        [reads, loads, expiries]
    }

    #[test]
    fn loads_and_hits_over_keys_of_any_popularity_agree_with_simulation() {
        let load = 0.08;
        for (guard, nodes) in [
            (Guard::None, None),
            (Guard::One, Some(1)),
            (Guard::Coalesce { nodes: 1 }, Some(1)),
            (Guard::Coalesce { nodes: 4 }, Some(4)),
        ] {
            let sum = |chance: &mut Chance| {
                let runs = RATES.map(|rate| play(chance, rate, load, nodes));
                runs.iter().fold([0.0; 3], |sum, run| [0, 1, 2].map(|at| sum[at] + run[at]))
            };
            assert_agrees(loads_per_expiry(&RATES, LIFE, load, guard), |chance| {
                let [_, loads, expiries] = sum(chance);
                (loads, expiries)
            });
            assert_agrees(hit_ratio(&RATES, LIFE, load, guard), |chance| {
                let [reads, loads, _] = sum(chance);
                (reads - loads, reads)
            });
        }
    }

    #[test]
    fn without_a_guard_the_hit_ratio_is_that_of_plain_expiry() {
        let near = |one: f64, other: f64| assert!((one - other).abs() < 1e-12, "{one} {other}");
        let plain = hit_ratio::ttl_with_load(&RATES, LIFE.ttl, 0.3);
        near(hit_ratio(&RATES, LIFE, 0.3, Guard::None), plain);
        let written = [KeyRate::new(9.0, 0.4), KeyRate::new(0.5, 2.0)];
        let life = Life { ends_on_write: true, ..LIFE };
        let plain = hit_ratio::delete_on_write_with_load(&written, Some(LIFE.ttl), 0.3);
        near(hit_ratio(&written, life, 0.3, Guard::None), plain);
    }

    #[test]
    fn early_recomputation_at_any_rate_agrees_with_simulation() {
        let (load, ttl) = (0.1, 3.0);
        for (reads, beta) in [(400.0, 1.0), (30.0, 1.0), (5.0, 2.0), (12.0, 0.5)] {
            assert_agrees(early_at_rate(reads, load, beta), |chance| {
                let (mut loads, mut refreshes) = (0.0, 0.0);
                for _ in 0..120 {
                    let mut first = f64::INFINITY;
                    for time in chance.events(reads, 2.0 * ttl) {
                        if time > first + load {
                            break;
                        }
                        if time - load * beta * chance.unit().ln() >= ttl {
                            first = first.min(time);
                            loads += 1.0;
                        }
                    }
                    refreshes += 1.0;
                }
                (loads, refreshes)
            });
        }
        assert!((early_at_rate(1e6, 0.1, 1.0) - early(1.0)).abs() < 1e-9);
        assert!((early_at_rate(1e-3, 0.1, 1.0) - unguarded(1e-3, 0.1)).abs() < 1e-7);
    }

    #[test]
    fn an_unguarded_stampede_agrees_with_simulation() {
        let (reads, load) = (200.0, 0.05);
        assert_agrees(unguarded(reads, load), |chance| {
            let loads: usize = (0..200).map(|_| 1 + chance.events(reads, load).len()).sum();
            (loads as f64, 200.0)
        });
    }

    #[test]
    fn coalescing_agrees_with_simulation() {
        let (reads, load, nodes) = (100.0, 0.05, 8);
        assert_agrees(coalesced(reads, load, nodes), |chance| {
            let mut loads = 0.0;
            for _ in 0..300 {
                let mut loading = [false; 8];
                loading[0] = true;
                for _ in chance.events(reads, load) {
                    loading[(chance.unit() * 8.0) as usize % 8] = true;
                }
                loads += loading.iter().filter(|&&loads| loads).count() as f64;
            }
            (loads, 300.0)
        });
    }

    #[test]
    fn early_recomputation_agrees_with_simulation() {
        for beta in [0.7, 1.0, 2.0] {
            let (reads, load, ttl) = (400.0, 0.1, 2.0);
            assert_agrees(early(beta), |chance| {
                let (mut loads, mut refreshes) = (0.0, 0.0);
                for _ in 0..80 {
                    let mut first = f64::INFINITY;
                    for time in chance.events(reads, ttl) {
                        if time > first + load {
                            break;
                        }
                        if time - load * beta * chance.unit().ln() >= ttl {
                            first = first.min(time);
                            loads += 1.0;
                        }
                    }
                    refreshes += 1.0;
                }
                (loads, refreshes)
            });
        }
    }

    #[test]
    fn limits_are_what_they_must_be() {
        assert_eq!(unguarded(100.0, 0.0), 1.0);
        assert_eq!(coalesced(100.0, 1.0, 1), 1.0);
        assert!((coalesced(1e9, 1.0, 7) - 7.0).abs() < 1e-9);
        // With a node for every read, coalescing helps nobody.
        assert!((coalesced(50.0, 1.0, u32::MAX) - unguarded(50.0, 1.0)).abs() < 1e-5);
        assert!((early(1e9) - 1.0).abs() < 1e-8);
    }
}
