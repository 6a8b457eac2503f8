//! `compare`, `gate` and `--emit`, through the real program.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use assert_cmd::assert::{Assert, OutputAssertExt};
use assert_cmd::cargo::cargo_bin;
use cacheduel::model::{Profile, Span, Spread};
use cacheduel::record::Record;
use cacheduel::report;
use cacheduel::report::folder::json;
use predicates::prelude::PredicateBooleanExt;
use predicates::str::{contains, starts_with};
use tempfile::TempDir;

use super::exact::simulated;
use super::made_up::Plan;

const FORMATS: [&str; 9] = [
    "json",
    "html",
    "markdown",
    "junit",
    "smaller-is-better",
    "bigger-is-better",
    "bencher",
    "go-bench",
    "openmetrics",
];

/// A folder with Records by their names.
pub struct Desk(TempDir);

impl Desk {
    pub fn with(records: &[(&str, &Record)]) -> Self {
        let desk = Self(
            tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap(),
        );
        for (name, record) in records {
            let path = desk.path(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, json(*record)).unwrap();
        }
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn run(&self, arguments: &[&str]) -> Assert {
        let mut command = Command::new(cargo_bin!("cacheduel"));
        command.current_dir(self.0.path()).args(arguments).assert()
    }
}

fn measured(slower: f64, runs: u32) -> Desk {
    let (before, now) = Plan { paired: true, slower, runs, ..Plan::default() }.records();
    Desk::with(&[("before.json", &before), ("now.json", &now)])
}

#[test]
fn a_regression_ends_with_3_and_its_verdict_comes_first() {
    let assert = measured(1.2, 12).run(&["compare", "before.json", "now.json"]).code(3).stderr("");
    let told = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    let verdict = told.find("VERDICT (regressed)").expect("the verdict is there");
    assert!(verdict < told.find("CACHE-ASIDE\n").expect("so are the figures"));
    assert!(told.contains("cache-aside: read p50 went from "), "{told}");
    assert!(told.contains("(shown only)") || !told.contains("lost writes"), "{told}");
    measured(0.8, 12).run(&["compare", "before.json", "now.json"]).code(0);
}

#[test]
fn what_cannot_be_told_ends_with_4_only_where_that_was_asked_for() {
    let desk = measured(1.2, 3);
    let loud = starts_with("warning: Inconclusive: ");
    desk.run(&["compare", "before.json", "now.json"]).code(0).stderr(loud);
    desk.run(&["compare", "before.json", "now.json", "--strict"]).code(4);
}

#[test]
fn what_cannot_be_compared_ends_with_2_and_is_named() {
    let (before, mut now) = Plan::default().records();
    now.scenario.workload.seed = 7;
    let mut empty = before.clone();
    empty.contenders.clear();
    let desk = Desk::with(&[("a.json", &before), ("b.json", &now), ("empty.json", &empty)]);
    desk.run(&["compare", "a.json", "b.json"])
        .code(2)
        .stdout("")
        .stderr(contains("workload.seed: 42 against 7"));
    desk.run(&["compare", "empty.json", "a.json"]).code(1).stderr(contains("no runs"));
}

#[test]
fn a_baseline_goes_by_its_name_and_simulations_are_exact() {
    let (before, slower) = (simulated(1.0), simulated(1.1));
    let desk = Desk::with(&[
        ("reports/records/exact.json", &before),
        ("same/record.json", &before),
        ("slower.json", &slower),
    ]);
    desk.run(&["compare", "exact", "same"]).code(0).stdout(contains("Equal to the last count"));
    let differs = contains("WHAT DIFFERS").and(contains("read p50 went from"));
    desk.run(&["compare", "exact", "slower.json"]).code(3).stdout(differs);
    desk.run(&["compare", "exact", "slower.json", "--only", "no-cache"])
        .code(3)
        .stdout(contains("CACHE-ASIDE").not());
    desk.run(&["compare", "exact", "same", "--only", "ttl"])
        .code(2)
        .stderr(contains("it has no-cache"));
    desk.run(&["compare", "exakt", "same"])
        .code(2)
        .stderr(contains("no record exakt").and(contains("the records are exact")));
}

#[test]
fn misuse_is_told_before_anything_is_done() {
    let desk = measured(1.0, 2);
    for (arguments, told) in [
        (vec!["compare", "before.json"], "CANDIDATE"),
        (vec!["compare", "before.json", "nothing"], "there is no record nothing"),
        (vec!["compare", "before.json", "now.json", "--emit", "xml=a"], "there are json, markdown"),
        (vec!["compare", "before.json", "now.json", "--emit", "junit"], "FORMAT=FILE"),
        (vec!["compare", "before.json", "now.json", "--emit", "junit=no/such/a"], "no file can"),
        (vec!["gate", "quickstart"], "--baseline"),
        (vec!["gate", "quickstart", "--baseline", "a", "--against", "b"], "cannot be used with"),
        (vec!["gate", "quickstart", "--baseline", "a", "--pairs", "3"], "cannot be used with"),
        (vec!["gate", "quickstart", "--against", "b", "--pairs", "0"], "0 is not in"),
        (vec!["gate", "nothing", "--against", "b"], "there is no scenario nothing"),
    ] {
        desk.run(&arguments).code(2).stdout("").stderr(contains(told));
    }
}

#[test]
fn every_format_is_written_of_a_comparison_and_of_a_record() {
    let desk = measured(1.2, 12);
    for start in [&["compare", "before.json", "now.json"][..], &["report", "now.json"]] {
        let options: Vec<String> =
            FORMATS.iter().map(|name| format!("--emit={name}={}-{name}", start[0])).collect();
        let options = options.iter().map(String::as_str);
        let arguments: Vec<&str> = start.iter().copied().chain(options).collect();
        let code = if start[0] == "compare" { 3 } else { 0 };
        desk.run(&arguments).code(code);
        for name in FORMATS {
            let text = fs::read_to_string(desk.path(&format!("{}-{name}", start[0]))).unwrap();
            assert!(text.ends_with('\n') && text.len() > 20, "{name}: {text}");
        }
    }
    let printed = desk.run(&["compare", "before.json", "now.json", "--json"]).code(3);
    let printed = &printed.get_output().stdout;
    assert_eq!(*printed, fs::read(desk.path("compare-json")).unwrap());
    for of in ["comparison", "figures"] {
        desk.run(&["schema", of]).code(0).stdout(contains("\"format\""));
    }
}

pub const TINY: &str = r#"
question = "Do two builds take turns?"
[dataset]
entity = "counter"
keys = 50
[workload]
reads = 0.9
popularity = "uniform"
arrival = { even = { rate = 200 } }
warm-up = "200ms"
duration = "500ms"
[store]
server = "embedded"
[strategies]
no-cache = {}
"#;

#[test]
fn a_simulation_is_simulated_again_and_is_equal_or_not() {
    let desk = Desk::with(&[]);
    // Rows in memory would be as quick under any profile.
    let on_disk = TINY.replace("server = \"embedded\"", "server = \"sqlite\"");
    fs::write(desk.path("tiny.toml"), on_disk).unwrap();
    let run =
        ["run", "tiny.toml", "--simulate", "--repeats", "2", "--quiet", "--json", "--out", "first"];
    let record = desk.run(&run).code(0).get_output().stdout.clone();
    fs::create_dir_all(desk.path("reports/records")).unwrap();
    fs::write(desk.path("reports/records/tiny.json"), record).unwrap();
    let gate = ["gate", "tiny.toml", "--baseline", "tiny"];
    desk.run(&gate).code(0).stdout(contains("Equal to the last count"));

    let mut slower = Profile::default();
    slower.store.read = Spread::constant(Span::from_millis(3));
    fs::write(desk.path("slower.toml"), toml::to_string(&slower).unwrap()).unwrap();
    desk.run(&[&gate[..], &["--", "--profile", "slower.toml"]].concat())
        .code(3)
        .stdout(contains("no-cache: read p50 went from"));
}

/// Another build: this one, which notes that it was called.
fn other_build(desk: &Desk) {
    let own = cargo_bin!("cacheduel");
    let script = format!("#!/bin/sh\necho \"$@\" >> calls\nexec '{}' \"$@\"\n", own.display());
    fs::write(desk.path("other"), script).unwrap();
    fs::set_permissions(desk.path("other"), Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn two_builds_take_turns_and_their_runs_are_pairs() {
    let desk = Desk::with(&[]);
    fs::write(desk.path("tiny.toml"), TINY).unwrap();
    other_build(&desk);
    let arguments = ["gate", "tiny.toml", "--against", "./other", "--pairs", "2", "--strict"];
    let arguments =
        [&arguments[..], &["--emit=junit=gate.xml", "--", "--embedded", "--seed", "9"]].concat();
    let assert = desk.run(&arguments).code(4);
    let told = String::from_utf8(assert.get_output().stderr.clone()).unwrap();
    let turns: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("[pair ")).collect();
    assert_eq!(turns, ["1/2] baseline", "1/2] candidate", "2/2] candidate", "2/2] baseline"]);
    let calls = fs::read_to_string(desk.path("calls")).unwrap();
    assert_eq!(calls.lines().count(), 2, "{calls}");
    assert!(calls.lines().all(|call| call.contains("--repeats 1") && call.contains("--seed 9")));
    assert!(fs::read_to_string(desk.path("gate.xml")).unwrap().contains("<skipped"));

    let folder = only_entry(&desk.path("reports/tiny"));
    let candidate = report::read(&folder).unwrap();
    let baseline = report::read(&folder.join("baseline")).unwrap();
    assert!(baseline.pairing.is_some() && baseline.pairing == candidate.pairing);
    for record in [&baseline, &candidate] {
        let repeats: Vec<u32> = record.contenders[0].runs.iter().map(|run| run.repeat).collect();
        assert_eq!((repeats, record.scenario.repeats), (vec![0, 1], 2));
        assert_eq!(record.scenario.workload.seed, 9);
    }
    // What was measured can be compared again, from its files alone.
    let (candidate, baseline) = (folder.display().to_string(), folder.join("baseline"));
    desk.run(&["compare", &baseline.display().to_string(), &candidate])
        .code(0)
        .stdout(contains("2 valid pairs are too few").or(contains("INVALID")));
}

#[test]
fn a_run_is_held_against_a_stored_one() {
    let desk = Desk::with(&[]);
    fs::write(desk.path("tiny.toml"), TINY).unwrap();
    desk.run(&["run", "tiny.toml", "--embedded", "--quiet", "--out", "first"]);
    let stored = only_entry(&desk.path("first/tiny")).display().to_string();
    let arguments = ["gate", "tiny.toml", "--baseline", &stored, "--repeats", "1", "--quiet", "--"];
    let assert = desk.run(&[&arguments[..], &["--embedded"]].concat()).code(0);
    assert.stdout(contains("VERDICT (inconclusive)")).stderr(starts_with("warning: Inconclusive"));
    desk.run(&[&arguments[..], &["--embedded", "--seed", "2"]].concat())
        .code(2)
        .stderr(contains("workload.seed: 1 against 2"));
    desk.run(&[&arguments[..], &["--no-such-option"]].concat())
        .code(1)
        .stderr(contains("no-such-option"));
    desk.run(&["gate", "tiny.toml", "--against", "./nobody"])
        .code(2)
        .stderr(contains("no such program"));
    fs::write(desk.path("broken"), "#!/bin/sh\nexit 0\n").unwrap();
    fs::set_permissions(desk.path("broken"), Permissions::from_mode(0o755)).unwrap();
    let broken = ["gate", "tiny.toml", "--against", "./broken", "--quiet"];
    desk.run(&broken).code(1).stderr(contains("left no report"));
}

pub fn only_entry(folder: &Path) -> PathBuf {
    let entries: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(entries.len(), 1, "{entries:?}");
    entries.into_iter().next().unwrap()
}
