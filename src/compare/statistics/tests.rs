use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Normal};

use super::*;

/// Darwin's maize: by how many eighths of an inch the crossed plant of each pair was higher than the
/// self-fertilised one (Fisher, "The Design of Experiments", 1935, table 3).
const MAIZE: [f64; 15] =
    [49.0, -67.0, 8.0, 16.0, 6.0, 23.0, 28.0, 41.0, 14.0, 29.0, 56.0, 24.0, 75.0, 60.0, -48.0];

/// Pairs with these differences, all of the same mean.
fn pairs_apart(differences: &[f64]) -> Vec<(f64, f64)> {
    differences.iter().map(|by| (1_000.0 - by / 2.0, 1_000.0 + by / 2.0)).collect()
}

#[test]
fn darwins_maize_differs_as_fisher_counted() {
    // Of 32,768 ways, 863 come to 314 eighths or more, and as many to -314 or less (section 21).
    let p = sign_flip(&pairs_apart(&MAIZE));
    assert!((p - 1_726.0 / 32_768.0).abs() < 1e-12, "{p}");
}

#[test]
fn no_pairs_fall_below_the_smallest_probability() {
    for n in 1..=12 {
        let all_higher = vec![(1.0, 2.0); n];
        assert_eq!(sign_flip(&all_higher), smallest_of_pairs(n));
    }
    assert_eq!(smallest_of_pairs(12), 2.0 / 4_096.0);
    assert_eq!(sign_flip(&vec![(1.0, 2.0); 40]), smallest_of_pairs(40));
    assert_eq!(sign_flip(&[]), 1.0);
    assert_eq!(sign_flip(&[(0.0, 0.0), (3.0, 3.0)]), 1.0);
}

#[test]
fn signs_by_chance_agree_with_all_signs() {
    let pairs = pairs_apart(&MAIZE);
    // Pairs without a difference change no sum, and are too many for all signs to be tried.
    let padded: Vec<_> = pairs.iter().copied().chain([(1.0, 1.0); 10]).collect();
    let (exact, sampled) = (sign_flip(&pairs), sign_flip(&padded));
    // Three standard errors of 100,000 draws.
    assert!((exact - sampled).abs() < 3.0 * (exact / 100_000.0).sqrt(), "{exact} {sampled}");
    assert_eq!(sampled, sign_flip(&padded), "the same every time");
}

#[test]
fn ages_at_diagnosis_differ_as_scipy_says() {
    // The example of scipy.stats.mannwhitneyu: U = 17, p = 0.1111 exactly.
    let (male, female) = ([19.0, 22.0, 16.0, 29.0, 24.0], [20.0, 11.0, 17.0, 12.0]);
    let p = mann_whitney(&male, &female);
    assert!((p - 0.111_111_111_111).abs() < 1e-9, "{p}");
    assert_eq!(p, mann_whitney(&female, &male));
}

#[test]
fn no_sides_fall_below_the_smallest_probability() {
    for (n, m) in [(1, 1), (3, 3), (5, 8), (12, 12)] {
        let one: Vec<f64> = (0..n).map(f64::from).collect();
        let other: Vec<f64> = (100..100 + m).map(f64::from).collect();
        let p = mann_whitney(&one, &other);
        assert!((p - smallest_of_ranks(n as usize, m as usize)).abs() < 1e-12, "{n} {m}");
    }
}

#[test]
fn tables_of_critical_values_are_met() {
    // Two-sided, at 0.05 (Mann and Whitney's U as tabled by Siegel, 1956): with 5 and 5 runs U may be
    // at most 2, with 8 and 8 at most 13, with 12 and 12 at most 37.
    for (n, critical) in [(5, 2), (8, 13), (12, 37)] {
        assert!(probability_of(n, critical) <= 0.05, "{n}");
        assert!(probability_of(n, critical + 1) > 0.05, "{n}");
    }
}

/// The probability of two sides of `n` runs of which the first wins `u` of all comparisons.
fn probability_of(n: usize, u: usize) -> f64 {
    // The first side at the bottom wins none; each place that its runs move up wins one.
    let mut places: Vec<usize> = (0..n).collect();
    let mut left = u;
    for place in places.iter_mut().rev() {
        let up = left.min(n);
        *place += up;
        left -= up;
    }
    let rest = (0..2 * n).filter(|place| !places.contains(place));
    let as_values = |places: Vec<usize>| places.into_iter().map(|it| it as f64).collect::<Vec<_>>();
    let (one, other) = (as_values(places.clone()), as_values(rest.collect()));
    mann_whitney(&one, &other)
}

