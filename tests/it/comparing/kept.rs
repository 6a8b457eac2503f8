//! Simulations against exact figures that were written down, which go by their names.

use std::fs;

use cacheduel::compare::difference::{Error, Method};
use cacheduel::compare::{Change, Metric, compare};
use cacheduel::model::{Profile, Span, Spread};
use cacheduel::record::{Baseline, Record, Standing};
use predicates::prelude::PredicateBooleanExt;
use predicates::str::contains;

use super::command::{Desk, TINY, only_entry};
use super::exact::simulated;
use super::{change, compared, of};

fn kept(record: &Record) -> Baseline {
    Baseline::of(record, None)
}

#[test]
fn figures_that_were_written_down_say_what_their_record_says() {
    let record = simulated(1.0);
    let comparison = compare(&kept(&record), &record).unwrap();
    assert_eq!((comparison.is_equal(), comparison.change()), (Some(true), Change::Unchanged));
    for (compared, contender) in comparison.strategies.iter().zip(&record.contenders) {
        assert!(compared.differences.len() >= 14, "{:#?}", compared.differences);
        for difference in &compared.differences {
            let told = format!("{} of {}", difference.metric.name(), compared.label);
            assert_eq!(difference.baseline, difference.metric.of(contender), "{told}");
            assert_eq!(difference.baseline, difference.candidate, "{told}");
        }
    }
}

#[test]
fn what_is_worse_has_regressed_and_what_is_better_has_not() {
    let (usual, slower) = (simulated(1.0), simulated(1.1));
    let comparison = compare(&kept(&usual), &slower).unwrap();
    assert_eq!(comparison.change(), Change::Regressed);
    for metric in [Metric::ReadP50, Metric::ReadP99, Metric::UpdateP50, Metric::UpdateP99] {
        assert_eq!(change(&comparison, metric), Change::Regressed, "{metric:?}");
    }
    let found = of(&comparison, Metric::ReadP50).relative().unwrap();
    assert!((found - 0.1).abs() < 0.01, "{found}");
    let back = compare(&kept(&slower), &kept(&usual)).unwrap();
    assert_eq!(change(&back, Metric::ReadP50), Change::Improved);
}

#[test]
fn what_no_figure_shows_has_changed_all_the_same() {
    let record = simulated(1.0);
    let mut other = record.clone();
    other.contenders[1].runs[0].measures.requests.in_flight_peak += 1;
    let comparison = compare(&kept(&record), &other).unwrap();
    assert_eq!((comparison.is_equal(), comparison.change()), (Some(false), Change::Changed));
    let Method::Exact { differing, more: 0 } = &comparison.method else { panic!() };
    assert_eq!(differing[0].path, "cache-aside.digest");
    assert!(comparison.headline().contains("1 values differ"), "{}", comparison.headline());

    let mut other = record.clone();
    other.contenders[0].runs[0].audit.lost_writes += 1;
    let comparison = compare(&kept(&record), &other).unwrap();
    assert_eq!(change(&comparison, Metric::LostWrites), Change::Regressed, "every figure decides");

    other.contenders[0].runs[0].checks[0].standing = Standing::Invalid;
    let comparison = compare(&kept(&record), &other).unwrap();
    assert_eq!(change(&comparison, Metric::LostWrites), Change::Inconclusive);
}

#[test]
fn what_was_not_asked_the_same_is_refused() {
    let record = simulated(1.0);
    let mut other = record.clone();
    other.plan.hash = "another".into();
    other.contenders.remove(0);
    let Err(Error::Incomparable(found)) = compare(&kept(&record), &other) else { panic!() };
    let found: Vec<_> = found.iter().map(ToString::to_string).collect();
    assert!(found[0].starts_with("the plan's hash: ") && found[0].ends_with(" against another"));
    assert_eq!(found[1], "strategies.no-cache, run: 1 times against 0 times");

    let mut measured = record.clone();
    measured.profile = None;
    let Err(Error::Incomparable(found)) = compare(&kept(&record), &measured) else { panic!() };
    assert_eq!(found[0].to_string(), "the run: simulated against measured");

    let shortened = Baseline::of(&record, Some("a window of 100 ms".into()));
    let Err(Error::Incomparable(found)) = compare(&shortened, &record) else { panic!() };
    assert_eq!(found[0].to_string(), "shortened to: a window of 100 ms against nothing");

    let mut more = record.clone();
    more.contenders[1].label = "cache-aside@more".into();
    let mut fewer = kept(&record);
    fewer.runs.truncate(1);
    let comparison = compare(&fewer, &more).unwrap();
    assert_eq!(comparison.notes, ["cache-aside@more is not in the baseline, and was left out"]);
}

/// A scenario on a simulated SQLite, with what it comes to written down.
fn blessed() -> Desk {
    let desk = Desk::with(&[]);
    fs::write(desk.path("tiny.toml"), TINY.replace("\"embedded\"", "\"sqlite\"")).unwrap();
    desk.run(&["bless", "tiny.toml"]).code(0);
    desk
}

