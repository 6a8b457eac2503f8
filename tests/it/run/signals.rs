//! Runs that are ended in the middle.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ExitStatus, Stdio};

use cacheduel::clock::{Clock, WallClock};
use cacheduel::model::Nanos;
use rustix::process::{Pid, Signal, kill_process_group};

use super::servers::Shared;
use super::{Stage, is_progress, names};
use crate::private_servers::PATIENCE;

#[tokio::test]
async fn ctrl_c_ends_a_run_with_130_and_leaves_nothing() {
    let mut run = InTheMiddle::of(&[]).await;
    let (status, told) = run.end_by(Signal::INT).await;
    assert_eq!(status.code(), Some(130), "{told}");
    assert!(told.contains("interrupted"), "{told}");
    run.assert_nothing_left();
}

#[tokio::test]
async fn a_request_to_end_ends_a_run_with_143_and_leaves_nothing() {
    let mut run = InTheMiddle::of(&[]).await;
    let (status, told) = run.end_by(Signal::TERM).await;
    assert_eq!(status.code(), Some(143), "{told}");
    assert!(told.contains("asked to end"), "{told}");
    run.assert_nothing_left();
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
    run.assert_nothing_left();
}

/// A run that has begun, and would go on for an hour.
pub struct InTheMiddle {
    stage: Stage,
    child: Child,
    clock: WallClock,
    deadline: Nanos,
}

impl InTheMiddle {
    pub async fn of(arguments: &[&str]) -> Self {
        let stage = Stage::with(&[("duration = \"1s\"", "duration = \"1h\"")]);
        let mut command = stage.command(arguments);
        // The strategy that fills the cache soonest. As in a terminal, whose Ctrl-C reaches
        // everyone in the run's group.
        command.args(["--only", "write-through"]).process_group(0);
        let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let clock = WallClock::new();
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
        self.until(|run| run.child.try_wait().unwrap().is_some(), "the run goes on").await;
        let mut told = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        (self.child.wait().unwrap(), told)
    }

    fn has_server(&self) -> bool {
        let work = self.stage.path("work");
        names(&work).iter().any(|run| !names(&work.join(run).join("servers")).is_empty())
    }

    pub fn assert_nothing_left(&self) {
        assert_eq!(names(self.stage.folder.path()), ["tiny.toml", "work"]);
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
