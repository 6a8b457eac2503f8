//! Runs that end well, and what they leave to read.

use std::fs;
use std::os::unix::fs::symlink;
use std::process::{Command, Stdio};

use assert_cmd::cargo::cargo_bin;
use cacheduel::record::{Record, Standing};
use cacheduel::report;

use super::{Stage, assert_code, contents, finish, is_progress, names, stderr, stdout};

#[test]
fn a_real_run_of_every_strategy_ends_with_a_report_and_nothing_else() {
    let stage = Stage::new();
    let output = stage.run(&[]);
    assert_code(&output, 0);
    stage.assert_clear();
    assert_eq!(names(stage.folder.path()), ["out", "tiny.toml", "work"]);

    let report = stage.report();
    let expected = ["charts", "intervals.hlog", "record.json", "report.html", "timeline.csv"];
    assert_eq!(names(&report), expected);
    let charts = names(&report.join("charts"));
    assert!(!charts.is_empty() && charts.iter().all(|name| name.ends_with(".svg")), "{charts:?}");

    let told = stdout(&output);
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    let place = report.strip_prefix(stage.folder.path()).unwrap().join("report.html");
    assert!(told.contains(place.to_str().unwrap()), "{told}");
    let progress = stderr(&output);
    assert_eq!(progress.lines().filter(|line| is_progress(line)).count(), 1, "{progress}");
    assert!(progress.contains("[6/6] event-invalidation"), "{progress}");

    assert_figures(&report::read(&report).unwrap());
}

/// What must hold of the figures on any machine, however slow or busy.
fn assert_figures(record: &Record) {
    assert_eq!((record.cache.kind.as_str(), record.cache.managed), ("redis", true));
    assert!(record.cache.version.contains('.'), "{:?}", record.cache);
    assert_eq!(record.store.kind, "sqlite");
    let labels: Vec<_> = record.contenders.iter().map(|one| one.label.as_str()).collect();
    let expected =
        ["no-cache", "cache-aside", "write-through", "write-behind", "ttl", "event-invalidation"];
    assert_eq!(labels, expected);

    let without = &record.contenders[0];
    assert_eq!((without.hit_ratio(), without.stale_share()), (Some(0.0), Some(0.0)));
    assert!(record.contenders[1..].iter().all(|one| one.hit_ratio() > Some(0.0)));
    for contender in &record.contenders {
        let label = &contender.label;
        assert_eq!(contender.lost_writes(), 0, "{label}");
        assert_eq!(contender.error_share(), Some(0.0), "{label}");
        for check in contender.runs.iter().flat_map(|run| &run.checks) {
            let is_plain = ["no-cache", "cache-aside", "ttl"].contains(&label.as_str());
            match check.name.as_str() {
                "server counters" if is_plain => {
                    assert_eq!(check.standing, Standing::Ok, "{label}: {}", check.detail);
                }
                // A busy machine may start requests late; that is the machine's fault.
                "dispatch lag" | "generator" | "achieved rate" | "answered" => {}
                _ => assert_ne!(check.standing, Standing::Invalid, "{label}: {}", check.detail),
            }
        }
    }
}

#[test]
fn a_report_is_rendered_again_from_its_record_alone() {
    let stage = Stage::new();
    assert_code(&stage.run(&["--embedded", "--only", "cache-aside,ttl"]), 0);
    let report = stage.report();
    fs::create_dir(stage.path("copy")).unwrap();
    fs::copy(report.join("record.json"), stage.path("copy/record.json")).unwrap();
    let before = contents(&report);
    fs::remove_dir_all(stage.path("out")).unwrap();

    let mut again = Command::new(cargo_bin!("cacheduel"));
    again.current_dir(stage.folder.path()).args(["report", "copy/record.json", "--out", "again"]);
    assert_code(&finish(again), 0);
    let after = contents(&stage.path("again"));
    for ((name, was), (name_now, is)) in std::iter::zip(&before, &after) {
        assert!(name == name_now && was == is, "{} differs", name.display());
    }
    assert_eq!(before.len(), after.len());
    assert_eq!(
        names(&stage.path("copy")),
        ["record.json"],
        "the record's own folder is left alone"
    );
}

