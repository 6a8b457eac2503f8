//! Emitted files, read by what reads them: a JSON Schema, a JUnit reader, an XML reader, and the rules
//! that each format's documentation lays down.

use std::collections::BTreeSet;

use cacheduel::compare::{Change, Comparison};
use cacheduel::record::Record;
use cacheduel::report::emit::json::{ComparisonFile, FiguresFile};
use cacheduel::report::emit::{Form, Subject, render};
use quick_junit::{Report, TestCaseStatus};
use serde_json::{Value, json};

use super::compared;
use super::exact::simulated;
use super::made_up::Plan;
use crate::reports::fixture;

fn regressed() -> Comparison {
    compared(&Plan { paired: true, slower: 1.2, ..Plan::default() }.records())
}

/// Everything that is told of, with names that are a trouble to formats.
pub fn told(mut check: impl FnMut(Subject<'_>)) {
    let mut awkward = fixture::record();
    awkward.name = "a \"b\" <c>\\ | d/e\n".into();
    awkward.contenders[0].label = "no-cache@x 8".into();
    let comparisons = [
        regressed(),
        compared(&Plan { paired: true, runs: 3, ..Plan::default() }.records()),
        compared(&(simulated(1.0), simulated(1.1))),
        compared(&(awkward.clone(), awkward.clone())),
    ];
    let records =
        [fixture::record(), fixture::invalid(fixture::record()), fixture::hollow(), awkward];
    records.iter().for_each(|record: &Record| check(Subject::Record(record)));
    comparisons.iter().for_each(|comparison| check(Subject::Comparison(comparison)));
}

pub fn read(subject: Subject<'_>, form: Form) -> Value {
    serde_json::from_str(&render(subject, form)).unwrap()
}

#[test]
fn our_own_json_is_as_its_schema_says() {
    let schema = |schema: schemars::Schema| {
        jsonschema::validator_for(&serde_json::to_value(schema).unwrap()).unwrap()
    };
    let comparison = schema(schemars::schema_for!(ComparisonFile));
    let figures = schema(schemars::schema_for!(FiguresFile));
    told(|subject| {
        let (of, other) = match subject {
            Subject::Record(_) => (&figures, &comparison),
            Subject::Comparison(_) => (&comparison, &figures),
        };
        let value = read(subject, Form::Json);
        let errors: Vec<_> = of.iter_errors(&value).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
        assert!(!other.is_valid(&value));
    });
    let regressed = regressed();
    let file = read(Subject::Comparison(&regressed), Form::Json);
    assert_eq!((&file["verdict"], &file["method"]), (&json!("regressed"), &json!("paired")));
    let p50 = &file["strategies"][0]["figures"][0];
    assert_eq!((&p50["metric"], &p50["unit"]), (&json!("read-p50"), &json!("ns")));
    assert_eq!((&p50["better"], &p50["verdict"]), (&json!("lower"), &json!("regressed")));
    assert_eq!(p50["candidate_runs"].as_array().unwrap().len(), 12);
    assert!(p50["change_low"].as_f64() < p50["change"].as_f64());
}

#[test]
fn junit_has_a_failure_for_each_regression() {
    told(|subject| {
        let text = render(subject, Form::Junit);
        let report = Report::deserialize_from_str(&text).unwrap();
        let document = roxmltree::Document::parse(&text).unwrap();
        let count = |name: &str| document.descendants().filter(|it| it.has_tag_name(name)).count();
        // What the attributes sum up is what is there.
        assert_eq!(count("testcase"), report.tests);
        assert_eq!((count("failure"), count("error")), (report.failures, report.errors));
        let skipped = |status: &TestCaseStatus| matches!(status, TestCaseStatus::Skipped { .. });
        let cases: Vec<_> = report.test_suites.iter().flat_map(|suite| &suite.test_cases).collect();
        assert_eq!(count("skipped"), cases.iter().filter(|it| skipped(&it.status)).count());
        if let Subject::Comparison(comparison) = subject {
            assert_eq!(count("testcase"), comparison.family);
            assert_eq!(count("failure"), comparison.that(Change::Regressed).count());
            assert_eq!(count("skipped"), comparison.that(Change::Inconclusive).count());
        }
    });
    let invalid = fixture::invalid(fixture::record());
    let text = render(Subject::Record(&invalid), Form::Junit);
    assert_eq!(Report::deserialize_from_str(&text).unwrap().errors, 1, "{text}");
    assert!(text.contains("dispatch lag: p99 12.3 ms"), "{text}");
}

#[test]
fn github_action_benchmark_is_told_which_way_is_better() {
    // What its documentation asks of either file.
    let schema = json!({
        "type": "array",
        "items": {
            "type": "object",
            "required": ["name", "unit", "value"],
            "properties": {
                "name": { "type": "string" },
                "unit": { "type": "string" },
                "value": { "type": "number" },
                "range": { "type": "string" },
                "extra": { "type": "string" },
            },
            "additionalProperties": false,
        },
    });
    let schema = jsonschema::validator_for(&schema).unwrap();
    told(|subject| {
        let (smaller, bigger) =
            (read(subject, Form::SmallerIsBetter), read(subject, Form::BiggerIsBetter));
        assert!(schema.is_valid(&smaller) && schema.is_valid(&bigger));
        let names: Vec<_> = [&smaller, &bigger]
            .into_iter()
            .flat_map(|file| file.as_array().unwrap())
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "each name once");
        let bigger = bigger.as_array().unwrap();
        assert!(bigger.iter().all(|it| {
            let name = it["name"].as_str().unwrap();
            ["hit ratio", "node hit share", "share of bytes saved"]
                .iter()
                .any(|end| name.ends_with(end))
        }));
    });
}

