//! Runs that are ended in the middle.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};

use cacheduel::clock::Clock;
use cacheduel::model::Nanos;
use cacheduel::record::Standing;
use cacheduel::report;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::servers::Shared;
use super::{Stage, is_progress, names};
use crate::private_servers::PATIENCE;

#[tokio::test]
async fn ctrl_c_ends_a_run_with_130_and_leaves_what_was_measured() {
    let mut run = InTheMiddle::of(&[]).await;
    let (status, told) = run.end_by(Signal::INT).await;
    assert_eq!(status.code(), Some(130), "{told}");
    assert!(told.contains("interrupted"), "{told}");
    run.assert_partial_record("interrupted");
}

#[tokio::test]
async fn a_request_to_end_ends_a_run_with_143_and_leaves_what_was_measured() {
    let mut run = InTheMiddle::of(&[]).await;
    let (status, told) = run.end_by(Signal::TERM).await;
    assert_eq!(status.code(), Some(143), "{told}");
    assert!(told.contains("asked to end"), "{told}");
    run.assert_partial_record("asked to end");
}

#[tokio::test]
async fn a_redis_that_is_lost_for_good_leaves_the_figures_of_the_clients() {
    let mut run = InTheMiddle::lasting("3s", &[]).await;
    run.until_it_has_written().await;
    for server in run.servers() {
        kill_process(server, Signal::KILL).unwrap();
    }
    let (status, told) = run.ended().await;
    assert_eq!(status.code(), Some(0), "{told}");
    run.assert_partial_record("the server at redis://127.0.0.1");
}

#[tokio::test]
async fn a_run_that_is_killed_is_cleared_up_after() {
    let mut run = InTheMiddle::of(&[]).await;
    let (status, told) = run.end_by(Signal::KILL).await;
    assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "{told}");
    run.until_clear().await;
}

#[tokio::test]
async fn ctrl_c_leaves_a_server_of_others_as_it_was() {
    let mut shared = Shared::start().await;
    let mut run = InTheMiddle::of(&["--redis-url", &shared.url()]).await;
    while shared.keys().await.len() < 10 {
        run.pass().await;
    }
    let (status, told) = run.end_by(Signal::INT).await;
    assert_eq!(status.code(), Some(130), "{told}");
    shared.assert_as_it_was().await;
    run.assert_partial_record("interrupted");
}

#[tokio::test]
async fn servers_that_are_all_lost_for_good_leave_the_figures_of_the_clients() {
    let mut run = InTheMiddle::lasting("3s", &["--store", "postgres"]).await;
    run.until_it_has_written().await;
    for server in run.servers() {
        kill_process(server, Signal::KILL).unwrap();
    }
    let (status, told) = run.ended().await;
    assert!(status.code().is_some(), "{told}");
    run.assert_partial_record("the server at redis://127.0.0.1");
    run.assert_partial_record("postgres://");
}

/// A run that has begun, and would go on for an hour.
pub struct InTheMiddle {
    stage: Stage,
    child: Child,
    clock: Clock,
    deadline: Nanos,
}

impl InTheMiddle {
    pub async fn of(arguments: &[&str]) -> Self {
        Self::lasting("1h", arguments).await
    }

    pub async fn lasting(duration: &str, arguments: &[&str]) -> Self {
        let duration = format!("duration = \"{duration}\"");
        let stage = Stage::with(&[("duration = \"1s\"", duration.as_str())]);
        let mut command = stage.command(arguments);
        // The strategy that fills the cache soonest. As in a terminal, whose Ctrl-C reaches
        // everyone in the run's group.
        command.args(["--only", "write-through"]).process_group(0);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let clock = Clock::wall();
        let deadline = clock.now() + PATIENCE;
        let mut run = Self { stage, child, clock, deadline };
        let mut stderr = BufReader::new(run.child.stderr.take().unwrap());
        let mut line = String::new();
        while !is_progress(&line) {
            line.clear();
            let read = stderr.read_line(&mut line).unwrap();
            assert!(read > 0, "the run ended before it had begun");
        }
        run.child.stderr = Some(stderr.into_inner());
        if arguments.is_empty() {
            run.until(|run| run.has_server(), "the run starts no server").await;
        }
        run
    }

