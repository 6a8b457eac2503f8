//! Emitted files, read by the programs and libraries that they are for. What those understand is held
//! against our own JSON of the same figures.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use cacheduel::compare::Change;
use cacheduel::report::emit::{Form, Subject, render};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::emitted::{read, told};
use crate::installed::fed;

#[derive(Debug, Deserialize)]
struct Case {
    suite: String,
    name: String,
    outcomes: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Sample {
    family: String,
    unit: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

#[derive(Debug, Deserialize)]
struct Page {
    headings: Vec<String>,
    tables: Vec<Vec<Vec<String>>>,
}

/// What a consumer reads in this form of everything that is told of, each to be checked.
fn consumed<T: DeserializeOwned>(form: Form, consumer: &str, check: impl Fn(Subject<'_>, &T)) {
    let mut texts = Vec::new();
    told(|subject| texts.push(render(subject, form)));
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = root.join("target/tools/bin/python");
    assert!(python.exists(), "the consumers are not installed: run scripts/setup tests");
    let mut command = Command::new(python);
    command.arg(root.join("tests/it/comparing/consumers.py")).arg(consumer);
    let output = fed(&mut command, &serde_json::to_string(&texts).unwrap());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let read: Vec<T> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read.len(), texts.len());
    let mut read = read.iter();
    told(|subject| check(subject, read.next().unwrap()));
}

/// The figures in our own JSON: strategy, metric, side of a comparison, unit and value.
fn figures(subject: Subject<'_>) -> Vec<(String, String, Option<&'static str>, String, f64)> {
    let file = read(subject, Form::Json);
    let mut figures = Vec::new();
    for strategy in file["strategies"].as_array().unwrap() {
        for figure in strategy["figures"].as_array().unwrap() {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            for (field, side) in
                [("value", None), ("baseline", Some("baseline")), ("candidate", Some("candidate"))]
            {
                let Some(value) = figure[field].as_f64() else { continue };
                let (name, metric) = (text(&strategy["strategy"]), text(&figure["metric"]));
                figures.push((name, metric, side, text(&figure["unit"]), value));
            }
        }
    }
    figures
}

#[test]
fn junitparser_reads_every_case_and_how_it_ended() {
    consumed(Form::Junit, "junit", |subject, cases: &Vec<Case>| {
        let ended = |how| cases.iter().filter(|case| case.outcomes == [how]).count();
        // In an attribute of XML, white space is nothing but space.
        let scenario = format!("{}.", subject.name().replace('\n', " "));
        assert!(cases.iter().all(|case| case.suite.starts_with(&scenario)), "{cases:?}");
        match subject {
            Subject::Comparison(comparison) => {
                assert_eq!(cases.len(), comparison.family);
                assert_eq!(ended("failure"), comparison.that(Change::Regressed).count());
                assert_eq!(ended("skipped"), comparison.that(Change::Inconclusive).count());
            }
            Subject::Record(record) => {
                let validity = cases.iter().filter(|case| case.name == "valid").count();
                assert_eq!(validity, record.contenders.len());
                let file = read(subject, Form::Json);
                let strategies = file["strategies"].as_array().unwrap().iter();
                let asked: Vec<&Value> =
                    strategies.flat_map(|it| it["thresholds"].as_array().unwrap()).collect();
                let held = |how| asked.iter().filter(|it| it["held"] == how).count();
                assert_eq!(cases.len(), validity + asked.len());
                assert_eq!((ended("failure"), ended("skipped")), (held("missed"), held("unknown")));
                assert_eq!(ended("error") > 0, file["standing"] == "INVALID", "{file}");
            }
        }
    });
}

#[test]
fn the_prometheus_client_reads_every_figure_in_base_units() {
    consumed(Form::OpenMetrics, "openmetrics", |subject, samples: &Vec<Sample>| {
        let figures = figures(subject);
        let regressed = samples.iter().filter(|it| it.family == "cacheduel_regressed").count();
        assert_eq!(samples.len(), figures.len() + regressed);
        if let Subject::Comparison(comparison) = subject {
            assert_eq!(regressed, comparison.family);
        }
        for (strategy, metric, side, unit, value) in figures {
            let family = format!("cacheduel_{}", metric.replace('-', "_"));
            let found = samples.iter().find(|it| {
                it.family.starts_with(&family)
                    && it.family.trim_end_matches(&it.unit).trim_end_matches('_').len()
                        == family.trim_end_matches(&it.unit).trim_end_matches('_').len()
                    && it.labels["scenario"] == subject.name()
                    && it.labels["strategy"] == strategy
                    && it.labels.get("side").map(String::as_str) == side
            });
            let found = found.unwrap_or_else(|| panic!("{strategy} {metric} is not among them"));
            let base = if unit == "ns" { value / 1e9 } else { value };
            assert!((found.value - base).abs() <= base.abs() * 1e-12, "{found:?}: {base}");
            assert_eq!(found.unit == "seconds", unit == "ns", "{found:?}: {unit}");
        }
    });
}

#[test]
fn markdown_shows_on_github_what_was_written() {
    consumed(Form::Markdown, "markdown", |subject, page: &Page| {
        let title = format!("cacheduel: {}", subject.name().trim_end());
        assert!(page.headings[0].starts_with(&title), "{:?}", page.headings);
        for table in &page.tables {
            let width = table[0].len();
            assert!(width > 1 && table.iter().all(|row| row.len() == width), "{table:?}");
        }
        let file = read(subject, Form::Json);
        let strategies = file["strategies"].as_array().unwrap();
        let labels: Vec<_> = strategies.iter().map(|it| it["strategy"].as_str().unwrap()).collect();
        match subject {
            Subject::Record(_) => {
                assert_eq!(page.tables.len(), 2);
                for table in &page.tables {
                    let first: Vec<&str> = table[1..].iter().map(|row| row[0].as_str()).collect();
                    assert_eq!(first, labels);
                }
            }
            Subject::Comparison(_) => {
                assert_eq!(page.headings[1..], labels);
                assert_eq!(page.tables.len(), labels.len());
            }
        }
    });
}
