//! The history of a scenario's figures: what is planted in it is named, what cannot be compared stands apart,
//! and the file takes no harm from whoever writes to it.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use assert_cmd::assert::{Assert, OutputAssertExt};
use assert_cmd::cargo::cargo_bin;
use cacheduel::compare::Metric;
use cacheduel::history::{Entry, Error, History, Series, Wanted, series};
use cacheduel::record::{Check, Record, Standing};
use cacheduel::report::history::{json, text};
use predicates::str::contains;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::comparing::command::TINY;
use crate::comparing::exact::simulated;
use crate::comparing::made_up::Plan;

/// A real run on day `day` of November, whose strategies are so many times as slow.
fn night(day: u32, slower: f64) -> Record {
    let plan = Plan { seed: u64::from(day), runs: 3, slower, ..Plan::default() };
    let (_, mut record) = plan.records();
    record.started = format!("2026-11-{day:02}T02:00:00Z");
    record
}

/// Nights of which those from the 19th on are a fifth slower.
fn nights() -> Vec<Record> {
    (1..=28).map(|day| night(day, if day < 19 { 1.0 } else { 1.2 })).collect()
}

/// A history that has been written and read again.
fn kept(records: &[Record]) -> Vec<Entry> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.db");
    let mut written = Vec::new();
    for record in records {
        // The day of the month, as if it was the name of a revision.
        let entry = Entry::of(record, &format!("r{}", &record.started[8..10]));
        History::open(&path).unwrap().add(&entry).unwrap();
        written.push(entry);
    }
    let read = History::existing(&path).unwrap().entries(&Wanted::default()).unwrap();
    assert!(read == written, "what is read is what was written");
    read
}

fn only(found: &[Series], metric: Metric) -> &Series {
    let mut found = found.iter().filter(|it| it.metric == metric && it.strategy == "cache-aside");
    let only = found.next().unwrap();
    assert!(found.next().is_none(), "there is one of {}", metric.name());
    only
}

#[test]
fn a_planted_shift_is_named_with_its_revision_and_nothing_else_is() {
    let found = series(&kept(&nights()), &Metric::PRIMARY, 100);
    let p50 = only(&found, Metric::ReadP50);
    assert_eq!((p50.points.len(), p50.shifts.len()), (28, 1), "{:?}", p50.shifts);
    let shift = p50.shifts[0];
    assert_eq!(p50.points[shift.at].revision, "r19");
    assert!((0.12..0.28).contains(&shift.change()), "{}", shift.change());
    assert!(shift.is_worse(Metric::ReadP50) && !shift.is_worse(Metric::HitRatio));
    for metric in [Metric::HitRatio, Metric::StoreReads] {
        assert_eq!(only(&found, metric).shifts, []);
    }
    let told = text(&found);
    assert!(told.lines().all(|line| line.chars().count() <= 100), "{told}");
    let sentence = told.split("WHAT HAS CHANGED").nth(1).unwrap().replace("\n  ", " ");
    assert!(sentence.contains("read p50 of cache-aside rose by "), "{told}");
    assert!(sentence.contains(" at revision r19 (2026-11-19T02:00:00Z), from "), "{told}");
    assert!(sentence.contains(": worse"), "{told}");
    assert!(told.contains("Example CPU 3.2 GHz, 8 cores"), "{told}");
}

#[test]
fn the_last_runs_alone_know_of_no_earlier_level() {
    let found = series(&kept(&nights()), &[Metric::ReadP50], 10);
    let p50 = only(&found, Metric::ReadP50);
    assert_eq!((p50.points.len(), &p50.shifts[..]), (10, &[][..]));
    let one = [p50.clone()];
    let told = text(&one);
    assert_eq!(told.matches("2026-11-").count(), 10, "each run of the one series: {told}");
    assert!(told.contains("Nothing that can be told from chance."), "{told}");
}

