//! Where a series of figures has come to another level: the place at which the means before and after it
//! differ most, as measured by their standard error (Sen and Srivastava, "On tests for detecting change in
//! mean", 1975), and the same again in both parts. How often chance alone comes to as much is found out by
//! shuffling the figures (Antoch and Huskova, "Permutation tests in change point analysis", 2001), so no
//! distribution is assumed of them.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::median;

/// A series without any change is taken for one with a change this often.
const CHANCE: f64 = 0.01;
/// The fewest figures on either side of a change.
const LEVEL_MIN: usize = 3;
/// In fewer figures there is no change: even two plain levels come about by chance more often than that.
pub const SERIES_MIN: usize = 10;
/// With the order as it is, one of so many is a hundredth of ten.
const ORDERS: usize = 1_000;
/// A figure that is further from the median than so many times the median of all such distances counts
/// for no more than that: one outlier hides no change.
const DISTANCES_MAX: f64 = 5.0;
/// Two sums of the same figures in different orders are apart by no more than this share.
const ROUNDING: f64 = 1e-9;

/// The places, in order, at which another level begins.
pub fn change_points(values: &[f64]) -> Vec<usize> {
    let mut found = Vec::new();
    divide(values, 0, &mut found);
    found
}

fn divide(values: &[f64], first: usize, found: &mut Vec<usize>) {
    if let Some(place) = change(values) {
        divide(&values[..place], first, found);
        found.push(first + place);
        divide(&values[place..], first + place, found);
    }
}

/// The place at which the figures are divided best, if that is no chance.
fn change(values: &[f64]) -> Option<usize> {
    if values.len() < SERIES_MIN {
        return None;
    }
    let mut figures = centred(values);
    let (place, apart) = best(&figures)?;
    let mut chance = ChaCha8Rng::seed_from_u64(values.len() as u64);
    // No further than it takes to know that it is too many.
    let too_many = (CHANCE * ORDERS as f64) as usize;
    let mut as_far_apart = 1;
    for _ in 1..ORDERS {
        figures.shuffle(&mut chance);
        let is_as_far = |(_, other)| other >= apart * (1.0 - ROUNDING);
        as_far_apart += usize::from(best(&figures).is_some_and(is_as_far));
        if as_far_apart > too_many {
            return None;
        }
    }
    Some(place)
}

/// The figures without what is too far out, less their mean.
fn centred(values: &[f64]) -> Vec<f64> {
    let middle = median(values);
    let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    // Where most figures are equal, none of the others is far out.
    let far = match median(&distances) {
        0.0 => f64::INFINITY,
        distance => DISTANCES_MAX * distance,
    };
    let near: Vec<f64> = values.iter().map(|value| (value - middle).clamp(-far, far)).collect();
    let mean = near.iter().sum::<f64>() / near.len() as f64;
    near.iter().map(|value| value - mean).collect()
}

/// The first place at which the means of both sides are furthest apart, and how far that is: the square of
/// the standardised difference, but for a factor that is the same at every place and in every order.
fn best(figures: &[f64]) -> Option<(usize, f64)> {
    let all = figures.len();
    let (mut sum, mut best) = (0.0, None);
    for (place, figure) in (1..).zip(figures) {
        sum += figure;
        if place < LEVEL_MIN || place + LEVEL_MIN > all {
            continue;
        }
        let apart = sum * sum / (place * (all - place)) as f64;
        if best.is_none_or(|(_, most)| apart > most) {
            best = Some((place, apart));
        }
    }
    let nothing = figures.iter().all(|figure| *figure == 0.0);
    best.filter(|_| !nothing)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;

    /// Levels, each of so many figures, with noise of a deviation of about one.
    fn series(seed: u64, levels: &[(f64, usize)]) -> Vec<f64> {
        let mut chance = ChaCha8Rng::seed_from_u64(seed);
        let mut noise = || (0..12).map(|_| chance.random::<f64>()).sum::<f64>() - 6.0;
        let levels = levels.iter().flat_map(|(level, figures)| vec![*level; *figures]);
        levels.map(|level| level + noise()).collect()
    }

    #[test]
    fn where_nothing_changes_hardly_anything_is_found() {
        for length in [10, 20, 60, 200] {
            let found = (0..200)
                .filter(|&seed| !change_points(&series(seed, &[(100.0, length)])).is_empty());
            // One in a hundred is expected; ten of two hundred come about once in twenty thousand times.
            assert!(found.count() < 10, "{length}");
        }
    }

    #[test]
    fn a_shift_is_found_where_it_is() {
        for (before, after) in [(10, 10), (30, 5), (5, 30), (100, 60)] {
            let exact = (0..50).filter(|&seed| {
                let found = change_points(&series(seed, &[(100.0, before), (105.0, after)]));
                assert!(!found.is_empty(), "{before} {after} {seed}");
                found == [before]
            });
            assert!(exact.count() >= 45, "{before} {after}");
        }
    }

    #[test]
    fn three_figures_after_a_shift_are_enough_and_two_are_not() {
        let values: Vec<f64> = (0..20).map(|i| f64::from(i * 7 % 20)).collect();
        let with = |more: usize| [&values[..], &vec![50.0; more]].concat();
        assert_eq!(change_points(&with(3)), [20]);
        assert_eq!(change_points(&with(2)), [0; 0]);
        assert_eq!(change_points(&[1.0, 2.0, 3.0, 4.0, 15.0, 16.0, 17.0, 18.0, 19.0]), [0; 0]);
    }

    #[test]
    fn a_level_that_comes_and_goes_is_found_on_both_sides() {
        let near = |found: &[usize], planted: &[usize]| {
            found.len() == planted.len()
                && found.iter().zip(planted).all(|(one, other)| one.abs_diff(*other) <= 1)
        };
        let right = (0..50).filter(|&seed| {
            let levels = [(100.0, 20), (108.0, 20), (101.0, 20), (95.0, 20)];
            near(&change_points(&series(seed, &levels)), &[20, 40, 60])
        });
        assert!(right.count() >= 45);
    }

    #[test]
    fn one_outlier_is_no_level() {
        let mut values = series(4, &[(100.0, 30)]);
        values[17] = 1e9;
        assert_eq!(change_points(&values), [0; 0]);
        let mut shifted = series(4, &[(100.0, 20), (105.0, 10)]);
        shifted[5] = 1e9;
        assert_eq!(change_points(&shifted), [20], "nor does it hide one");
        assert_eq!(change_points(&[]), [0; 0]);
        assert_eq!(change_points(&[7.0; 50]), [0; 0]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(60))]

        #[test]
        fn places_are_apart_in_order_and_do_not_depend_on_the_unit(
            levels in prop::collection::vec((0..6_u32, 3..15_usize), 0..6),
            seed in 0..1_000_u64,
        ) {
            let levels: Vec<_> = levels.iter().map(|(it, n)| (f64::from(*it) * 4.0, *n)).collect();
            let values = series(seed, &levels);
            let found = change_points(&values);
            let ends = [&[0], &found[..], &[values.len()]].concat();
            prop_assert!(found.is_empty() || ends.windows(2).all(|it| it[0] + LEVEL_MIN <= it[1]));
            let in_another_unit: Vec<f64> = values.iter().map(|value| value * 1_024.0).collect();
            prop_assert_eq!(found, change_points(&in_another_unit));
        }
    }
}