#[test]
fn a_family_is_corrected_as_r_does() {
    // p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")
    let adjusted = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
    }
    assert_eq!(holm(&[]), [0.0; 0]);
    assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
}

#[test]
fn what_comes_from_nothing_has_grown_without_bound() {
    assert_eq!(relative_change(0.0, 0.0), 0.0);
    assert_eq!(relative_change(0.0, 1e-9), f64::INFINITY);
    assert_eq!(relative_change(4.0, 5.0), 0.25);
    let spread = paired_spread(&[(0.0, 1.0), (0.0, 2.0), (0.0, 1.0)]).unwrap();
    assert!(spread.is_beyond(10.0) && !spread.is_within(10.0));
    assert_eq!(paired_spread(&[]), None);
    assert_eq!(unpaired_spread(&[1.0], &[]), None);
}

/// About normal, with a mean of nothing and a deviation of one: twelve uniform draws.
fn noise(chance: &mut ChaCha8Rng) -> f64 {
    (0..12).map(|_| chance.random::<f64>()).sum::<f64>() - 6.0
}

#[test]
fn intervals_hold_the_true_change_about_as_often_as_they_say() {
    let mut chance = ChaCha8Rng::seed_from_u64(11);
    let mut held = [0; 2];
    const TIMES: usize = 150;
    for _ in 0..TIMES {
        let pairs: Vec<(f64, f64)> = (0..12)
            .map(|_| (100.0 + 5.0 * noise(&mut chance), 110.0 + 5.0 * noise(&mut chance)))
            .collect();
        let (baseline, candidate): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
        let spreads = [paired_spread(&pairs), unpaired_spread(&baseline, &candidate)];
        for (held, spread) in held.iter_mut().zip(spreads) {
            let spread = spread.unwrap();
            *held += usize::from(spread.low <= 0.1 && 0.1 <= spread.high);
        }
    }
    // Percentiles of twelve runs are a little narrow: about 92 % is what they hold.
    for held in held {
        let share = held as f64 / TIMES as f64;
        assert!((0.88..=0.98).contains(&share), "{share}");
    }
}

#[test]
fn what_both_of_a_pair_met_cancels_out() {
    let mut chance = ChaCha8Rng::seed_from_u64(3);
    // A machine that is up to twice as slow from one pair to the next.
    let pairs: Vec<(f64, f64)> = (0..12)
        .map(|_| {
            let speed = 1.0 + chance.random::<f64>();
            (100.0 * speed, 110.0 * speed * (1.0 + 0.01 * noise(&mut chance)))
        })
        .collect();
    let (baseline, candidate): (Vec<f64>, Vec<f64>) = pairs.iter().copied().unzip();
    assert!(paired_spread(&pairs).unwrap().is_beyond(0.05));
    assert!(!unpaired_spread(&baseline, &candidate).unwrap().is_beyond(0.05));
    assert_eq!(sign_flip(&pairs), smallest_of_pairs(12));
    assert!(mann_whitney(&baseline, &candidate) > 0.05);
}

/// All ways to choose the first side of so many runs, looked at one by one.
fn counted_out(one: &[f64], other: &[f64]) -> f64 {
    let all = [one, other].concat();
    let wins = |chosen: u32| -> f64 {
        let mut wins = 0.0;
        for (i, x) in all.iter().enumerate().filter(|(i, _)| chosen >> i & 1 == 1) {
            for (j, y) in all.iter().enumerate().filter(|(j, _)| chosen >> j & 1 == 0) {
                debug_assert_ne!(i, j);
                wins += if x > y {
                    1.0
                } else if x == y {
                    0.5
                } else {
                    0.0
                };
            }
        }
        wins
    };
    let middle = (one.len() * other.len()) as f64 / 2.0;
    let observed = (wins((1 << one.len()) - 1) - middle).abs();
    let choices: Vec<u32> =
        (0..1_u32 << all.len()).filter(|it| it.count_ones() as usize == one.len()).collect();
    let far = choices.iter().filter(|&&chosen| (wins(chosen) - middle).abs() >= observed).count();
    far as f64 / choices.len() as f64
}

