//! The real program against a real Redis and SQLite: what it leaves, and how it ends. Never how fast.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use cacheduel::record::ceilings::{Ceilings, Outcome};
use cacheduel::report::ceilings;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

use super::assert_consistent;

const PATIENCE: Duration = Duration::from_secs(240);

const SCENARIO: &str = r#"question = "How many requests a second?"
[dataset]
entity = "product"
keys = 20
size = "256B"
[workload]
reads = 0.9
popularity = "uniform"
arrival = { poisson = { rate = 300 } }
warm-up = "100ms"
duration = "1s"
[strategies.no-cache]
[strategies.ttl]
ttl = "300ms"
[thresholds]
read-p50 = "5s"
lost-writes = 0
errors = 0.5
"#;

struct Place(TempDir);

impl Place {
    fn with(from: &str, to: &str) -> Self {
        assert!(SCENARIO.contains(from), "the scenario does not say {from}");
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tiny.toml"), SCENARIO.replacen(from, to, 1)).unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Self(folder)
    }

    fn new() -> Self {
        Self::with("", "")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin!("cacheduel"));
        command.current_dir(self.0.path()).args(arguments);
        command
    }

    fn search(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(&["find-max", "tiny.toml", "--work-dir", "work"]);
        command.args(["--out", "out", "--from", "50", "--step", "200ms"]).args(arguments);
        command
    }

    /// The one report that was written.
    fn report(&self) -> PathBuf {
        let reports = names(&self.path("out/tiny"));
        let [report] = reports.as_slice() else { panic!("not one report: {reports:?}") };
        self.path("out/tiny").join(report)
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn finish(command: Command) -> Output {
    assert_cmd::Command::from_std(command).timeout(PATIENCE).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_real_search_ends_with_a_report_and_nothing_else() {
    let place = Place::new();
    let output = finish(place.search(&["--to", "200"]));
    let (told, progress) = (text(&output.stdout), text(&output.stderr));
    // A machine that is too busy for any rate has the generator outrun, and none that holds.
    assert!([Some(0), Some(3)].contains(&output.status.code()), "{told}{progress}");
    assert_eq!(names(&place.path("work")), [""; 0], "left behind");
    assert_eq!(names(&place.report()), ["charts", "find-max.json", "report.html"]);
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    assert!(progress.contains("[1] no-cache at 50 req/s: "), "{progress}");

    let record = ceilings::read(&place.report()).unwrap();
    assert_real(&record);
    assert_eq!(output.status.code(), Some(if record.any_holds() { 0 } else { 3 }));
    let told_of = told.split("\nreport: ").next().unwrap();
    assert_eq!(told_of, ceilings::text(&record));

    let page = fs::read_to_string(place.report().join("report.html")).unwrap();
    fs::remove_file(place.report().join("report.html")).unwrap();
    let report = place.report();
    let again = finish(place.command(&["report", report.to_str().unwrap()]));
    assert_eq!(again.status.code(), Some(0), "{}", text(&again.stderr));
    assert_eq!(text(&again.stdout), told_of);
    assert_eq!(fs::read_to_string(report.join("report.html")).unwrap(), page);
    let csv = finish(place.command(&["report", report.to_str().unwrap(), "--format", "csv"]));
    assert_eq!(csv.status.code(), Some(1));
    assert!(text(&csv.stderr).contains("find-max"), "{}", text(&csv.stderr));
}

fn assert_real(record: &Ceilings) {
    assert_consistent(record);
    assert!(!record.is_partial());
    assert_eq!((record.cache.kind.as_str(), record.cache.managed), ("redis", true));
    assert_eq!(record.store.kind, "sqlite");
    assert!(record.source.contains("[strategies.no-cache]") && record.host.cores > 0);
    let labels: Vec<_> = record.ceilings.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, ["no-cache", "ttl"]);
    for step in record.ceilings.iter().flat_map(|ceiling| &ceiling.steps) {
        assert!((50.0..=200.0).contains(&step.rate));
        assert!(step.figures.generator_cpu.is_some());
        let wrong = step.invalid().find(|check| check.name == "server counters");
        assert_eq!(wrong, None);
        // A busy machine may be late; nothing else may be wrong with figures that ask so little.
        assert!(matches!(step.outcome, Outcome::Held | Outcome::Outrun), "{step:?}");
    }
}

#[test]
fn what_cannot_be_searched_is_refused_before_anything_is_made() {
    let closed = "{ closed = { clients = 2 } }";
    let cases = [
        ("[thresholds]\nread-p50 = \"5s\"\nlost-writes = 0\nerrors = 0.5\n", "", "[thresholds]"),
        ("{ poisson = { rate = 300 } }", closed, "poisson"),
        ("lost-writes", "update-p99 = \"5s\"\nlost-writes", "--from"),
    ];
    for (from, to, word) in cases {
        let place = Place::with(from, to);
        let mut command = place.command(&["find-max", "tiny.toml", "--from", "1"]);
        command.args(["--out", "out", "--work-dir", "work"]);
        let output = finish(command);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(word), "{told}");
        assert!(names(&place.path("out")).is_empty());
    }
}

#[test]
fn a_search_that_is_interrupted_keeps_what_it_has() {
    // Each step takes long enough to be met in its course.
    let place = Place::with("warm-up = \"100ms\"", "warm-up = \"3s\"");
    let mut command = place.search(&["--embedded", "--store", "embedded", "--only", "ttl"]);
    command.args(["--precision", "0.5%"]).process_group(0);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("[1] ") {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before it had begun");
    }
    kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
    let mut told = String::new();
    stderr.read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{told}");
    assert!(told.contains("not finished"), "{told}");
    assert_eq!(names(&place.path("work")), [""; 0], "left behind");

    let record = ceilings::read(&place.report()).unwrap();
    assert!(
        record.is_partial()
            && record.checks.iter().any(|check| check.detail.contains("interrupted"))
    );
    assert!(!record.ceilings[0].steps.is_empty());
    assert!(!record.ceilings[0].answer.finished);
}