#[test]
fn other_machines_plans_and_options_are_series_of_their_own() {
    let mut records: Vec<Record> = (1..=10).map(|day| night(day, 1.0)).collect();
    for day in 11..=20 {
        let mut slower = night(day, 2.0);
        match day % 2 {
            0 => slower.host.cpu = "Another CPU".into(),
            _ => slower.plan.hash = "another".into(),
        }
        records.push(slower);
    }
    let found = series(&kept(&records), &[Metric::ReadP50], 100);
    let found: Vec<_> = found.iter().filter(|it| it.strategy == "cache-aside").collect();
    let lengths: Vec<_> = found.iter().map(|it| it.points.len()).collect();
    assert_eq!(lengths, [10, 5, 5]);
    assert!(found.iter().all(|it| it.shifts.is_empty()));
}

#[test]
fn a_strategy_with_other_options_is_told_apart_from_what_it_was() {
    let mut records: Vec<Record> = (1..=12).map(|day| night(day, 1.0)).collect();
    for record in &mut records[7..] {
        let strategies = &mut record.scenario.strategies.0;
        let ttl = strategies.iter().find(|one| one.label == "ttl").unwrap().spec.clone();
        strategies.iter_mut().find(|one| one.label == "cache-aside").unwrap().spec = ttl;
    }
    let found = series(&kept(&records), &[Metric::ReadP50], 100);
    let lengths: Vec<_> = found.iter().map(|it| (it.strategy.as_str(), it.points.len())).collect();
    assert_eq!(lengths, [("cache-aside", 7), ("ttl", 12), ("cache-aside", 5)]);
    let told = text(&found);
    assert!(told.contains("  cache-aside (until 2026-11-07)  read p50     7  "), "{told}");
    assert!(told.contains("  cache-aside                     read p50     5  "), "{told}");
}

#[test]
fn what_is_invalid_is_shown_and_is_in_no_level() {
    let mut records: Vec<Record> = (1..=20).map(|day| night(day, 1.0)).collect();
    for record in &mut records[14..20] {
        *record = night(record.started[8..10].parse().unwrap(), 3.0);
        let (name, detail) = ("dispatch lag".into(), "late".into());
        record.checks.push(Check { name, standing: Standing::Invalid, detail });
    }
    let found = series(&kept(&records), &[Metric::ReadP50], 100);
    let p50 = only(&found, Metric::ReadP50);
    assert_eq!(p50.points.iter().filter(|point| !point.valid).count(), 6);
    assert_eq!(p50.shifts, []);
    let told = text(std::slice::from_ref(p50));
    assert_eq!(told.matches("INVALID").count(), 6, "{told}");
    assert!(told.contains("......\n"), "{told}");
}

#[test]
fn any_difference_between_simulations_is_a_change() {
    let mut records = vec![simulated(1.0), simulated(1.0), simulated(1.0)];
    records[2].contenders[1].runs[0].measures.lookups.hits += 1;
    for (record, day) in records.iter_mut().zip(1..) {
        record.started = format!("2026-11-{day:02}T02:00:00Z");
    }
    let found = series(&kept(&records), &[Metric::HitRatio, Metric::ReadP50], 100);
    let hits = only(&found, Metric::HitRatio);
    assert_eq!(hits.shifts.iter().map(|shift| shift.at).collect::<Vec<_>>(), [2]);
    assert!(!hits.shifts[0].is_worse(Metric::HitRatio));
    assert_eq!(only(&found, Metric::ReadP50).shifts, []);
    records[2].profile.as_mut().unwrap().source = "another".into();
    let apart = series(&kept(&records), &[Metric::ReadP50], 100);
    assert_eq!(apart.iter().filter(|it| it.strategy == "cache-aside").count(), 2);
}

#[test]
fn the_json_fits_its_schema() {
    let schema =
        Command::new(cargo_bin!("cacheduel")).args(["schema", "history"]).output().unwrap();
    let schema = serde_json::from_slice(&schema.stdout).unwrap();
    let found = series(&kept(&nights()), &Metric::ALL, 100);
    let file: serde_json::Value = serde_json::from_str(&json(&found)).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    assert!(validator.is_valid(&file));
    let p50 = file["series"]
        .as_array()
        .unwrap()
        .iter()
        .find(|series| series["metric"] == "read-p50" && series["strategy"] == "cache-aside");
    let p50 = p50.unwrap();
    assert_eq!((&p50["unit"], &p50["better"]), (&"ns".into(), &"lower".into()));
    assert_eq!(p50["shifts"][0]["revision"], "r19");
    assert_eq!(p50["points"].as_array().unwrap().len(), 28);
}

