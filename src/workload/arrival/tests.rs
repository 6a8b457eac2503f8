use proptest::prelude::*;

use super::*;
use crate::model::{Share, Span};
use crate::workload::{Burst, Closed, Profile, Ramp, SquareWave, Staircase, StepOrder};

const WARM_UP: Nanos = Nanos::from_secs(1);
const WINDOW: Nanos = Nanos::from_secs(12);

fn open(arrival: &Arrival, seed: u64) -> (Curve, Arrivals) {
    let curve = arrival.profile().unwrap().curve(WARM_UP, WINDOW, seed);
    (curve.clone(), Arrivals::new(arrival, Some(&curve), seed))
}

fn even(profile: Profile) -> Arrivals {
    open(&Arrival::Even(profile), 1).1
}

/// One profile of each kind, around 1,000 requests a second.
fn profiles() -> [Profile; 5] {
    [
        Profile::Rate(1_000.0),
        Profile::Ramp(Ramp { from: 0.0, to: 2_000.0, over: None }),
        Profile::Burst(Burst {
            base: 500.0,
            peak: 4_000.0,
            every: Span::from_secs(2),
            lasts: Span::from_millis(300),
        }),
        Profile::SquareWave(SquareWave {
            low: 0.0,
            high: 1_500.0,
            period: Span::from_secs(3),
            duty: Share(0.6),
        }),
        Profile::Staircase(Staircase {
            rates: vec![250.0, 1_000.0, 1_750.0],
            each: Some(Span::from_secs(2)),
            order: StepOrder::Shuffled,
        }),
    ]
}

#[test]
fn evenly_spaced_arrivals_do_not_drift() {
    let mut arrivals = even(Profile::Rate(3_000.0));
    assert_eq!(arrivals.next(), Some(Nanos(0)));
    assert_eq!(arrivals.next(), Some(Nanos(333_333)));
    assert_eq!(arrivals.nth(2_999_997), Some(Nanos::from_secs(1_000) - Nanos(333_333)));
}

#[test]
fn evenly_spaced_arrivals_of_a_square_wave_start_and_stop_to_the_nanosecond() {
    let wave = SquareWave { low: 0.0, high: 10.0, period: Span::from_secs(1), duty: Share(0.5) };
    let times: Vec<_> =
        even(Profile::SquareWave(wave)).take(12).map(|at| at.0 / 1_000_000).collect();
    // The first period begins with the window, and is low for half a second.
    let first = [1_500, 1_600, 1_700, 1_800, 1_900];
    assert_eq!(times[..5], first);
    assert_eq!(times[5..10], first.map(|at| at + 1_000));
    assert_eq!(times[10], 3_500);
}

#[test]
fn millions_of_gaps_add_up_without_a_drift() {
    // The last of two million, against a sum in twice the precision.
    let (curve, mut arrivals) = open(&Arrival::Poisson(Profile::Rate(1e6)), 3);
    let gaps = Draws::new(3, Axis::Gap);
    let (mut high, mut low) = (0.0_f64, 0.0_f64);
    let count = 2_000_000;
    for number in 0..count {
        // Knuth's exact sum of two numbers.
        let gap = -libm::log(positive_unit(gaps.at(number)));
        let sum = high + gap;
        let part = sum - high;
        low += (high - (sum - part)) + (gap - part);
        high = sum;
    }
    let last = arrivals.nth(count as usize - 1).unwrap();
    assert_eq!(last, curve.when(high + low));
}

proptest! {
    #[test]
    fn a_gap_is_cut_as_the_compiler_would(gap in 0.0..64.0_f64, shift in 0_i32..80) {
        for gap in [gap, gap * libm::exp2(f64::from(-shift)), gap.floor()] {
            prop_assert_eq!(in_units(gap), (gap * ONE) as u128, "{}", gap);
        }
    }

    #[test]
    fn a_sum_is_rounded_as_the_compiler_would(
        whole: u64, part: u64, shifts in (0_u32..=64, 0_u32..=64), ends in 0_u64..3,
    ) {
        let whole = whole.checked_shr(shifts.0).unwrap_or(0);
        // Few digits, or next to a half: there it shows how it is rounded.
        let part = part.checked_shl(shifts.1).unwrap_or(0);
        for part in [part, part.wrapping_add(ends), part.wrapping_sub(ends), ends] {
            let sum = u128::from(whole) << 64 | u128::from(part);
            prop_assert_eq!(to_float(sum), sum as f64 / ONE, "{:x}", sum);
        }
    }
}

#[test]
fn poisson_gaps_have_the_mean_and_the_variance_of_an_exponential_whatever_the_rate_does() {
    const COUNT: usize = 100_000;
    for profile in profiles() {
        let (curve, arrivals) = open(&Arrival::Poisson(profile.clone()), 7);
        let counts: Vec<f64> = arrivals.take(COUNT).map(|at| curve.count(at)).collect();
        let (mut sum, mut squares) = (0.0, 0.0);
        for gap in counts.windows(2).map(|pair| pair[1] - pair[0]) {
            sum += gap;
            squares += gap * gap;
        }
        let n = (COUNT - 1) as f64;
        let mean = sum / n;
        let variance = squares / n - mean * mean;
        // The standard errors of the two are 1 / sqrt(n) and sqrt(8 / n).
        assert!((mean - 1.0).abs() < 4.0 / n.sqrt(), "{profile:?}: mean {mean}");
        assert!(
            (variance - 1.0).abs() < 4.0 * (8.0 / n).sqrt(),
            "{profile:?}: variance {variance}"
        );
    }
}

