use super::*;
use crate::model::Nanos;
use crate::model::Share;
use crate::theory::goodness::chi_squared;
use crate::workload::arrival::Arrivals;
use crate::workload::curve::{Curve, Leg};
use crate::workload::popularity::chances;
use crate::workload::{Arrival, Hotspot, Popularity, Profile, Zipf};

fn p_value(tally: &Tally) -> f64 {
    let sum: f64 = tally.classes.iter().map(|class| class.1).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{tally:?}");
    chi_squared(&tally.classes).unwrap().p_value
}

fn by_rank(popularity: &Popularity, keys: u32, draws: impl IntoIterator<Item = u32>) -> Tally {
    let mut ranks = Ranks::of(chances(popularity, keys).unwrap());
    draws.into_iter().for_each(|rank| ranks.count(rank));
    ranks.tally()
}

fn of_operations(shares: &[(Op, f64)], draws: impl IntoIterator<Item = Op>) -> Tally {
    let mut operations = Operations::of(shares);
    draws.into_iter().for_each(|op| operations.count(op));
    operations.tally()
}

#[test]
fn popularity_is_put_into_classes_of_about_equal_probability() {
    for popularity in [
        Popularity::Uniform,
        Popularity::Zipf(Zipf { exponent: 0.99 }),
        Popularity::Hotspot(Hotspot { keys: Share(0.01), requests: Share(0.9) }),
    ] {
        let tally = by_rank(&popularity, 10_000, []);
        assert!(
            (20..=64).contains(&tally.classes.len()),
            "{popularity:?}: {}",
            tally.classes.len()
        );
        let (last, others) = tally.classes.split_last().unwrap();
        // The most popular key may be more than a class's share by itself.
        let first = chances(&popularity, 10_000).unwrap().next().unwrap();
        let most = (1.0_f64 / 64.0).max(first) + 1.0 / 64.0;
        assert!(others.iter().all(|class| class.1 >= 1.0 / 64.0 && class.1 < most), "{others:?}");
        assert!(last.1 < most);
    }
}

#[test]
fn a_biased_sampler_is_found_out_and_a_fair_one_is_not() {
    // Numbers that cycle through all keys have no chance in them at all, but they are uniform.
    let cycle = |number: u32| number % 1_000;
    let fair = by_rank(&Popularity::Uniform, 1_000, (0..100_000).map(cycle));
    assert!(p_value(&fair) > 0.999);
    // One request in 49 that should go to the upper half goes to the lower one.
    let biased = (0..1_000_000).map(|number| {
        let rank = cycle(number);
        if rank >= 500 && number % 49 == 0 { rank - 500 } else { rank }
    });
    let biased = by_rank(&Popularity::Uniform, 1_000, biased);
    assert!(p_value(&biased) < 1e-12, "{}", p_value(&biased));
}

#[test]
fn a_rank_is_counted_in_its_class() {
    let mut ranks = Ranks::of([0.5, 0.01, 0.01, 0.3, 0.18].into_iter());
    (0..5).for_each(|rank| ranks.count(rank));
    let classes = ranks.tally().classes;
    assert_eq!(classes.iter().map(|class| class.0).collect::<Vec<_>>(), [1, 2, 1, 1]);
}

#[test]
fn operations_that_are_not_in_their_shares_are_found_out() {
    let shares = [(Op::Read, 0.9), (Op::Update, 0.1), (Op::Insert, 0.0)];
    let one_in = |every: u64| {
        let draw = move |number| if number % every == 0 { Op::Update } else { Op::Read };
        of_operations(&shares, (0..100_000).map(draw))
    };
    assert!(p_value(&one_in(10)) > 0.999);
    assert!(p_value(&one_in(9)) < 1e-12);
    let impossible = (0..1_000).map(|number| match number {
        7 => Op::Insert,
        _ if number % 10 == 0 => Op::Update,
        _ => Op::Read,
    });
    let impossible = of_operations(&shares, impossible);
    assert_eq!(p_value(&impossible), 0.0);
}

fn of_gaps(curve: &Curve, arrivals: Arrivals) -> Tally {
    let mut gaps = Gaps::of(curve).unwrap();
    arrivals.take(50_000).for_each(|start| gaps.count(start));
    gaps.tally()
}

#[test]
fn gaps_that_are_not_exponential_are_found_out() {
    let curve =
        Curve::holding(&[Leg { from: 10.0, to: 5_000.0, lasts: Nanos::from_secs(20) }], 5_000.0);
    let arrivals = |arrival: &Arrival| Arrivals::new(arrival, Some(&curve), 4);
    let poisson = Arrival::Poisson(Profile::Rate(1.0));
    let even = Arrival::Even(Profile::Rate(1.0));
    let fair = of_gaps(&curve, arrivals(&poisson));
    assert_eq!(fair.classes.iter().map(|class| class.0).sum::<u64>(), 50_000);
    assert!(p_value(&fair) > 0.001, "{}", p_value(&fair));
    assert_eq!(p_value(&of_gaps(&curve, arrivals(&even))), 0.0);
    // The same times by another rate than that by which they were made.
    let other = Curve::holding(&[], 2_500.0);
    assert!(p_value(&of_gaps(&other, arrivals(&poisson))) < 1e-12);
    assert!(Gaps::of(&Curve::holding(&[], 2e6)).is_none());
}