#[test]
fn bencher_has_measures_by_benchmark() {
    // What its documentation asks for.
    let number = json!({ "type": "number" });
    let schema = json!({
        "type": "object",
        "additionalProperties": {
            "type": "object",
            "propertyNames": { "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$" },
            "additionalProperties": {
                "type": "object",
                "required": ["value"],
                "properties": { "value": number, "lower_value": number, "upper_value": number },
                "additionalProperties": false,
            },
        },
    });
    let schema = jsonschema::validator_for(&schema).unwrap();
    told(|subject| {
        let file = read(subject, Form::Bencher);
        assert!(schema.is_valid(&file), "{file}");
    });
    let regressed = regressed();
    let file = read(Subject::Comparison(&regressed), Form::Bencher);
    let p99 = &file["catalogue/cache-aside"]["read-p99"];
    assert!(p99["lower_value"].as_f64() < p99["value"].as_f64());
}

#[test]
fn go_benchmarks_are_lines_of_pairs_whose_units_are_declared() {
    told(|subject| {
        let text = render(subject, Form::GoBench);
        let mut units = BTreeSet::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            if let Some(unit) = line.strip_prefix("Unit ") {
                let (unit, better) = unit.split_once(' ').unwrap();
                assert!(["better=lower", "better=higher"].contains(&better), "{line}");
                units.insert(unit.to_owned());
            } else if line.starts_with("Benchmark") {
                assert!(words[0].starts_with("BenchmarkCacheduel/") && words[0].ends_with("-1"));
                assert_eq!((words[1], words.len() % 2), ("1", 0), "{line}");
                for pair in words[2..].chunks(2) {
                    assert!(pair[0].parse::<f64>().is_ok_and(f64::is_finite), "{line}");
                    assert!(units.contains(pair[1]), "{line}");
                }
            } else {
                let (key, _) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
                assert!(key.chars().all(|sign| sign.is_ascii_lowercase()), "{line}");
            }
        }
    });
    let regressed = regressed();
    let text = render(Subject::Comparison(&regressed), Form::GoBench);
    // Two strategies, twelve runs, two sides.
    assert_eq!(text.lines().filter(|line| line.starts_with("Benchmark")).count(), 48);
    assert!(text.find("side: baseline").unwrap() < text.find("side: candidate").unwrap());
}

#[test]
fn open_metrics_keeps_to_the_rules_of_its_families() {
    told(|subject| {
        let text = render(subject, Form::OpenMetrics);
        let body = text.strip_suffix("# EOF\n").expect("it ends as it must");
        let (mut family, mut seen, mut samples) = (String::new(), BTreeSet::new(), BTreeSet::new());
        for line in body.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                family = kind.strip_suffix(" gauge").unwrap().to_owned();
                let is_name =
                    |sign: char| sign.is_ascii_lowercase() || sign.is_ascii_digit() || sign == '_';
                assert!(family.chars().all(is_name), "{family}");
                assert!(seen.insert(family.clone()), "{family} stands together");
            } else if let Some(unit) = line.strip_prefix("# UNIT ") {
                let (name, unit) = unit.split_once(' ').unwrap();
                assert!(name == family && name.ends_with(&format!("_{unit}")), "{line}");
            } else if let Some(help) = line.strip_prefix("# HELP ") {
                assert!(help.starts_with(&format!("{family} ")), "{line}");
            } else {
                let (labels, value) = line.rsplit_once("} ").unwrap_or_else(|| panic!("{line}"));
                assert!(labels.starts_with(&format!("{family}{{scenario=\"")), "{line}");
                assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
                assert!(samples.insert(labels.to_owned()), "{line} stands twice");
            }
        }
    });
    let regressed = regressed();
    let text = render(Subject::Comparison(&regressed), Form::OpenMetrics);
    let sample =
        "cacheduel_regressed{scenario=\"catalogue\",strategy=\"ttl\",metric=\"read-p50\"} 1\n";
    assert!(text.contains(sample), "{text}");
    assert!(text.contains("# UNIT cacheduel_read_p99_seconds seconds\n"), "{text}");
}

#[test]
fn markdown_has_tables_whose_rows_are_whole() {
    told(|subject| {
        let text = render(subject, Form::Markdown);
        assert!(text.starts_with("### cacheduel: "), "{text}");
        let mut width = None;
        for line in text.lines() {
            if !line.starts_with('|') {
                width = None;
                continue;
            }
            let cells = line.replace("\\|", "").matches('|').count();
            assert_eq!(*width.get_or_insert(cells), cells, "{line}");
        }
    });
}

#[test]
fn what_is_emitted_of_a_comparison_is_as_it_was() {
    let (mut before, mut now) =
        Plan { paired: true, slower: 1.2, runs: 3, ..Plan::default() }.records();
    before.contenders.truncate(1);
    now.contenders.truncate(1);
    now.scenario.gate = toml::from_str("primary = [\"read-p50\", \"hit-ratio\"]").unwrap();
    let comparison = compared(&(before, now));
    // What people look at is looked at in a browser.
    for form in Form::ALL.into_iter().filter(|form| *form != Form::Html) {
        let name = format!("a_comparison_as_{}", form.name());
        insta::assert_snapshot!(name, render(Subject::Comparison(&comparison), form));
    }
    insta::assert_snapshot!(
        "a_comparison_in_the_terminal",
        cacheduel::report::comparison::text(&comparison)
    );
}
