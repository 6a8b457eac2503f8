//! The binary, as a person meets it.

use std::fs;
use std::process::{Command, Stdio};

use assert_cmd::assert::OutputAssertExt;
use assert_cmd::cargo::cargo_bin;
use insta::assert_snapshot;
use predicates::str::contains;
use tempfile::TempDir;

const SCENARIO: &str = r#"question = "Which of them is fastest?"
notes = "Nothing is scaled."
repeats = 3

[dataset]
entity = "user-profile"
namespace = "user:{id}"
keys = 12345
size = { min = "512B", max = "2KiB" }

[workload]
reads = 0.9
popularity = { hotspot = { keys = 0.1, requests = 0.9 } }
arrival = { poisson = { rate = 250 } }
warm-up = "2s"
duration = "20s"
nodes = 2

[cache]
server = { url = "redis://:secret@localhost:6379/1" }

[store]
origin = { aggregation = { rows = 20 } }
delay = "5ms"

[strategies.no-cache]

[strategies."ttl@long"]
ttl = "30s"
jitter = 0.1

[strategies.write-behind]
ttl = "2s"

[thresholds]
read-p99 = "50ms"
hit-ratio = 0.5
stale-share = 0.001
lost-writes = 0
"#;

fn cacheduel(directory: &TempDir) -> Command {
    let mut command = Command::new(cargo_bin!("cacheduel"));
    command.current_dir(directory);
    command
}

fn empty() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Standard error of `explain` on the scenario after an edit, which must end with exit code 2.
fn refusal(from: &str, to: &str) -> String {
    assert!(SCENARIO.contains(from));
    let directory = empty();
    fs::write(directory.path().join("mine.toml"), SCENARIO.replacen(from, to, 1)).unwrap();
    let assert = cacheduel(&directory).args(["explain", "mine.toml"]).assert().code(2).stdout("");
    String::from_utf8(assert.get_output().stderr.clone()).unwrap()
}

#[test]
fn a_misspelt_key_is_shown_in_its_line() {
    assert_snapshot!(refusal("reads = 0.9", "raeds = 0.9"));
}

#[test]
fn a_negative_ttl_is_shown_in_its_line() {
    assert_snapshot!(refusal("ttl = \"30s\"", "ttl = \"-30s\""));
}

#[test]
fn a_share_above_one_is_shown_in_its_line() {
    assert_snapshot!(refusal("reads = 0.9", "reads = 90"));
}

#[test]
fn an_unknown_strategy_is_shown_in_its_line() {
    assert_snapshot!(refusal("[strategies.write-behind]", "[strategies.write-bihind]"));
}

#[test]
fn all_contradictions_are_shown_at_once() {
    assert_snapshot!(refusal(
        "duration = \"20s\"",
        "duration = \"0s\"\nclients = 0\n# Größe: schon die Umlaute zählen"
    ));
}

#[test]
fn a_name_finds_a_scenario_and_a_misspelt_one_is_told_the_nearest() {
    let directory = empty();
    fs::create_dir(directory.path().join("scenarios")).unwrap();
    fs::write(directory.path().join("scenarios/fast.toml"), SCENARIO).unwrap();
    cacheduel(&directory).args(["explain", "fast"]).assert().code(0).stdout(contains("fast\n"));
    let told = "error: there is no scenario fats\nhelp: did you mean `fast`?\n";
    cacheduel(&directory).args(["explain", "fats"]).assert().code(2).stderr(told);
    cacheduel(&directory).args(["explain", "scenarios"]).assert().code(2);
}

#[test]
fn a_scenario_is_explained_in_at_most_a_hundred_columns() {
    let directory = empty();
    fs::write(directory.path().join("mine.toml"), SCENARIO).unwrap();
    let assert = cacheduel(&directory).args(["explain", "mine.toml"]).assert().code(0);
    let told = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    assert!(!told.contains("secret"), "a password is not shown");
    assert_snapshot!(told);
}

#[test]
fn an_api_is_explained() {
    let directory = empty();
    let api = "{ api = { latency = { p50 = \"40ms\", p99 = \"150ms\" }, rate-limit = 100 } }";
    let text = SCENARIO.replacen("{ aggregation = { rows = 20 } }", api, 1);
    assert_ne!(text, SCENARIO);
    fs::write(directory.path().join("mine.toml"), text).unwrap();
    let assert = cacheduel(&directory).args(["explain", "mine.toml"]).assert().code(0);
    let told = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    let told = told.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentence = "A read goes through an HTTP API, which takes up to 40ms for half of the reads and \
                    up to 150ms for 99 % of them, and refuses what is beyond 100 reads a second, 100 \
                    of them at once";
    assert!(told.contains(sentence), "{told}");
}

#[test]
fn scenarios_are_listed_in_at_most_a_hundred_columns_and_broken_ones_too() {
    let directory = empty();
    fs::write(directory.path().join("fast.toml"), SCENARIO).unwrap();
    let assert = cacheduel(&directory).args(["list", "."]).assert().code(0);
    let told = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    assert_snapshot!(told);
    fs::write(directory.path().join("broken.toml"), "question = ").unwrap();
    cacheduel(&directory).args(["list", "."]).assert().code(2).stdout(contains("cannot be read"));
}

#[test]
fn strategies_are_listed_with_their_risks_and_options() {
    let assert = cacheduel(&empty()).args(["list", "--strategies"]).assert().code(0);
    let told = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    assert_snapshot!(told);
}

#[test]
fn init_writes_a_scenario_that_loads_and_never_overwrites_a_file() {
    let directory = empty();
    cacheduel(&directory).args(["init", "mine.toml"]).assert().code(0);
    cacheduel(&directory).args(["explain", "mine.toml"]).assert().code(0);
    fs::write(directory.path().join("precious.toml"), "mine").unwrap();
    cacheduel(&directory)
        .args(["init", "precious.toml"])
        .assert()
        .code(1)
        .stderr(contains("exists already"));
    assert_eq!(fs::read_to_string(directory.path().join("precious.toml")).unwrap(), "mine");
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 2, "no temporary file is left");
    cacheduel(&directory).args(["init", "no/such/directory.toml"]).assert().code(1);
}

#[test]
fn the_schema_is_json_with_descriptions() {
    let assert = cacheduel(&empty()).arg("schema").assert().code(0);
    let schema: serde_json::Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let question = &schema["properties"]["question"]["description"];
    assert_eq!(question, "What the scenario is to find out, as a sentence.");
}

#[test]
fn usage_errors_end_with_2_and_help_with_0() {
    cacheduel(&empty()).arg("explan").assert().code(2).stderr(contains("'explain'"));
    cacheduel(&empty()).assert().code(2);
    cacheduel(&empty()).arg("--help").assert().code(0).stdout(contains("Exit codes:"));
    cacheduel(&empty()).arg("--version").assert().code(0).stdout(contains("cacheduel "));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = cacheduel(&empty())
        .args(["schema"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