fn figures(n: std::ops::RangeInclusive<usize>) -> impl Strategy<Value = Vec<f64>> {
    // Few different ones, so that many are equal.
    prop::collection::vec((1..12_u32).prop_map(f64::from), n)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn ranks_are_dealt_as_when_counted_out(one in figures(1..=5), other in figures(1..=6)) {
        let (ours, counted) = (mann_whitney(&one, &other), counted_out(&one, &other));
        prop_assert!((ours - counted).abs() < 1e-12, "{ours} {counted}");
        let stretched = |side: &[f64]| side.iter().map(|x| x.powi(3)).collect::<Vec<_>>();
        prop_assert_eq!(ours, mann_whitney(&stretched(&one), &stretched(&other)));
    }

    #[test]
    fn signs_are_flipped_as_when_counted_out(one in figures(1..=9), other in figures(9..=9)) {
        let pairs: Vec<_> = one.into_iter().zip(other).collect();
        let n = pairs.len();
        let sum = |signs: u32| -> f64 {
            let apart = pairs.iter().enumerate().map(|(i, (x, y))| {
                let apart = (y - x) / (x + y) * 2.0;
                if signs >> i & 1 == 1 { -apart } else { apart }
            });
            apart.sum::<f64>().abs()
        };
        let far = (0..1_u32 << n).filter(|signs| sum(*signs) >= sum(0) - 1e-9).count();
        let counted = far as f64 / f64::from(1_u32 << n);
        let ours = sign_flip(&pairs);
        prop_assert!((ours - counted).abs() < 1e-12, "{ours} {counted}");
        let swapped: Vec<_> = pairs.iter().rev().map(|&(x, y)| (y, x)).collect();
        prop_assert!((ours - sign_flip(&swapped)).abs() < 1e-12);
    }

    #[test]
    fn corrected_probabilities_only_grow_and_keep_their_order(p in prop::collection::vec(0.0..1.0_f64, 0..9)) {
        let adjusted = holm(&p);
        for i in 0..p.len() {
            prop_assert!(adjusted[i] >= p[i] && adjusted[i] <= 1.0);
            for j in 0..p.len() {
                prop_assert!(p[i] > p[j] || adjusted[i] <= adjusted[j]);
            }
        }
    }

    #[test]
    fn an_interval_is_as_long_as_its_figures_say(one in figures(2..=9), by in 1..5_u32) {
        // The same times a number: no run differs from another in its change.
        let pairs: Vec<_> = one.iter().map(|&x| (x, x * f64::from(by))).collect();
        let spread = paired_spread(&pairs).unwrap();
        let expected = f64::from(by) - 1.0;
        for found in [spread.low, spread.change, spread.high] {
            prop_assert!((found - expected).abs() < 1e-9, "{spread:?}");
        }
        let spread = unpaired_spread(&one, &one).unwrap();
        prop_assert!(spread.low <= 0.0 && spread.change == 0.0 && spread.high >= 0.0);
    }
}

/// Of twelve pairs whose differences are normal, percentiles are as narrow as an interval by Student's t
/// would be with a quantile of 1.96 and the root of 11 / 12: 0.913 of them hold the truth.
#[test]
fn intervals_of_twelve_pairs_hold_the_true_change_as_often_as_is_said() {
    const SETS: u32 = 600;
    let mut chance = ChaCha8Rng::seed_from_u64(7);
    let differences = Normal::new(100.0, 50.0).unwrap();
    let holds = |_: &u32| {
        let drawn: Vec<f64> = (0..12).map(|_| differences.sample(&mut chance)).collect();
        let spread = paired_spread(&pairs_apart(&drawn)).unwrap();
        // 1,050 after 950.
        let truth = 100.0 / 950.0;
        (spread.low..=spread.high).contains(&truth)
    };
    let share = f64::from((0..SETS).filter(holds).count() as u32) / f64::from(SETS);
    // Three standard errors.
    assert!((share - 0.913).abs() < 3.0 * (0.913_f64 * 0.087 / f64::from(SETS)).sqrt(), "{share}");
}
