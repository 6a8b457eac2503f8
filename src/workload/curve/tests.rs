use proptest::prelude::*;

use super::*;

/// A second at 100, a ramp to 500 within two seconds, and then again and again half a second of nothing
/// and half a second at 300.
fn curve() -> Curve {
    let second = Nanos::from_secs(1);
    let half = Nanos::from_millis(500);
    let ramp = Leg { from: 100.0, to: 500.0, lasts: Nanos::from_secs(2) };
    Curve::repeating(
        &[Leg::flat(100.0, second), ramp],
        &[Leg::flat(0.0, half), Leg::flat(300.0, half)],
    )
}

#[test]
fn the_count_is_the_integral_of_the_rate() {
    let curve = curve();
    for (millis, expected) in [
        (0, 0.0),
        (500, 50.0),
        (1_000, 100.0),
        // 100 a second and half of what 200 a second is more, for a second.
        (2_000, 100.0 + 100.0 + 100.0),
        (3_000, 700.0),
        (3_500, 700.0),
        (3_750, 775.0),
        (4_000, 850.0),
        (4_500, 850.0),
        (13_000, 700.0 + 10.0 * 150.0),
    ] {
        assert_eq!(curve.count(Nanos::from_millis(millis)), expected, "{millis} ms");
    }
    assert_eq!(curve.peak(), 500.0);
    assert_eq!(curve.mean_rate(Nanos::from_secs(1), Nanos::from_secs(3)), 300.0);
}

#[test]
fn the_time_of_a_count_is_when_the_next_request_begins_to_be_due() {
    let curve = curve();
    for (count, millis) in [
        (0.0, 0),
        (50.0, 500),
        (300.0, 2_000),
        (700.0, 3_500),
        (775.0, 3_750),
        (850.0, 4_500),
        (700.0 + 10.0 * 150.0, 13_500),
    ] {
        assert_eq!(curve.when(count), Nanos::from_millis(millis), "{count}");
    }
}

#[test]
fn count_and_time_are_the_inverse_of_each_other() {
    let curve = curve();
    for tenth in 0..100_000 {
        let count = f64::from(tenth) / 10.0;
        let back = curve.count(curve.when(count));
        // Half a nanosecond at 500 a second, and the last digits of the count.
        assert!((back - count).abs() < 3e-7, "{count} becomes {back}");
    }
}

#[test]
fn a_ramp_may_rise_from_nothing_and_fall_to_it() {
    let lasts = Nanos::from_secs(2);
    let rising = Curve::repeating(&[Leg { from: 0.0, to: 100.0, lasts }], &[]);
    assert_eq!(rising.when(0.0), Nanos::ZERO);
    assert_eq!(rising.when(25.0), Nanos::from_secs(1));
    assert_eq!(rising.when(100.0), Nanos::NEVER);
    let falling = Curve::repeating(&[Leg { from: 100.0, to: 0.0, lasts }], &[]);
    assert_eq!(falling.when(75.0), Nanos::from_secs(1));
    assert_eq!(falling.count(Nanos::from_secs(9)), 100.0);
}

proptest! {
    #[test]
    fn in_the_first_round_nothing_need_be_divided(count in 0.0..2_000.0) {
        for curve in [curve(), Curve::holding(&[], 3_000.0)] {
            if count >= curve.once.count {
                let (begins, left) = curve.any_round(count - curve.once.count);
                let expected = begins + curve.again.when(left);
                prop_assert_eq!(curve.when(count), expected, "{}", count);
            }
        }
    }
}
