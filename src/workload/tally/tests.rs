use super::*;
use crate::model::Nanos;
use crate::model::Share;
use crate::theory::goodness::chi_squared;
use crate::workload::curve::Leg;
use crate::workload::popularity::ranked;
use crate::workload::{Arrival, Hotspot, Popularity, Profile, Zipf};

fn p_value(tally: &Tally) -> f64 {
    let sum: f64 = tally.classes.iter().map(|class| class.1).sum();
    assert!((sum - 1.0).abs() < 1e-9, "{tally:?}");
    chi_squared(&tally.classes).unwrap().p_value
}

#[test]
fn popularity_is_put_into_classes_of_about_equal_probability() {
    for popularity in [
        Popularity::Uniform,
        Popularity::Zipf(Zipf { exponent: 0.99 }),
        Popularity::Hotspot(Hotspot { keys: Share(0.01), requests: Share(0.9) }),
    ] {
        let ranked = ranked(&popularity, 10_000, 1).unwrap();
        let tally = Tally::popularity(&ranked, 0, |_| 0);
        assert!(
            (20..=64).contains(&tally.classes.len()),
            "{popularity:?}: {}",
            tally.classes.len()
        );
        let (last, others) = tally.classes.split_last().unwrap();
        // The most popular key may be more than a class's share by itself.
        let most = (1.0_f64 / 64.0).max(ranked[0].1) + 1.0 / 64.0;
        assert!(others.iter().all(|class| class.1 >= 1.0 / 64.0 && class.1 < most), "{others:?}");
        assert!(last.1 < most);
    }
}

#[test]
fn a_biased_sampler_is_found_out_and_a_fair_one_is_not() {
    let ranked = ranked(&Popularity::Uniform, 1_000, 1).unwrap();
    // Numbers that cycle through all keys have no chance in them at all, but they are uniform.
    let fair = Tally::popularity(&ranked, 100_000, |number| (number % 1_000) as u32);
    assert!(p_value(&fair) > 0.999);
    // One request in 49 that should go to the upper half goes to the lower one.
    let biased = Tally::popularity(&ranked, 1_000_000, |number| {
        let key = (number % 1_000) as u32;
        if key >= 500 && number % 49 == 0 { key - 500 } else { key }
    });
    assert!(p_value(&biased) < 1e-12, "{}", p_value(&biased));
}

#[test]
fn operations_that_are_not_in_their_shares_are_found_out() {
    let shares = [(Op::Read, 0.9), (Op::Update, 0.1), (Op::Insert, 0.0)];
    let one_in = |every: u64| {
        let draw = move |number| if number % every == 0 { Op::Update } else { Op::Read };
        Tally::operations(&shares, 100_000, draw)
    };
    assert!(p_value(&one_in(10)) > 0.999);
    assert!(p_value(&one_in(9)) < 1e-12);
    let impossible = Tally::operations(&shares, 1_000, |number| {
        if number == 7 {
            Op::Insert
        } else if number % 10 == 0 {
            Op::Update
        } else {
            Op::Read
        }
    });
    assert_eq!(p_value(&impossible), 0.0);
}

#[test]
fn gaps_that_are_not_exponential_are_found_out() {
    let curve =
        Curve::holding(&[Leg { from: 10.0, to: 5_000.0, lasts: Nanos::from_secs(20) }], 5_000.0);
    let arrivals = |arrival: &Arrival| Arrivals::new(arrival, Some(&curve), 4);
    let poisson = Arrival::Poisson(Profile::Rate(1.0));
    let even = Arrival::Even(Profile::Rate(1.0));
    let fair = Tally::gaps(&curve, arrivals(&poisson), 50_000).unwrap();
    assert_eq!(fair.classes.iter().map(|class| class.0).sum::<u64>(), 50_000);
    assert!(p_value(&fair) > 0.001, "{}", p_value(&fair));
    assert_eq!(p_value(&Tally::gaps(&curve, arrivals(&even), 50_000).unwrap()), 0.0);
    // The same times by another rate than that by which they were made.
    let other = Curve::holding(&[], 2_500.0);
    assert!(p_value(&Tally::gaps(&other, arrivals(&poisson), 50_000).unwrap()) < 1e-12);
    assert_eq!(Tally::gaps(&Curve::holding(&[], 2e6), arrivals(&poisson), 9), None);
}
