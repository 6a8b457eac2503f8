//! The hit ratio of a cache that holds `capacity` entries and evicts when it is full.
//!
//! Both forms rest on Che's approximation: in a large cache every entry stays for about the same
//! time `t` (counted in requests) after it was last renewed, where `t` is such that the expected
//! number of entries is the capacity.

/// Least recently used: `t` solves `sum(1 - e^(-p t)) = C`, and a read hits with chance
/// `sum p (1 - e^(-p t))` (Che, Tung and Wang, "Hierarchical Web caching systems", 2002).
///
/// `popularity` holds each key's probability. The form is for independent reads, without writes
/// or expiry; it is within a fraction of a per cent from some hundred entries on.
pub fn lru(popularity: &[f64], capacity: u64) -> f64 {
    hit_ratio(popularity, capacity, recently_used)
}

/// How many requests an entry stays after it was last renewed, under LRU: the `t` of [`lru`]. So many
/// fill an empty cache, and decide what is in it. Infinite where all keys that are asked for fit.
pub fn lru_stay(popularity: &[f64], capacity: u64) -> f64 {
    let asked_for = popularity.iter().filter(|&&chance| chance > 0.0).count() as u64;
    if capacity >= asked_for {
        return f64::INFINITY;
    }
    characteristic_time(popularity, capacity as f64, &recently_used)
}

/// Random eviction, or first in first out: `t` solves `sum(p t / (1 + p t)) = C`, and a read hits
/// with chance `sum p p t / (1 + p t)` (Gelenbe, "A unified approach to the evaluation of a class
/// of replacement algorithms", 1973; Fricker, Robert and Roberts, "A versatile and accurate
/// approximation for LRU cache performance", 2012).
pub fn random(popularity: &[f64], capacity: u64) -> f64 {
    hit_ratio(popularity, capacity, |load| Occupancy {
        present: load / (1.0 + load),
        slope: 1.0 / ((1.0 + load) * (1.0 + load)),
    })
}

/// The chance that a key is in the cache, and its derivative, at load `p t`.
struct Occupancy {
    present: f64,
    slope: f64,
}

/// The last renewal is less than the characteristic time ago.
fn recently_used(load: f64) -> Occupancy {
    Occupancy { present: -libm::expm1(-load), slope: libm::exp(-load) }
}

fn hit_ratio(popularity: &[f64], capacity: u64, occupancy: impl Fn(f64) -> Occupancy) -> f64 {
    let total: f64 = popularity.iter().sum();
    let asked_for = popularity.iter().filter(|&&chance| chance > 0.0).count() as u64;
    if capacity >= asked_for {
        return if asked_for > 0 { 1.0 } else { 0.0 };
    }
    let stay = characteristic_time(popularity, capacity as f64, &occupancy);
    popularity.iter().map(|&chance| chance * occupancy(chance * stay).present).sum::<f64>() / total
}

/// Newton's method from 0. The expected number of entries is concave in the time, so every step
/// falls short of the solution and the steps converge from below.
fn characteristic_time(
    popularity: &[f64],
    capacity: f64,
    occupancy: &impl Fn(f64) -> Occupancy,
) -> f64 {
    let mut stay = 0.0;
    for _ in 0..200 {
        let (mut entries, mut slope) = (0.0, 0.0);
        for &chance in popularity {
            let key = occupancy(chance * stay);
            entries += key.present;
            slope += chance * key.slope;
        }
        let step = (capacity - entries) / slope;
        stay += step;
        if step <= stay * 1e-12 {
            break;
        }
    }
    stay
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::simulation::{Chance, assert_agrees};

    fn zipf(keys: u32, exponent: f64) -> Vec<f64> {
        let weights: Vec<f64> = (1..=keys).map(|rank| f64::from(rank).powf(-exponent)).collect();
        let total: f64 = weights.iter().sum();
        weights.into_iter().map(|weight| weight / total).collect()
    }

    /// Reads of a cache that is full and settled: hits and reads. `victim` chooses whom to evict
    /// from entries that are kept in the order of their last renewal.
    fn play(chance: &mut Chance, popularity: &[f64], capacity: usize, is_lru: bool) -> (f64, f64) {
        let cumulative: Vec<f64> = popularity
            .iter()
            .scan(0.0, |sum, chance| {
                *sum += chance;
                Some(*sum)
            })
            .collect();
        let mut entries: Vec<usize> = Vec::new();
        let (mut hits, mut reads) = (0.0, 0.0);
        for number in 0..6_000 {
            let draw = chance.unit();
            let key = cumulative.partition_point(|&sum| sum < draw).min(popularity.len() - 1);
            let place = entries.iter().position(|&entry| entry == key);
            if number >= 3_000 {
                reads += 1.0;
                hits += f64::from(u8::from(place.is_some()));
            }
            match place {
                Some(place) if is_lru => {
                    entries.remove(place);
                    entries.push(key);
                }
                Some(_) => {}
                None => {
                    if entries.len() == capacity {
                        let victim = (chance.unit() * capacity as f64) as usize % capacity;
                        entries.remove(if is_lru { 0 } else { victim });
                    }
                    entries.push(key);
                }
            }
        }
        (hits, reads)
    }

    #[test]
    fn evictions_agree_with_simulation() {
        let popularity = zipf(600, 0.9);
        assert_agrees(lru(&popularity, 150), |chance| play(chance, &popularity, 150, true));
        assert_agrees(random(&popularity, 150), |chance| play(chance, &popularity, 150, false));
    }

    #[test]
    fn equal_keys_hit_by_the_share_that_fits() {
        for form in [lru, random] {
            assert!((form(&[0.01; 100], 37) - 0.37).abs() < 1e-9);
            assert_eq!(form(&[0.01; 100], 100), 1.0);
            assert_eq!(form(&[0.01; 100], 0), 0.0);
            assert_eq!(form(&[], 10), 0.0);
        }
    }

    #[test]
    fn a_stay_is_as_many_requests_as_fill_the_cache() {
        // Of 100 equal keys, 1 - (1 - 1 / 100)^t = 1 / 2 have been asked for after 69 requests.
        let stay = lru_stay(&[0.01; 100], 50);
        assert!((stay - 100.0 * std::f64::consts::LN_2).abs() < 1e-6, "{stay}");
        assert_eq!(lru_stay(&[0.01; 100], 100), f64::INFINITY);
    }

    #[test]
    fn keys_that_nobody_asks_for_change_nothing() {
        let mut popularity = zipf(300, 1.0);
        let alone = lru(&popularity, 50);
        popularity.extend([0.0; 500]);
        assert_eq!(lru(&popularity, 50), alone);
    }

    #[test]
    fn lru_beats_random_and_both_grow_with_the_capacity() {
        let popularity = zipf(5_000, 1.1);
        let mut before = 0.0;
        for capacity in [1, 10, 100, 1_000, 4_999] {
            let hits = lru(&popularity, capacity);
            assert!(hits > before && hits >= random(&popularity, capacity), "{capacity}");
            before = hits;
        }
    }
}