#[test]
fn poisson_counts_in_equal_intervals_vary_as_much_as_is_expected_of_each() {
    for profile in profiles() {
        let (curve, _) = open(&Arrival::Poisson(profile.clone()), 11);
        let width = 13_000_000_u64;
        let mut dispersion = 0.0;
        let mut intervals = 0.0;
        for seed in 0..10 {
            let arrivals = Arrivals::new(&Arrival::Poisson(profile.clone()), Some(&curve), seed);
            let mut counts = vec![0.0_f64; 1_000];
            for time in arrivals {
                match counts.get_mut((time.0 / width) as usize) {
                    Some(count) => *count += 1.0,
                    None => break,
                }
            }
            for (index, count) in counts.iter().enumerate() {
                let from = Nanos(index as u64 * width);
                let expected = curve.count(from + Nanos(width)) - curve.count(from);
                // Where next to nothing is expected, a single request would weigh too much.
                if expected > 1.0 {
                    dispersion += (count - expected).powi(2) / expected;
                    intervals += 1.0;
                } else if expected == 0.0 {
                    assert_eq!(*count, 0.0, "{profile:?}: at {from}");
                }
            }
        }
        let dispersion = dispersion / intervals;
        // Each term has mean 1 and variance 2 + 1 / expected, which is at most 3.
        assert!(intervals > 4_000.0);
        assert!(
            (dispersion - 1.0).abs() < 4.0 * (3.0 / intervals).sqrt(),
            "{profile:?}: {dispersion}"
        );
    }
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let rate = 1.0..5_000.0_f64;
    let span = (1_u64..4_000).prop_map(Span::from_millis);
    prop_oneof![
        rate.clone().prop_map(Profile::Rate),
        (0.0..5_000.0, rate.clone(), prop::option::of(span.clone()))
            .prop_map(|(from, to, over)| Profile::Ramp(Ramp { from, to, over })),
        (0.0..500.0, 501.0..5_000.0, 300_u64..3_000, 1_u64..300).prop_map(
            |(base, peak, every, lasts)| {
                let (every, lasts) = (Span::from_millis(every), Span::from_millis(lasts));
                Profile::Burst(Burst { base, peak, every, lasts })
            }
        ),
        (0.0..500.0, 501.0..5_000.0, span, 0.01..0.99).prop_map(|(low, high, period, duty)| {
            Profile::SquareWave(SquareWave { low, high, period, duty: Share(duty) })
        }),
        (prop::collection::vec(rate, 2..7), prop::option::of(100_u64..3_000), any::<bool>())
            .prop_map(|(rates, each, is_shuffled)| Profile::Staircase(Staircase {
                rates,
                each: each.map(Span::from_millis),
                order: if is_shuffled { StepOrder::Shuffled } else { StepOrder::AsGiven },
            })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arrivals_are_sorted_and_as_many_as_the_integral_of_the_rate(
        profile in any_profile(), seed: u64, from in 0_u64..13_000, length in 1_u64..13_000,
    ) {
        prop_assert_eq!(profile.flaws(), []);
        let (from, to) = (Nanos::from_millis(from), Nanos::from_millis(from + length));
        let count = |arrivals: Arrivals| {
            let times: Vec<_> = arrivals.take_while(|at| *at < to).collect();
            assert!(times.is_sorted());
            times.iter().filter(|at| **at >= from).count() as f64
        };
        let (curve, arrivals) = open(&Arrival::Even(profile.clone()), seed);
        let expected = curve.count(to) - curve.count(from);
        // One more or less where the interval begins or ends between two.
        let even = count(arrivals);
        prop_assert!((even - expected).abs() <= 1.0 + 1e-6, "{} for {}", even, expected);
        let poisson = count(open(&Arrival::Poisson(profile), seed).1);
        let bound = 6.0 * expected.sqrt() + 6.0;
        prop_assert!((poisson - expected).abs() <= bound, "{} for {}", poisson, expected);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn requests_are_counted_as_if_one_by_one(
        profile in any_profile(), seed: u64, moment in 0_u64..15_000_000_000, nearby in 0_usize..5_000,
    ) {
        for arrival in [Arrival::Poisson(profile.clone()), Arrival::Even(profile)] {
            let (_, arrivals) = open(&arrival, seed);
            // Anywhere, and to the nanosecond where one starts.
            let start = arrivals.clone().nth(nearby).map_or(0, |start| start.0);
            for moment in [moment, start, start.saturating_sub(1), start + 1, 0].map(Nanos) {
                let expected = arrivals.clone().take_while(|due| *due < moment).count() as u64;
                prop_assert_eq!(arrivals.clone().count_before(moment), expected, "{}", moment);
            }
        }
    }
}

#[test]
fn millions_are_counted_without_adding_them_one_by_one() {
    let (_, arrivals) = open(&Arrival::Poisson(Profile::Rate(1e5)), 3);
    for second in 1..20 {
        let moment = Nanos::from_secs(second);
        let expected = arrivals.clone().take_while(|due| *due < moment).count() as u64;
        assert_eq!(arrivals.clone().count_before(moment), expected);
    }
}

#[test]
fn a_closed_loop_has_no_intended_starts() {
    let closed = Closed { clients: 5, think: Default::default() };
    let mut arrivals = Arrivals::new(&Arrival::Closed(closed), None, 1);
    assert_eq!(arrivals.next(), None);
    assert_eq!(arrivals.count_before(Nanos::NEVER), 0);
}
