use super::course::Crossing;
use super::*;
use crate::record::Host;
use crate::record::Server;
use crate::record::sweep::{Scale, Unit};

/// A sweep of read p99s in milliseconds: a row for each strategy, a column for each point.
fn made(values: &[f64], strategies: &[(&str, &[f64])]) -> Sweep {
    let text = "question = \"?\"\n[dataset]\nentity = \"product\"\nkeys = 10\n[workload]\n\
                reads = 0.9\npopularity = \"uniform\"\narrival = { poisson = { rate = 1 } }\n\
                duration = \"1s\"\n[strategies]\nno-cache = {}\n";
    let points = values.iter().enumerate().map(|(index, &value)| {
        let measured = strategies.iter().map(|(label, figures)| Measured {
            label: (*label).into(),
            strategy: (*label).into(),
            twin_of: None,
            standing: Standing::Ok,
            measures: vec![measure(Metric::ReadP99, figures[index] * 1e6)],
        });
        Point {
            value,
            written: format!("{value}"),
            plan: String::new(),
            record: String::new(),
            standing: Standing::Ok,
            troubles: Vec::new(),
            warnings: Vec::new(),
            strategies: measured.collect(),
        }
    });
    let points: Vec<_> = points.collect();
    Sweep {
        kind: KIND.into(),
        format: FORMAT,
        tool: String::new(),
        name: "tiny".into(),
        started: String::new(),
        took: Nanos::ZERO,
        host: Host::default(),
        scenario: toml::from_str(text).unwrap(),
        source: text.into(),
        varied: Varied {
            option: "nodes".into(),
            argument: String::new(),
            unit: Unit::Number,
            scale: Scale::Linear,
            planned: points.iter().map(|point| point.written.clone()).collect(),
        },
        simulated: true,
        cache: Server::default(),
        store: Server::default(),
        points,
        checks: Vec::new(),
    }
}

fn measure(metric: Metric, value: f64) -> Measure {
    let value = Some(value).filter(|value| value.is_finite());
    Measure { what: metric.name().into(), value, runs: 1, interval: None, noise: None }
}

fn read_p99(sweep: &Sweep) -> Course {
    course(sweep, Metric::ReadP99)
}

fn best(course: &Course) -> Vec<Vec<&str>> {
    let best = course.stretches.iter().map(|one| one.best.iter().map(String::as_str).collect());
    best.collect()
}

#[test]
fn lines_that_cross_cross_where_they_are_equal() {
    let mut sweep = made(&[1.0, 2.0, 4.0], &[("a", &[1.0, 2.0, 8.0]), ("b", &[4.0, 4.0, 4.0])]);
    let found = read_p99(&sweep);
    assert_eq!(best(&found), [["a"], ["b"]]);
    // From 2 to 4, a is 2 ahead and then 4 behind.
    let at = 2.0 + 2.0 * (2.0 / 6.0);
    assert_eq!(found.crossings, [Some(Crossing { after: 1, before: 2, at: Some(at) })]);
    let told = &sentences(&sweep)[0];
    assert_eq!(told, "Below 2.67 nodes (between 2 and 4) a has the lowest read p99, above it b.");
    sweep.varied.scale = Scale::Log;
    let log = read_p99(&sweep).crossings[0].unwrap().at.unwrap();
    assert!((log - 2.0 * 2f64.powf(1.0 / 3.0)).abs() < 1e-12, "{log}");
}

#[test]
fn what_noise_may_have_done_is_no_crossing() {
    let mut sweep = made(&[1.0, 2.0, 3.0], &[("a", &[1.0, 1.0, 1.0]), ("b", &[1.1, 1.0, 0.9])]);
    assert_eq!(best(&read_p99(&sweep)), [["a"], ["b"]], "of virtual time everything counts");
    assert_eq!(read_p99(&sweep).crossings[0].unwrap().after, 0, "at 2 they are equal");
    // For real, one run tells no 10 % from nothing.
    sweep.simulated = false;
    assert_eq!(best(&read_p99(&sweep)), [["a", "b"]]);
    let told = sentences(&sweep);
    assert_eq!(told[0], "No strategy can be told from the others in read p99.");
    assert!(told[1].starts_with("Nothing can be said of read p50, "), "{told:?}");
}

#[test]
fn a_change_lies_between_the_points_that_are_certain() {
    let strategies: [(&str, &[f64]); 2] =
        [("a", &[1.0, 1.0, 1.1, 2.0]), ("b", &[2.0, 1.1, 1.0, 1.0])];
    let mut sweep = made(&[10.0, 20.0, 30.0, 40.0], &strategies);
    sweep.simulated = false;
    let found = read_p99(&sweep);
    assert_eq!(best(&found), [["a"], ["b"]]);
    let crossing = found.crossings[0].unwrap();
    assert_eq!((crossing.after, crossing.before), (0, 3));
    assert!((crossing.at.unwrap() - 25.0).abs() < 1e-9, "{crossing:?}");
}