/// A folder with a scenario that is simulated in no time.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        fs::write(desk.0.path().join("tiny.toml"), TINY).unwrap();
        desk
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin!("cacheduel"));
        command.current_dir(self.0.path()).args(arguments);
        // No repository around the folder is of any concern.
        command.env("GIT_CEILING_DIRECTORIES", self.0.path().parent().unwrap());
        command
    }

    fn run(&self, arguments: &[&str]) -> Assert {
        self.command(arguments).assert()
    }

    /// A simulation that is kept, on its way.
    fn keeping(&self, more: &[&str]) -> Child {
        let run = ["run", "tiny.toml", "--simulate", "--quiet", "--history", "h.db"];
        let mut command = self.command(&[&run, more].concat());
        command.stdout(Stdio::null()).spawn().unwrap()
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"];
        let mut command = Command::new("git");
        let done = command.current_dir(self.0.path()).args(identity).args(arguments).output();
        assert!(done.unwrap().status.success(), "{arguments:?}");
    }

    fn points(&self, more: &[&str]) -> Vec<serde_json::Value> {
        let shown = self.run(&[&["history", "h.db", "--json"], more].concat()).code(0);
        let file: serde_json::Value = serde_json::from_slice(&shown.get_output().stdout).unwrap();
        file["series"][0]["points"].as_array().unwrap().clone()
    }
}

#[test]
fn runs_and_gates_are_kept_with_their_revisions() {
    let desk = Desk::new();
    let simulate = ["--simulate", "--quiet", "--history", "h.db"];
    desk.run(&[&["run", "tiny.toml"], &simulate[..]].concat()).code(0);
    desk.git(&["init", "--quiet"]);
    desk.git(&["add", "tiny.toml"]);
    desk.git(&["commit", "--quiet", "--message", "One"]);
    desk.run(&[&["run", "tiny.toml"], &simulate[..]].concat()).code(0);
    desk.run(&["bless", "tiny.toml"]).code(0);
    let gate = ["gate", "tiny.toml", "--baseline", "tiny", "--quiet", "--history", "h.db"];
    desk.run(&[&gate[..], &["--revision", "mine"]].concat()).code(0);
    let points = desk.points(&["--metric", "read-p50"]);
    let revisions: Vec<_> = points.iter().map(|it| it["revision"].as_str().unwrap()).collect();
    assert_eq!(revisions.len(), 3);
    assert_eq!((revisions[0], revisions[2]), ("", "mine"));
    assert!(revisions[1].len() == 12 && revisions[1].chars().all(|it| it.is_ascii_hexdigit()));
    fs::write(desk.0.path().join("tiny.toml"), TINY.replace("turns?", "turns now?")).unwrap();
    desk.run(&[&["run", "tiny.toml"], &simulate[..]].concat()).code(0);
    let points = desk.points(&["--last", "1"]);
    assert!(points[0]["revision"].as_str().unwrap().ends_with("-dirty"), "{points:?}");

    desk.run(&["history", "h.db", "--strategy", "no-cache"]).code(0).stdout(contains("no-cache"));
    for (more, told) in [
        (["--scenario", "quickstart"], "it has the scenarios tiny with the strategies no-cache"),
        (["--metric", "p50"], "there is no figure p50; there are read-p50"),
        (["--last", "0"], "0 is not in"),
    ] {
        desk.run(&[&["history", "h.db"], &more[..]].concat()).code(2).stderr(contains(told));
    }
    let revision = ["run", "tiny.toml", "--revision", "a"];
    desk.run(&revision).code(2).stderr(contains("--history"));
    let control = ["run", "tiny.toml", "--history", "h.db", "--revision", "a\nb"];
    desk.run(&control).code(2).stderr(contains("on one line"));
}