    /// How the run ended on `signal`, and what it said from then on.
    pub async fn end_by(&mut self, signal: Signal) -> (ExitStatus, String) {
        kill_process_group(Pid::from_child(&self.child), signal).unwrap();
        self.ended().await
    }

    async fn ended(&mut self) -> (ExitStatus, String) {
        self.until(|run| run.child.try_wait().unwrap().is_some(), "the run goes on").await;
        let mut told = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (self.child.wait().unwrap(), told)
    }

    /// Waits until the load has begun: there are entries in the run's own Redis.
    async fn until_it_has_written(&self) {
        while self.entries().await.is_none_or(|entries| entries <= 10) {
            assert!(self.clock.now() < self.deadline, "the run writes nothing");
            self.pass().await;
        }
    }

    /// How many entries the run's own Redis has; `None` as long as there is no such server.
    async fn entries(&self) -> Option<u64> {
        let work = self.stage.path("work");
        let files = names(&work).into_iter().flat_map(|run| {
            let folder = work.join(run);
            names(&folder).into_iter().map(move |file| (folder.clone(), file))
        });
        // The load generator is measured on a server of its own before that.
        let ports = files.filter_map(|(folder, file)| {
            let port = file.strip_prefix("redis-")?.strip_suffix(".log")?.to_owned();
            Some((fs::metadata(folder.join(&file)).ok()?.created().ok()?, port))
        });
        let (_, port) = ports.max()?;
        let client = redis::Client::open(format!("redis://127.0.0.1:{port}")).ok()?;
        let mut connection = client.get_multiplexed_async_connection().await.ok()?;
        redis::cmd("DBSIZE").query_async(&mut connection).await.ok()
    }

    fn has_server(&self) -> bool {
        !self.servers().is_empty()
    }

    /// The servers that the run has started.
    fn servers(&self) -> Vec<Pid> {
        let work = self.stage.path("work");
        let registered = names(&work).into_iter().flat_map(|run| {
            let register = work.join(run).join("servers");
            let entries = names(&register).into_iter();
            // Each is the server's number, and the signal that it ends on.
            entries.filter_map(move |entry| {
                let entry = fs::read_to_string(register.join(entry)).ok()?;
                Pid::from_raw(entry.split_whitespace().next()?.parse().ok()?)
            })
        });
        registered.collect()
    }

    /// Whatever it has left as a result, nothing that it worked with is left.
    pub fn assert_nothing_left(&self) {
        self.stage.assert_clear();
    }

    /// The report is whole, is marked invalid and says why; nothing else is left.
    pub fn assert_partial_record(&self, why: &str) {
        let record = report::read(&self.stage.report()).unwrap();
        assert_eq!(record.standing(), Standing::Invalid);
        let runs = record.contenders.iter().flat_map(|contender| &contender.runs);
        let checks = record.checks.iter().chain(runs.flat_map(|run| &run.checks));
        let told: Vec<_> = checks.filter(|check| check.detail.contains(why)).collect();
        assert!(told.iter().any(|check| check.standing == Standing::Invalid), "{told:?}");
        assert_eq!(names(self.stage.folder.path()), ["out", "tiny.toml", "work"]);
        self.stage.assert_clear();
    }

    /// Waits until nothing is left of a run that was killed.
    pub async fn until_clear(&mut self) {
        self.until(|run| run.stage.is_clear(), "something is left of a run that was killed").await;
    }

    async fn until(&mut self, mut is_so: impl FnMut(&mut Self) -> bool, otherwise: &str) {
        while !is_so(self) {
            assert!(self.clock.now() < self.deadline, "{otherwise}");
            self.pass().await;
        }
    }

    pub async fn pass(&self) {
        self.clock.sleep_until(self.clock.now() + Nanos::from_millis(20)).await;
    }
}

impl Drop for InTheMiddle {
    fn drop(&mut self) {
        // Of a test that failed; one that has ended is not to be found any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
