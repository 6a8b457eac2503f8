//! Runs of a scenario by programs, which need not be this one: each is a process, and its Record a file.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::Command;

use crate::cli::signals::Signals;
use crate::record::Record;
use crate::report;

/// A build of cacheduel.
pub struct Program(PathBuf);

impl From<PathBuf> for Program {
    fn from(path: PathBuf) -> Self {
        Self(path)
    }
}

/// Has programs run one scenario.
pub struct Runner {
    /// What all of them are told beside the repeats and the folder.
    arguments: Vec<OsString>,
    scenario: PathBuf,
    signals: Signals,
}

impl Runner {
    /// # Errors
    /// If no temporary folder can be made.
    pub fn new(
        scenario: &Path,
        only: &[String],
        run_options: &[OsString],
        signals: Signals,
    ) -> anyhow::Result<Self> {
        let mut arguments = vec!["--quiet".into()];
        if !only.is_empty() {
            arguments.extend(["--only".into(), only.join(",").into()]);
        }
        arguments.extend_from_slice(run_options);
        Ok(Self { arguments, scenario: scenario.to_owned(), signals })
    }

    /// Has every run be a simulation.
    pub fn simulate(&mut self) {
        let simulate = OsString::from("--simulate");
        if !self.arguments.contains(&simulate) {
            self.arguments.push(simulate);
        }
    }

    /// The Record of one run by `program`, of so many repeats.
    ///
    /// # Errors
    /// If it fails, or leaves no Record that this version reads; or the signal that ended it.
    pub async fn run(&mut self, program: &Program, repeats: u32) -> anyhow::Result<Record> {
        let Program(path) = program;
        let folder = TempDir::new().context("no temporary folder can be made")?;
        let mut command = Command::new(path);
        command
            .arg("run")
            .arg(&self.scenario)
            .args(["--repeats", &repeats.to_string(), "--out"])
            .arg(folder.path())
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            // A Ctrl-C reaches it through this process alone: it takes a second one for impatience.
            .process_group(0);
        let output = self.finished(command, path).await?;
        // A missed threshold is for the comparison to judge: both builds are held to the same.
        if !matches!(output.status.code(), Some(0 | 3 | 4)) {
            let told = String::from_utf8_lossy(&output.stderr);
            bail!("{} run: {}\n{}", path.display(), output.status, told.trim_end());
        }
        let report = only_report(folder.path())
            .with_context(|| format!("{} run left no report", path.display()))?;
        Ok(report::read(&report)?)
    }

    /// Waits for the program to end, also where a signal asks for the end of both.
    async fn finished(&mut self, mut command: Command, path: &Path) -> anyhow::Result<Output> {
        let child = command.spawn().with_context(|| format!("{} cannot be run", path.display()))?;
        let id = child.id().and_then(|id| Pid::from_raw(id as i32));
        let mut ending = std::pin::pin!(child.wait_with_output());
        let interrupted = tokio::select! {
            output = &mut ending => return Ok(output?),
            interrupted = self.signals.next() => interrupted,
        };
        if let Some(id) = id {
            // One that has ended by itself meanwhile need not be asked.
            let _ = kill_process(id, Signal::TERM);
        }
        let _ = ending.await;
        Err(interrupted.into())
    }
}

/// The one report in OUT/<scenario>/<time>/.
fn only_report(out: &Path) -> Option<PathBuf> {
    let first = |folder: &Path| Some(fs::read_dir(folder).ok()?.next()?.ok()?.path());
    first(&first(out)?)
}
