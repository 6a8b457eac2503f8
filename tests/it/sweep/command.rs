//! `cacheduel sweep` as a person calls it.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use cacheduel::record::Standing;
use cacheduel::report;
use cacheduel::report::sweep;
use rustix::process::{Pid, Signal, kill_process_group};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(240);

const SCENARIO: &str = r#"question = "How long should an entry live?"
[dataset]
entity = "product"
keys = 20
size = "256B"
[workload]
reads = 0.9
popularity = "uniform"
arrival = { poisson = { rate = 300 } }
warm-up = "300ms"
duration = "3s"
[strategies.no-cache]
[strategies.ttl]
ttl = "300ms"
[thresholds]
stale-share = 0.9
"#;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("tiny.toml"), SCENARIO).unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(cargo_bin!("cacheduel"));
        command.current_dir(self.0.path()).args(arguments);
        assert_cmd::Command::from_std(command).timeout(PATIENCE).output().unwrap()
    }

    fn sweep(&self, arguments: &[&str]) -> Output {
        self.run(&[&["sweep", "tiny.toml", "--out", "out"], arguments].concat())
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

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn a_simulated_sweep_ends_with_a_report_and_the_records_of_its_points() {
    let place = Place::new();
    let output = place.sweep(&["--vary", "ttl=100ms..300ms:3", "--simulate"]);
    let (told, progress) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{told}{progress}");
    assert!(progress.contains("point 2 of 3: ttl = 200ms"), "{progress}");
    let report = place.report();
    assert_eq!(names(&report), ["charts", "points", "report.html", "sweep.json"]);
    assert_eq!(names(&report.join("points")), ["01.json", "02.json", "03.json"]);

    let found = sweep::read(&report).unwrap();
    assert!(found.simulated && !found.is_partial());
    let told_of = told.split("\nreport: ").next().unwrap();
    assert_eq!(told_of, sweep::text(&found));
    for point in &found.points {
        let record = report::read(&report.join(&point.record)).unwrap();
        assert_eq!((record.plan.hash.as_str(), record.standing()), (&*point.plan, point.standing));
        assert!(record.source.contains(&format!("ttl = \"{}\"", point.written)));
        let path = report.join(&point.record);
        let shown = place.run(&["report", path.to_str().unwrap()]);
        assert_eq!(shown.status.code(), Some(0), "{}", text(&shown.stderr));
    }

    let page = fs::read_to_string(report.join("report.html")).unwrap();
    fs::remove_file(report.join("report.html")).unwrap();
    let again = place.run(&["report", report.to_str().unwrap()]);
    assert_eq!(text(&again.stdout), told_of);
    assert_eq!(fs::read_to_string(report.join("report.html")).unwrap(), page);

    let json = place.sweep(&["--vary", "ttl=100ms..300ms:3", "--simulate", "--json", "--quiet"]);
    let other: cacheduel::record::sweep::Sweep = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(other.points, found.points, "the same seed, the same figures");
    assert_eq!(text(&json.stderr), "");
}

#[test]
fn a_real_sweep_is_made_of_real_runs() {
    let place = Place::new();
    let embedded = ["--embedded", "--store", "embedded"];
    let output =
        place.sweep(&[&embedded[..], &["--vary", "writes=5%,20%", "--seed", "7"]].concat());
    let told = text(&output.stdout);
    assert!([Some(0), Some(3)].contains(&output.status.code()), "{}", text(&output.stderr));
    assert!(told.contains("embedded: "), "{told}");
    let found = sweep::read(&place.report()).unwrap();
    assert!(!found.simulated);
    assert_eq!(found.cache.kind, "embedded");
    assert_eq!(found.scenario.workload.seed, 7);
    assert_eq!(found.points.len(), 2);
    assert!(found.points.iter().all(|point| point.standing != Standing::NotApplicable));
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_runs() {
    let cases: [(&[&str], &str); 11] = [
        (&["--vary", "ttk=1s..5s"], "did you mean `ttl`?"),
        (&["--vary", "workload.nods=1,2"], "did you mean `workload.nodes`?"),
        (&["--vary", "ttl=5s..1s"], "is empty"),
        (&["--vary", "ttl=1s..5s:0"], "0 steps are too few"),
        (&["--vary", "ttl=1..5"], "`ttl` is not a span of time"),
        (&["--vary", "nodes=1s..5s"], "`nodes` is not a whole number"),
        (&["--vary", "writes=10%..200%"], "writes = "),
        (&["--vary", "ttl"], "has no `=`"),
        (&["--vary", "ttl=1s..5s", "--only", "cache-aside"], "no such strategy"),
        (&["--vary", "ttl=1s..5s", "--simulate", "--redis-url", "redis://h"], "--redis-url"),
        (&[], "--vary"),
    ];
    for (arguments, expected) in cases {
        let place = Place::new();
        let output = place.sweep(arguments);
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
        assert!(!place.path("out").exists());
    }
}

#[test]
fn it_ends_as_a_run_does() {
    let place = Place::new();
    fs::write(place.path("tiny.toml"), SCENARIO.replace("stale-share = 0.9", "hit-ratio = 0.999"))
        .unwrap();
    let output = place.sweep(&["--vary", "ttl=100ms,200ms", "--simulate", "--quiet"]);
    assert_eq!(output.status.code(), Some(3), "{}", text(&output.stderr));
}

#[test]
fn a_sweep_that_is_interrupted_keeps_what_it_has() {
    let place = Place::new();
    let mut command = Command::new(cargo_bin!("cacheduel"));
    command.current_dir(place.0.path()).args(["sweep", "tiny.toml", "--out", "out"]);
    command.args(["--embedded", "--store", "embedded", "--only", "ttl"]);
    command.args(["--vary", "ttl=100ms,200ms,300ms"]).process_group(0);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    // Within the second point: its run has begun, and takes seconds.
    let (mut points, mut is_running) = (0, false);
    while !(points == 2 && is_running) {
        line.clear();
        assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before it had begun");
        points += usize::from(line.starts_with("point "));
        is_running = points == 2 && line.starts_with("[1/1] ");
    }
    kill_process_group(Pid::from_child(&child), Signal::INT).unwrap();
    let mut told = String::new();
    stderr.read_to_string(&mut told).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{told}");
    assert!(told.contains("not finished"), "{told}");

    let found = sweep::read(&place.report()).unwrap();
    assert!(found.is_partial());
    assert!(found.checks.iter().any(|check| check.detail.contains("interrupted")));
    assert_eq!(found.points[0].written, "100ms");
    assert_eq!(found.varied.planned.len(), 3);
    // What there is of the second point is marked, and takes no part.
    let begun: Vec<_> = found.points.iter().skip(1).map(|point| point.standing).collect();
    assert!(begun.len() <= 1 && begun.iter().all(|standing| *standing == Standing::Invalid));
}