#[test]
fn a_gate_takes_exact_figures_by_their_name() {
    let desk = blessed();
    let gate = ["gate", "tiny.toml", "--baseline", "tiny", "--quiet"];
    desk.run(&gate).code(0).stdout(contains("Equal to the last count: nothing has changed."));

    let mut slower = Profile::default();
    for spread in [&mut slower.store.read, &mut slower.store.commit] {
        let of = |span: Span| Span::from_micros(span.nanos().0 * 11 / 10_000);
        *spread = Spread::log_normal(of(spread.p50), of(spread.p99));
    }
    fs::write(desk.path("slower.toml"), toml::to_string(&slower).unwrap()).unwrap();
    let emits = ["--emit=junit=gate.xml", "--emit=json=gate.json", "--emit=markdown=gate.md"];
    let with_slower = ["--", "--profile", "slower.toml"];
    desk.run(&[&gate[..], &emits, &with_slower].concat())
        .code(3)
        .stdout(contains("no-cache: read p50 went from ").and(contains("every figure decides")));
    let junit = fs::read_to_string(desk.path("gate.xml")).unwrap();
    assert!(junit.contains("<failure"), "{junit}");
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(desk.path("gate.json")).unwrap()).unwrap();
    assert_eq!((&json["verdict"], &json["equal"]), (&"regressed".into(), &false.into()));
    assert!(json["baseline"]["profile"].as_str().unwrap().starts_with("nominal"));
    assert!(json["candidate"]["tool"].is_string() && json["baseline"].get("tool").is_none());

    let also = format!(
        "{}\nttl = {{ ttl = \"1s\" }}\n",
        fs::read_to_string(desk.path("tiny.toml")).unwrap()
    );
    fs::write(desk.path("tiny.toml"), also).unwrap();
    desk.run(&["bless", "tiny.toml"]).code(0);
    desk.run(&[&gate[..], &["--only", "ttl"]].concat())
        .code(0)
        .stdout(contains("Equal to the last count").and(contains("NO-CACHE").not()));
    desk.run(&[&gate[..], &["--only", "two-tier"]].concat())
        .code(2)
        .stderr(contains("it has no-cache, ttl"));
    desk.run(&[&gate[..], &["--", "--seed", "2"]].concat())
        .code(2)
        .stderr(contains("the plan's hash: "));
}

#[test]
fn a_comparison_takes_exact_figures_by_their_name_and_a_record_before_them() {
    let desk = blessed();
    desk.run(&["run", "tiny.toml", "--simulate", "--quiet", "--out", "out"]).code(0);
    let folder = only_entry(&desk.path("out/tiny")).display().to_string();
    desk.run(&["compare", "tiny", &folder]).code(0).stdout(contains("Equal to the last count"));
    desk.run(&["compare", &folder, "reports/baseline/tiny.json"]).code(0);
    desk.run(&["compare", "tiny", "tiny"]).code(0).stdout(contains("exact figures as written"));

    let text = fs::read_to_string(desk.path("reports/baseline/tiny.json")).unwrap();
    let other = text.replacen("\"digest\": \"", "\"digest\": \"0", 1);
    fs::write(desk.path("other.json"), other).unwrap();
    desk.run(&["compare", "other.json", "tiny", "--emit=junit=changed.xml"])
        .code(3)
        .stdout(contains("VERDICT (changed)").and(contains("no-cache.digest: 0")));
    let junit = fs::read_to_string(desk.path("changed.xml")).unwrap();
    assert!(junit.contains("name=\"equal to the last count\""), "{junit}");

    // A Record of the same name comes first; exact figures in its place are read as what they are.
    fs::create_dir_all(desk.path("reports/records")).unwrap();
    fs::copy(desk.path("other.json"), desk.path("reports/records/tiny.json")).unwrap();
    desk.run(&["compare", "tiny", &folder]).code(3);
}

#[test]
fn wrong_figures_are_told_by_their_file_and_line() {
    let desk = blessed();
    let path = desk.path("reports/baseline/tiny.json");
    let text = fs::read_to_string(&path).unwrap();
    for (from, to, told) in [
        ("\"requests\": ", "\"requests\": -", "line 10"),
        ("\"repeat\"", "\"again\"", "unknown field `again`"),
    ] {
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        desk.run(&["compare", "tiny", "tiny"])
            .code(1)
            .stderr(contains("reports/baseline/tiny.json is no baseline").and(contains(told)));
    }
    fs::write(
        &path,
        text.replacen("  \"profile\"", "  \"shortened\": \"a second\",\n  \"profile\"", 1),
    )
    .unwrap();
    desk.run(&["gate", "tiny.toml", "--baseline", "tiny"])
        .code(2)
        .stderr(contains("`cacheduel bless --check tiny`"));
    fs::remove_file(&path).unwrap();
    desk.run(&["compare", "tiny", "tiny"]).code(2).stderr(contains("there is no record tiny"));
}

#[test]
fn a_measured_record_is_not_held_against_exact_figures() {
    let records = super::made_up::Plan::default().records();
    assert!(compared(&records).is_equal().is_none());
    let desk = blessed();
    fs::write(desk.path("real.json"), cacheduel::report::folder::json(&records.0)).unwrap();
    desk.run(&["compare", "tiny", "real.json"])
        .code(2)
        .stderr(contains("the run: simulated against measured"));
}
