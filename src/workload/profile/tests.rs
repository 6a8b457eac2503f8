use super::*;

fn staircase(each: Option<Span>, order: StepOrder) -> Staircase {
    Staircase { rates: vec![100.0, 200.0, 300.0, 400.0], each, order }
}

#[test]
fn a_staircase_holds_each_rate_once_in_each_round() {
    let window = Nanos::from_secs(24);
    let steps = staircase(Some(Span::from_secs(2)), StepOrder::Shuffled).steps(window, 5);
    assert_eq!(steps.len(), 12);
    let mut orders = Vec::new();
    for round in steps.chunks(4) {
        let order: Vec<_> = round.iter().map(|step| step.rate).collect();
        let mut sorted = order.clone();
        sorted.sort_by(f64::total_cmp);
        assert_eq!(sorted, [100.0, 200.0, 300.0, 400.0]);
        orders.push(order);
    }
    assert!(orders[0] != orders[1] || orders[1] != orders[2], "{orders:?}");
    for (index, step) in steps.iter().enumerate() {
        let from = Nanos::from_secs(2 * index as u64);
        assert_eq!((step.from, step.to), (from, from + Nanos::from_secs(2)));
    }
}

#[test]
fn the_order_of_steps_is_fixed_by_the_seed_and_every_order_comes_up() {
    let order = |seed| {
        let steps = staircase(None, StepOrder::Shuffled).steps(Nanos::from_secs(8), seed);
        steps.iter().map(|step| step.rate as u64).collect::<Vec<_>>()
    };
    assert_eq!(order(1), order(1));
    let mut counts = std::collections::BTreeMap::new();
    for seed in 0..2_400 {
        *counts.entry(order(seed)).or_insert(0) += 1;
    }
    assert_eq!(counts.len(), 24);
    // 100 each, with a standard deviation of 10.
    assert!(counts.values().all(|count| (55..150).contains(count)), "{counts:?}");
}

#[test]
fn steps_fill_the_window_and_end_with_it() {
    let window = Nanos(10_000_000_001);
    let steps = staircase(None, StepOrder::AsGiven).steps(window, 1);
    let rates: Vec<_> = steps.iter().map(|step| step.rate).collect();
    assert_eq!(rates, [100.0, 200.0, 300.0, 400.0]);
    assert_eq!(steps[1].from, Nanos(2_500_000_000));
    assert_eq!(steps[3].to, window);
    let cut =
        staircase(Some(Span::from_secs(3)), StepOrder::AsGiven).steps(Nanos::from_secs(13), 1);
    assert_eq!(cut.len(), 5);
    assert_eq!((cut[4].rate, cut[4].to), (100.0, Nanos::from_secs(13)));
}

#[test]
fn the_warm_up_is_at_the_first_rate_and_does_not_move_what_is_measured() {
    let second = Nanos::from_secs(1);
    let profiles = [
        Profile::Ramp(Ramp { from: 100.0, to: 300.0, over: None }),
        Profile::Burst(Burst {
            base: 100.0,
            peak: 900.0,
            every: Span::from_secs(3),
            lasts: Span::from_secs(1),
        }),
        Profile::SquareWave(SquareWave {
            low: 100.0,
            high: 300.0,
            period: Span::from_secs(4),
            duty: Share(0.25),
        }),
        Profile::Staircase(staircase(None, StepOrder::AsGiven)),
    ];
    let window = Nanos::from_secs(12);
    for profile in profiles {
        let (cold, warm) =
            (profile.curve(Nanos::ZERO, window, 1), profile.curve(second, window, 1));
        assert_eq!(warm.count(second), 100.0, "{profile:?}");
        for tenth in 0..150 {
            let at = Nanos::from_millis(100 * tenth);
            let off = warm.count(second + at) - 100.0 - cold.count(at);
            assert!(off.abs() < 1e-9, "{profile:?}: {off} at {at}");
        }
    }
    let burst =
        Burst { base: 100.0, peak: 900.0, every: Span::from_secs(3), lasts: Span::from_secs(1) };
    let curve = Profile::Burst(burst).curve(second, window, 1);
    let rate = |from: u64| curve.mean_rate(Nanos::from_secs(from), Nanos::from_secs(from + 1));
    let rates: Vec<_> = (0..9).map(rate).collect();
    assert_eq!(rates, [100.0, 100.0, 100.0, 100.0, 900.0, 100.0, 100.0, 900.0, 100.0]);
}

#[test]
fn what_makes_no_load_is_named() {
    let span = Span::from_millis;
    let burst = |base, peak, every, lasts| {
        Profile::Burst(Burst { base, peak, every: span(every), lasts: span(lasts) })
    };
    let wave = |low, high, period, duty| {
        Profile::SquareWave(SquareWave { low, high, period: span(period), duty: Share(duty) })
    };
    let stairs = |rates: &[f64], each: Option<u64>| {
        let (rates, each) = (rates.to_vec(), each.map(span));
        Profile::Staircase(Staircase { rates, each, order: StepOrder::default() })
    };
    let ramp = |from, to, over: Option<u64>| Profile::Ramp(Ramp { from, to, over: over.map(span) });
    for (profile, keys) in [
        (Profile::Rate(0.0), &["rate"][..]),
        (Profile::Rate(f64::INFINITY), &["rate"]),
        (Profile::Rate(1e8), &["rate"]),
        (ramp(-1.0, 0.0, None), &["ramp.from", "ramp.to"]),
        (ramp(0.0, 1.0, Some(0)), &["ramp.over"]),
        (ramp(0.0, 1.0, None), &[]),
        (burst(5.0, 5.0, 100, 10), &["burst.peak"]),
        (burst(0.0, 5.0, 10, 10), &["burst.every"]),
        (burst(0.0, 5.0, 10, 0), &["burst.lasts"]),
        (wave(2.0, 1.0, 100, 0.5), &["square-wave.high"]),
        (wave(1.0, 2.0, 0, 0.5), &["square-wave.period"]),
        (wave(1.0, 2.0, 10, 0.0), &["square-wave.duty"]),
        (wave(1.0, 2.0, 10, 1.0), &["square-wave.duty"]),
        (stairs(&[5.0], None), &["staircase.rates"]),
        (stairs(&[5.0, 0.0], None), &["staircase.rates.1"]),
        (stairs(&[5.0, 6.0], Some(99)), &["staircase.each"]),
        (stairs(&[5.0, 6.0], Some(100)), &[]),
    ] {
        let found: Vec<_> = profile.flaws().into_iter().map(|flaw| flaw.key).collect();
        assert_eq!(found, keys, "{profile:?}");
    }
}