#[test]
fn any_number_of_processes_may_write_at_once() {
    let desk = Desk::new();
    let each = |number: u32| desk.keeping(&["--out", &number.to_string()]);
    let running: Vec<Child> = (0..6).map(each).collect();
    for mut run in running {
        assert!(run.wait().unwrap().success());
    }
    assert_eq!(desk.points(&[]).len(), 6);
}

#[test]
fn a_run_that_is_killed_leaves_nothing_half_written() {
    let desk = Desk::new();
    let long = TINY.replace("duration = \"500ms\"", "duration = \"2h\"");
    fs::write(desk.0.path().join("tiny.toml"), long).unwrap();
    let mut run = desk.keeping(&[]);
    let file = desk.0.path().join("h.db");
    // It is opened before anything is measured.
    while !file.exists() {
        assert_eq!(run.try_wait().unwrap(), None, "it goes on for long");
        std::thread::yield_now();
    }
    run.kill().unwrap();
    run.wait().unwrap();
    fs::write(desk.0.path().join("tiny.toml"), TINY).unwrap();
    assert!(desk.keeping(&[]).wait().unwrap().success());
    assert_eq!(desk.points(&[]).len(), 1);
    let connection = Connection::open(&file).unwrap();
    let sound: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(sound, "ok");
}

/// A history with one run, after a statement of SQL.
fn tampered(folder: &Path, sql: &str) -> std::path::PathBuf {
    let path = folder.join("tampered.db");
    let _ = fs::remove_file(&path);
    History::open(&path).unwrap().add(&Entry::of(&night(1, 1.0), "")).unwrap();
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    path
}

#[test]
fn a_file_that_is_no_history_is_told_apart_and_left_as_it_is() {
    let desk = Desk::new();
    let path = |name: &str| desk.0.path().join(name);
    fs::write(path("text.db"), "a text that is longer than the head of a database").unwrap();
    fs::write(path("empty.db"), "").unwrap();
    Connection::open(path("other.db")).unwrap().execute_batch("CREATE TABLE mine (a)").unwrap();
    for (file, told) in [
        ("text.db", "text.db is not a history of cacheduel: no database of SQLite"),
        (
            "other.db",
            "other.db is not a history of cacheduel: a database of SQLite, but of another",
        ),
    ] {
        let before = fs::read(path(file)).unwrap();
        desk.run(&["history", file]).code(1).stderr(contains(told));
        let run = ["run", "tiny.toml", "--simulate", "--quiet", "--history", file];
        desk.run(&run).code(1).stdout("").stderr(contains(told));
        assert_eq!(fs::read(path(file)).unwrap(), before, "{file}");
    }
    desk.run(&["history", "empty.db"]).code(1).stderr(contains("it is empty"));
    desk.run(&["history", "nothing.db"]).code(1).stderr(contains("cannot read nothing.db"));
    desk.run(&["run", "tiny.toml", "--simulate", "--history", "no/h.db"])
        .code(1)
        .stderr(contains("the history no/h.db cannot be used"));

    let newer = tampered(desk.0.path(), "PRAGMA user_version = 2");
    assert!(matches!(History::existing(&newer), Err(Error::Version { found: 2, .. })));
    assert!(matches!(History::open(&newer), Err(Error::Version { found: 2, .. })));
    let cut = tampered(desk.0.path(), "DROP TABLE figure");
    let read = History::existing(&cut).unwrap().entries(&Wanted::default());
    assert!(matches!(read, Err(Error::Database { .. })));
    let negative = tampered(desk.0.path(), "UPDATE figure SET value = -1 WHERE unit = 'time'");
    let read = History::existing(&negative).unwrap().entries(&Wanted::default());
    assert!(matches!(read, Err(Error::Damaged { .. })), "{read:?}");
    let unknown = "UPDATE figure SET metric = 'of-the-future' WHERE metric = 'read-p50'";
    let unknown = tampered(desk.0.path(), unknown);
    let read = History::existing(&unknown).unwrap().entries(&Wanted::default()).unwrap();
    assert!(series(&read, &[Metric::ReadP50], 10).is_empty());
    assert!(!series(&read, &[Metric::ReadP99], 10).is_empty());
}
