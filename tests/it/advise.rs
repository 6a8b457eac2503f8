//! Advice: from simulated Records, where a queue says what has to break, and from the real program.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use cacheduel::compare::advice::{Advice, Source, Traffic, advice, is_open};
use cacheduel::experiment::{self, Silent, Stop};
use cacheduel::model::Profile;
use cacheduel::record::{Check, Record, Standing, Thresholds};
use cacheduel::report;
use cacheduel::scenario;
use cacheduel::scenario::vary::vary;
use tempfile::TempDir;

/// A store of a hundred reads a second. Of fifty requests a second, forty read. Without a cache twice
/// that is within it, and four times are not; a cache leaves a fifth of the reads to it.
const SCENARIO: &str = r#"
question = "How far does a store of a hundred reads a second go?"
prefer = "store-load"
[dataset]
entity = "product"
keys = 1000
size = "256B"
[workload]
reads = 0.8
popularity = "uniform"
arrival = { poisson = { rate = 50 } }
prefill = true
duration = "40s"
[store]
origin = { api = { latency = { p50 = "10ms", p99 = "10ms" } } }
connections = 1
[strategies]
no-cache = {}
cache-aside = { ttl = "10h" }
[thresholds]
read-p99 = "200ms"
"#;

fn simulated(text: &str, rates: &[u32]) -> Vec<Source> {
    let base = scenario::parse("tiny", text).unwrap();
    let list: Vec<_> = rates.iter().map(ToString::to_string).collect();
    let variants = vary(&base, &format!("rate={}", list.join(","))).unwrap().variants;
    let (profile, threads) = (Profile::instant(), NonZeroUsize::MIN);
    let made = variants.iter().zip(rates).map(|(variant, &rate)| Source {
        times: f64::from(rate) / f64::from(rates[0]),
        amount: rate.into(),
        file: format!("{rate}.json"),
        record: experiment::simulate(&variant.loaded, &profile, threads, &Silent, &Stop::new())
            .unwrap(),
    });
    made.collect()
}

fn claims(advice: &Advice, answer: usize) -> Vec<&str> {
    advice.answers[answer].claims.iter().map(|claim| claim.text.as_str()).collect()
}

/// All that a person may rely on is in the Record that the sentence names.
fn assert_grounded(advice: &Advice, sources: &[Source]) {
    for claim in advice.answers.iter().flat_map(|answer| &answer.claims) {
        let source = sources.iter().find(|source| source.file == claim.record).unwrap();
        let Some(label) = &claim.strategy else { continue };
        let mut contenders = source.record.contenders.iter();
        let contender = contenders.find(|contender| contender.label == *label).unwrap();
        let thresholds = &source.record.scenario.thresholds;
        let own = cacheduel::compare::verdict::bounds(thresholds, contender);
        for bound in &claim.bounds {
            assert!(own.contains(bound), "{bound:?}");
            assert!(claim.text.contains(&bound.what) && claim.text.contains(&bound.found));
        }
    }
}

#[test]
fn what_the_queue_breaks_first_is_named_with_its_figure_and_its_record() {
    let sources = simulated(SCENARIO, &[50, 100, 200]);
    assert!(is_open(&sources[..1]) && is_open(&sources[..2]));
    let told = advice(Traffic::Rate, &sources, 8.0).unwrap();
    assert_grounded(&told, &sources);
    let met = claims(&told, 0);
    assert!(met.iter().all(|text| text.contains("meets all of them: read p99 ")), "{met:?}");
    let cheapest = claims(&told, 1);
    assert_eq!(cheapest.len(), 1, "the scenario prefers what is asked about anyway");
    assert!(cheapest[0].contains("which the scenario prefers: cache-aside ("), "{cheapest:?}");
    let breaks = claims(&told, 2);
    let expected =
        "First, at 4 times the traffic (200 requests a second), no-cache misses read p99 ";
    assert!(breaks[0].starts_with(expected), "{breaks:?}");
    assert!(breaks[0].ends_with(" (at most 200 ms)."), "{breaks:?}");
    assert_eq!(told.answers[2].claims[0].record, "200.json");
    assert!(breaks[1].starts_with("cache-aside still meets all of them at 4 times"), "{breaks:?}");
    let unknown = told.unknown.join("\n");
    assert!(
        unknown.contains("beyond 4 times") && unknown.contains("no threshold asks"),
        "{unknown}"
    );
    // Its form; the figures themselves are the simulation's.
    let form = report::advice::text(&told).replace(|sign: char| sign.is_ascii_digit(), "0");
    assert!(form.contains("\nWHAT BREAKS FIRST IF TRAFFIC DOUBLES?\n"), "{form}");
    assert!(form.contains("[000.json]") && form.contains("\nWHAT THIS CANNOT SAY\n"), "{form}");
}

