use proptest::prelude::*;

use super::*;
use crate::model::Share;
use crate::workload::Zipf;

fn sampler(popularity: &Popularity, keys: u32, seed: u64) -> Sampler {
    Sampler::new(popularity, keys, seed, None).unwrap()
}

fn probabilities(popularity: &Popularity, keys: u32, seed: u64) -> Vec<f64> {
    sampler(popularity, keys, seed).probabilities(popularity).unwrap()
}

fn zipf(exponent: f64) -> Popularity {
    Popularity::Zipf(Zipf { exponent })
}

/// Pearson's statistic over keys that are expected at least five times, the others in one cell;
/// returned in standard deviations above its mean.
fn chi_square_excess(counts: &[u64], expected: &[f64]) -> f64 {
    let (mut statistic, mut cells) = (0.0, 0.0);
    let (mut rest_count, mut rest_expected) = (0.0, 0.0);
    let mut add = |count: f64, expected: f64| {
        statistic += (count - expected) * (count - expected) / expected;
        cells += 1.0;
    };
    for (&count, &expected) in counts.iter().zip(expected) {
        if expected >= 5.0 {
            add(count as f64, expected);
        } else {
            rest_count += count as f64;
            rest_expected += expected;
        }
    }
    if rest_expected > 0.0 {
        add(rest_count, rest_expected);
    }
    let freedom: f64 = cells - 1.0;
    (statistic - freedom) / (2.0 * freedom).sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn zipf_has_its_exact_probabilities(exponent in 0.0..3.0, keys in 1_u32..3_000, seed: u64) {
        let mut chances = probabilities(&zipf(exponent), keys, seed);
        chances.sort_by(|a, b| b.total_cmp(a));
        let total: f64 = (1..=keys).map(|rank| f64::from(rank).powf(-exponent)).sum();
        for (rank, chance) in (1..).zip(chances) {
            let exact = f64::from(rank).powf(-exponent) / total;
            prop_assert!((chance - exact).abs() < 1e-12, "rank {rank}: {chance} for {exact}");
        }
    }

    #[test]
    fn every_law_keeps_to_the_keys_there_are(
        keys in 1_u32..50, number: u64, hot in 0.0..=1.0, requests in 0.0..=1.0
    ) {
        let (hot, requests) = (Share(hot), Share(requests));
        for popularity in [
            Popularity::Uniform,
            zipf(1.0),
            Popularity::Hotspot(Hotspot { keys: hot, requests }),
            Popularity::Latest(Latest { exponent: 0.9, every: 3 }),
        ] {
            prop_assert!(sampler(&popularity, keys, 5).key(number) < keys);
        }
    }
}

#[test]
fn drawn_frequencies_fit_the_probabilities() {
    let hotspot = Hotspot { keys: Share(0.1), requests: Share(0.8) };
    for popularity in
        [Popularity::Uniform, zipf(0.5), zipf(0.99), zipf(1.5), Popularity::Hotspot(hotspot)]
    {
        let sampler = sampler(&popularity, 1_000, 42);
        let mut counts = vec![0; 1_000];
        for number in 0..200_000 {
            counts[sampler.key(number) as usize] += 1;
        }
        let chances = sampler.probabilities(&popularity).unwrap();
        let expected: Vec<f64> = chances.iter().map(|chance| chance * 200_000.0).collect();
        let excess = chi_square_excess(&counts, &expected);
        assert!(excess.abs() < 4.0, "{popularity:?}: {excess} standard deviations");
    }
}

#[test]
fn the_top_of_a_thousand_keys_gets_its_true_share() {
    let chances = probabilities(&zipf(0.99), 1_000, 1);
    let top = chances.iter().copied().fold(0.0, f64::max);
    assert!((top - 0.129).abs() < 0.001, "{top}");
}

#[test]
fn a_hotspot_splits_requests_as_asked() {
    let hotspot = Hotspot { keys: Share(0.2), requests: Share(0.9) };
    let mut chances = probabilities(&Popularity::Hotspot(hotspot), 50, 3);
    chances.sort_by(|a, b| b.total_cmp(a));
    assert!((chances[..10].iter().sum::<f64>() - 0.9).abs() < 1e-12);
    assert!((chances[0] - chances[9]).abs() < 1e-12);
    assert!((chances[10] - chances[49]).abs() < 1e-12);
}

#[test]
fn the_latest_key_moves_on_and_stays_the_most_asked_for() {
    let popularity = Popularity::Latest(Latest { exponent: 1.2, every: 1_000 });
    let sampler = sampler(&popularity, 100, 9);
    assert!(sampler.probabilities(&popularity).is_none());
    for head in [0_u32, 7, 99, 100] {
        let mut counts = [0; 100];
        for number in 0..1_000 {
            counts[sampler.key(u64::from(head) * 1_000 + number) as usize] += 1;
        }
        let most = (0..100).max_by_key(|&key| counts[key as usize]).unwrap();
        assert_eq!(most, head % 100);
    }
}

#[test]
fn options_out_of_their_range_are_named() {
    let error = Sampler::new(&zipf(-0.5), 10, 1, None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`workload.popularity.zipf.exponent` must be a number from 0 upwards"
    );
    let latest = Popularity::Latest(Latest { exponent: 1.0, every: 0 });
    assert!(Sampler::new(&latest, 10, 1, None).is_err());
}

#[test]
fn the_weight_of_a_rank_is_its_power() {
    for exponent in [0.0, 0.5, 0.99, 1.0, 2.5] {
        for (rank, weight) in (1..).zip(weights(100_000, exponent)) {
            let expected = libm::pow(f64::from(rank), -exponent);
            assert!((weight / expected - 1.0).abs() < 1e-14, "{exponent}, {rank}: {weight}");
        }
    }
    assert_eq!(weights(5, 1e300), [1.0, 0.0, 0.0, 0.0, 0.0]);
}