#[test]
fn intervals_decide_where_there_are_repeats() {
    let mut sweep = made(&[1.0, 2.0], &[("a", &[1.0, 1.1]), ("b", &[1.1, 1.0])]);
    let spread = |sweep: &mut Sweep, half: f64| {
        for measure in sweep
            .points
            .iter_mut()
            .flat_map(|point| &mut point.strategies)
            .flat_map(|strategy| &mut strategy.measures)
        {
            let mean = measure.value.unwrap();
            measure.runs = 3;
            measure.interval = Some(Spread { mean, low: mean - half, high: mean + half });
        }
    };
    for simulated in [true, false] {
        sweep.simulated = simulated;
        spread(&mut sweep, 0.02e6);
        assert!(read_p99(&sweep).crossings[0].is_some(), "10 % are certain");
        spread(&mut sweep, 0.08e6);
        assert_eq!(best(&read_p99(&sweep)), [["a", "b"]]);
    }
    spread(&mut sweep, 0.02e6);
    let noisy = &mut sweep.points[1].strategies;
    noisy.iter_mut().for_each(|strategy| strategy.measures[0].noise = Some(0.2));
    assert_eq!(best(&read_p99(&sweep)), [["a"]], "b is no better than a was than itself");
}

#[test]
fn an_invalid_point_and_a_twin_take_no_part() {
    let strategies: [(&str, &[f64]); 3] =
        [("a", &[1.0, 9.0, 1.0]), ("b", &[2.0, 2.0, 2.0]), ("a@again", &[0.5, 0.5, 0.5])];
    let mut sweep = made(&[1.0, 2.0, 3.0], &strategies);
    for point in &mut sweep.points {
        point.strategies[2].twin_of = Some("a".into());
    }
    assert_eq!(best(&read_p99(&sweep)), [["a"], ["b"], ["a"]]);
    sweep.points[1].standing = Standing::Invalid;
    assert_eq!(best(&read_p99(&sweep)), [["a"]]);
    let told = sentences(&sweep);
    assert_eq!(told[0], "Over the whole range a has the lowest read p99.");
    assert_eq!(told.last().unwrap(), "The point 2 is INVALID, and took no part in this.");
}

#[test]
fn many_changes_are_told_as_their_number_and_some_one_by_one() {
    let flat = [1.0; 6];
    let jagged = [0.5, 2.0, 0.5, 2.0, 0.5, 2.0];
    let values = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
    let told = &sentences(&made(&values, &[("a", &flat), ("b", &jagged)]))[0];
    assert!(told.starts_with("Who has the lowest read p99 changes 5 times"), "{told}");
    let told = &sentences(&made(&values[..3], &[("a", &flat), ("b", &jagged)]))[0];
    let expected = "b has the lowest read p99 at the lower end; from 1.33 nodes (between 1 and 2) on, \
                    a; from 2.67 nodes (between 2 and 3) on, b.";
    assert_eq!(told, expected);
}

#[test]
fn words_are_told_one_by_one() {
    let strategies: [(&str, &[f64]); 2] = [("a", &[1.0, 3.0, 1.0]), ("b", &[2.0, 2.0, 2.0])];
    let mut sweep = made(&[0.0, 1.0, 2.0], &strategies);
    (sweep.varied.scale, sweep.varied.unit) = (Scale::Named, Unit::Word);
    sweep.varied.option = "stampede".into();
    for (point, word) in sweep.points.iter_mut().zip(["none", "lock", "lease"]) {
        point.written = word.into();
    }
    let told = &sentences(&sweep)[0];
    let expected = "With stampede none and lease a has the lowest read p99; with lock b.";
    assert_eq!(told, expected);
}

#[test]
fn a_point_without_the_figure_says_nothing() {
    let sweep = made(&[1.0, 2.0, 3.0], &[("a", &[1.0, f64::NAN, 3.0]), ("b", &[2.0, 2.0, 2.0])]);
    let found = read_p99(&sweep);
    assert_eq!(best(&found), [["a"], ["b"]]);
    assert_eq!(found.crossings[0], Some(Crossing { after: 0, before: 2, at: Some(2.0) }));
}

#[test]
fn a_change_to_one_that_was_not_known_before_has_no_value() {
    let strategies: [(&str, &[f64]); 3] =
        [("a", &[1.0, 2.0]), ("b", &[f64::NAN, 1.0]), ("c", &[3.0, 3.0])];
    let sweep = made(&[1.0, 2.0], &strategies);
    assert_eq!(read_p99(&sweep).crossings, [Some(Crossing { after: 0, before: 1, at: None })]);
    let expected = "Below a value between 1 and 2 a has the lowest read p99, above it b.";
    assert_eq!(sentences(&sweep)[0], expected);
}

#[test]
fn the_front_is_told_as_parts_of_the_range() {
    let strategies: [(&str, &[f64]); 3] =
        [("a", &[1.0, 1.0, 3.0, 3.0]), ("b", &[2.0, 2.0, 2.0, 2.0]), ("c", &[9.0, 9.0, 9.0, 9.0])];
    let mut sweep = made(&[1.0, 2.0, 3.0, 4.0], &strategies);
    for strategy in sweep.points.iter_mut().flat_map(|point| &mut point.strategies) {
        let reads = if strategy.label == "c" { 0.1 } else { 0.2 };
        let more = [(Metric::StoreReads, reads), (Metric::StaleShare, 0.0)];
        strategy.measures.extend(more.map(|(metric, value)| measure(metric, value)));
    }
    let told = fronts(&sweep);
    let part = |label: &str| told.iter().find(|(other, _)| *other == label).unwrap().1.as_str();
    assert_eq!([part("a"), part("b"), part("c")], ["1 to 2", "3 to 4", "everywhere"]);
    sweep.points[1].standing = Standing::Invalid;
    let told = fronts(&sweep);
    assert_eq!(told[0].1, "1", "of an invalid point nothing is known");
}
