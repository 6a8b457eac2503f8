//! `cacheduel run` as a whole: the real program against real servers, however it ends.

mod calibration;
mod endings;
mod faults;
mod kinds;
mod own_redis;
mod places;
mod postgres;
mod refusals;
mod results;
mod servers;
mod signals;
mod simulated;
mod terminal;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use assert_cmd::cargo::cargo_bin;
use tempfile::TempDir;

/// How long a run may take before it counts as hung. It takes seconds on a quiet machine.
const PATIENCE: Duration = Duration::from_secs(120);

/// Every strategy, for as short a time as still shows each of them at work.
const SCENARIO: &str = r#"question = "Do all parts work together?"

[dataset]
entity = "product"
keys = 100
size = "512B"

[workload]
reads = 0.9
popularity = { zipf = { exponent = 0.9 } }
arrival = { poisson = { rate = 300 } }
warm-up = "300ms"
duration = "1s"
nodes = 2

[cache]

[store]
origin = { aggregation = { rows = 5 } }

[strategies.no-cache]

[strategies.cache-aside]
ttl = "300ms"

[strategies.write-through]
ttl = "300ms"

[strategies.write-behind]
ttl = "300ms"
flush-interval = "50ms"

[strategies.ttl]
ttl = "300ms"

[strategies.event-invalidation]
ttl = "300ms"
"#;

/// A place of a test's own: a scenario, and folders that only its run uses.
struct Stage {
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        Self::with(&[])
    }

    /// With the scenario changed, each change from one text to another.
    fn with(changes: &[(&str, &str)]) -> Self {
        let mut scenario = SCENARIO.to_owned();
        for (from, to) in changes {
            assert!(scenario.contains(from), "the scenario does not say {from}");
            scenario = scenario.replacen(from, to, 1);
        }
        // A server that refuses to run as the superuser runs as another user, who must come there.
        let folder = tempfile::Builder::new()
            .permissions(Permissions::from_mode(0o755))
            .tempdir()
            .expect("the system has a temporary directory");
        fs::write(folder.path().join("tiny.toml"), scenario).unwrap();
        fs::create_dir(folder.path().join("work")).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A run of the scenario that is still to be started.
    fn command(&self, arguments: &[&str]) -> Command {
        self.command_to("out", arguments)
    }

    /// The same with its reports in `out`.
    fn command_to(&self, out: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo_bin!("cacheduel"));
        command.current_dir(self.folder.path()).args(["run", "tiny.toml", "--out", out]);
        command.args(["--work-dir", "work"]).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        finish(self.command(arguments))
    }

    /// The folder of the one report that was written.
    fn report(&self) -> PathBuf {
        let reports = names(&self.path("out/tiny"));
        let [report] = reports.as_slice() else { panic!("not one report: {reports:?}") };
        self.path("out/tiny").join(report)
    }

    /// Whether the run has left neither files in its work folder nor a process.
    fn is_clear(&self) -> bool {
        names(&self.path("work")).is_empty() && self.processes().is_empty()
    }

    fn assert_clear(&self) {
        let files = names(&self.path("work"));
        assert!(files.is_empty(), "left behind: {files:?}");
        let processes = self.processes();
        assert!(processes.is_empty(), "still running: {processes:?}");
    }

    /// What runs in this place or for it: servers have their working directory in it, a guardian
    /// has it among its arguments. Where there is no `/proc` none is found: there the empty work
    /// folder has to do, which a guardian removes after its servers.
    fn processes(&self) -> Vec<String> {
        let here = fs::canonicalize(self.folder.path()).unwrap();
        let name = here.file_name().unwrap().to_str().unwrap();
        let mut found = Vec::new();
        for process in fs::read_dir("/proc").into_iter().flatten().flatten() {
            let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
            let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
            let is_in_it = fs::read_link(process.path().join("cwd"))
                .is_ok_and(|directory| directory.starts_with(&here));
            if is_in_it || arguments.contains(name) {
                found.push(arguments);
            }
        }
        found
    }
}

/// Runs `command` to its end; one that hangs is killed, and fails its test.
fn finish(command: Command) -> Output {
    let output = assert_cmd::Command::from_std(command).timeout(PATIENCE).output().unwrap();
    assert!(output.status.code().is_some(), "it did not end by itself: {}", stderr(&output));
    output
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Asserts how a run ended, and shows what it said if it ended otherwise.
#[track_caller]
fn assert_code(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}{}", stdout(output), stderr(output));
}

/// Whether the run came as far as to tell of its first strategy.
fn has_begun(output: &Output) -> bool {
    stderr(output).lines().any(is_progress)
}

fn is_progress(line: &str) -> bool {
    line.starts_with("[1/")
}

/// The names in a folder in their order; none where there is no folder.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Every file below a folder with its content, by its name within the folder.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(inner) = folders.pop() {
        for name in names(&inner) {
            let path = inner.join(name);
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