#[test]
fn a_strategy_runs_against_itself_and_the_report_shows_how_far_it_was_apart() {
    let stage = Stage::new();
    let output = stage.run(&["--embedded", "--aa", "--only", "ttl", "--repeats", "2"]);
    assert_code(&output, 0);
    assert!(stdout(&output).contains("NOISE FLOOR"), "{}", stdout(&output));
    let report = stage.report().join("record.json");
    let record: Record = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    let twins: Vec<_> =
        record.contenders.iter().map(|one| (one.label.as_str(), one.twin_of.as_deref())).collect();
    assert_eq!(twins, [("ttl", None), ("ttl@again", Some("ttl"))]);
    let order: Vec<u32> = record.contenders[0].runs.iter().map(|run| run.position).collect();
    assert_eq!(order, [0, 3], "first in one repeat, last in the next");
    let mut again = Command::new(cargo_bin!("cacheduel"));
    again.current_dir(stage.folder.path()).arg("report").arg(report).args(["--out", "again"]);
    assert_code(&finish(again), 0);
    let page = fs::read_to_string(stage.path("again/report.html")).unwrap();
    assert!(page.contains("id=\"noise-floor\""), "it is in the Record");
}

#[test]
fn an_embedded_run_says_so_wherever_it_is_looked_at() {
    let stage = Stage::new();
    assert_embedded(&stage, stage.command(&["--embedded", "--only", "ttl"]), "asked for");
}

#[test]
fn a_machine_without_redis_runs_the_twin_and_says_so() {
    let stage = Stage::new();
    let mut command = stage.command(&["--only", "ttl"]);
    fs::create_dir(stage.path("empty")).unwrap();
    command.env("PATH", stage.path("empty"));
    assert_embedded(&stage, command, "neither redis-server nor valkey-server is on PATH");
}

#[test]
fn a_program_that_is_called_redis_and_is_none_is_told_with_what_it_said() {
    let stage = Stage::new();
    fs::create_dir(stage.path("bin")).unwrap();
    symlink("/bin/ls", stage.path("bin/redis-server")).unwrap();
    let mut command = stage.command(&["--only", "ttl"]);
    command.env("PATH", stage.path("bin"));
    let output = finish(command);
    assert_code(&output, 1);
    assert!(stderr(&output).contains("cannot start"), "{}", stderr(&output));
    assert!(names(&stage.path("out")).is_empty());
    stage.assert_clear();
}

fn assert_embedded(stage: &Stage, command: Command, why: &str) {
    let output = finish(command);
    assert_code(&output, 0);
    let warning = stderr(&output).replace("\n         ", " ");
    assert!(warning.contains("warning: embedded: ") && warning.contains(why), "{warning}");
    assert!(stdout(&output).contains(report::EMBEDDED_NOTICE), "{}", stdout(&output));
    let record = report::read(&stage.report()).unwrap();
    assert!(record.is_embedded());
    assert!(record.checks.iter().any(|check| check.name == "embedded"), "{:?}", record.checks);
    let page = fs::read_to_string(stage.report().join("report.html")).unwrap();
    // The page has an apostrophe in its own way.
    let notice = report::EMBEDDED_NOTICE.split('\'').next().unwrap();
    assert!(page.contains(notice));
    stage.assert_clear();
}

#[test]
fn json_on_standard_output_is_the_record_and_quiet_is_silent() {
    let stage = Stage::with(&[("arrival = { poisson = { rate = 300 } }", CLOSED)]);
    let output = stage.run(&["--json", "--quiet", "--only", "ttl"]);
    assert_code(&output, 0);
    assert_eq!(stderr(&output), "");
    let told: Record = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(told, report::read(&stage.report()).unwrap());
    stage.assert_clear();
}

const CLOSED: &str = "arrival = { closed = { clients = 2, think = \"5ms\" } }";

#[test]
fn a_reader_that_goes_away_costs_neither_the_report_nor_the_exit_code() {
    let stage = Stage::new();
    let mut command = stage.command(&["--embedded", "--only", "ttl"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_code(&output, 0);
    assert!(!stderr(&output).contains("error"), "{}", stderr(&output));
    assert!(stage.report().join("record.json").is_file());
    stage.assert_clear();
}