#[test]
fn nothing_is_said_of_what_was_not_asked_or_cannot_be_believed() {
    let mut sources = simulated(&SCENARIO.replace("40s", "20s"), &[50, 100]);
    sources[1].record.checks.push(Check {
        name: "capacity".into(),
        standing: Standing::Invalid,
        detail: "asks for more than can be made".into(),
    });
    assert!(!is_open(&sources));
    let told = advice(Traffic::Rate, &sources, 8.0).unwrap();
    assert_eq!(claims(&told, 2), Vec::<&str>::new());
    let unknown = told.unknown.join("\n");
    assert!(unknown.contains("Anything from 100 requests a second on"), "{unknown}");
    assert!(unknown.contains("capacity: asks for more") && unknown.contains("[100.json]"));

    sources.truncate(1);
    sources[0].record.scenario.thresholds = Thresholds::default();
    assert!(!is_open(&sources));
    let told = advice(Traffic::Clients, &sources, 8.0).unwrap();
    assert!(claims(&told, 0)[0].contains("no thresholds"));
    let unknown = told.unknown.join("\n");
    assert!(unknown.contains("no [thresholds]") && unknown.contains("closed loop"), "{unknown}");
}

#[test]
fn what_is_asked_may_be_asked_again_of_the_same_records() {
    let sources = simulated(&SCENARIO.replace("40s", "20s"), &[50]);
    let prefer = sources[0].record.scenario.prefer;
    let strict = scenario::parse("tiny", &SCENARIO.replace("200ms", "1ms")).unwrap();
    let asked: Vec<_> = sources
        .into_iter()
        .map(|source| source.asked_for(&strict.scenario.thresholds, prefer))
        .collect();
    assert!(!is_open(&asked), "nobody holds");
    let told = advice(Traffic::Rate, &asked, 8.0).unwrap();
    assert!(claims(&told, 0).iter().all(|text| text.contains("does not: read p99 ")));
    assert_eq!(claims(&told, 1), ["No strategy meets them, so none is cheapest."]);
    assert!(claims(&told, 2)[0].starts_with("Nothing: no strategy is known to meet"));
}

struct Place(TempDir);

impl Place {
    fn with(scenario: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tiny.toml"), scenario).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(cargo_bin!("cacheduel"));
        command.current_dir(self.0.path()).arg("advise").arg("tiny.toml").args(arguments);
        assert_cmd::Command::from_std(command).timeout(Duration::from_secs(240)).output().unwrap()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn it_doubles_until_everything_breaks_and_answers_the_same_from_the_records() {
    let place = Place::with(&SCENARIO.replace("40s", "20s"));
    let output = place.run(&["--simulate", "--out", "out", "--up-to", "4"]);
    let (told, progress) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{told}{progress}");
    assert!(told.contains("WHAT BREAKS FIRST IF TRAFFIC DOUBLES?"), "{told}");
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    let reports = names(&place.path("out/tiny"));
    let report = place.path("out/tiny").join(&reports[0]);
    let points = names(&report.join("points"));
    assert_eq!(points, ["01.json", "02.json", "03.json"]);
    assert!(report.join("sweep.json").is_file() && report.join("report.html").is_file());

    let records: Vec<_> =
        points.iter().map(|point| format!("out/tiny/{}/points/{point}", reports[0])).collect();
    let mut arguments = vec!["--json", "--record"];
    arguments.extend(records.iter().map(String::as_str));
    let output = place.run(&arguments);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let first = json["answers"][0]["claims"][0]["text"].as_str().unwrap();
    let flat = told.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(first), "{first}");
    assert_eq!(json["tried"].as_array().unwrap().len(), 3);
    let record: Record = report::read(&place.path(&records[1])).unwrap();
    assert_eq!(record.scenario.workload.peak_rate(), Some(100.0));

    // Records of another scenario, and none of the scenario's own traffic.
    let changed = SCENARIO.replace("40s", "20s").replace("keys = 1000", "keys = 999");
    fs::write(place.path("tiny.toml"), changed).unwrap();
    let refused = place.run(&arguments);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("[dataset] differs"), "{}", text(&refused.stderr));
    let slower = SCENARIO.replace("40s", "20s").replace("rate = 50", "rate = 20");
    fs::write(place.path("tiny.toml"), slower).unwrap();
    let refused = place.run(&arguments);
    assert_eq!(refused.status.code(), Some(2));
    assert!(text(&refused.stderr).contains("20 requests a second"), "{}", text(&refused.stderr));
}

#[test]
fn a_rate_that_changes_is_not_doubled_and_misuse_is_told() {
    let ramp = SCENARIO.replace("{ rate = 50 }", "{ ramp = { from = 20, to = 50 } }");
    let place = Place::with(&ramp.replace("40s", "10s"));
    let output = place.run(&["--simulate", "--quiet"]);
    let told = text(&output.stdout);
    assert!(told.contains("changes in the course"), "{told}{}", text(&output.stderr));
    for arguments in [
        &["--record", "nowhere.json"][..],
        &["--up-to", "1"],
        &["--record", "x.json", "--simulate"],
    ] {
        let output = place.run(arguments);
        assert!([Some(1), Some(2)].contains(&output.status.code()), "{arguments:?}");
    }
}
