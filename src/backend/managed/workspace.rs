//! A run's private directory, and the guardian that clears it up when the run cannot.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::backend::Error;

const GUARDIAN: &str = include_str!("guardian.sh");
const REGISTER: &str = include_str!("register.sh");

/// A directory that only this user can read, and the servers that run in it.
///
/// It goes when the last clone of it and the last server in it have been dropped. Should the tool be
/// killed instead, a small shell process of its own process group, the guardian, notices that the
/// tool's end of a pipe has closed, ends the servers and removes the directory.
#[derive(Clone)]
pub struct Workspace {
    shared: Arc<Shared>,
}

struct Shared {
    guardian: Child,
    directory: TempDir,
}

impl Workspace {
    /// Makes a new directory in `parent`, or where the system keeps temporary files.
    pub fn create(parent: Option<&Path>) -> Result<Self, Error> {
        let parent = parent.map_or_else(std::env::temp_dir, Path::to_path_buf);
        let in_parent = |source| Error::File { path: parent.clone(), source };
        // The guardian must find it from any working directory.
        let absolute = std::path::absolute(&parent).map_err(in_parent)?;
        let directory = tempfile::Builder::new()
            .prefix("cacheduel-")
            .permissions(fs::Permissions::from_mode(0o700))
            .tempdir_in(absolute)
            .map_err(in_parent)?;
        let servers = directory.path().join("servers");
        fs::create_dir(&servers).map_err(|source| Error::File { path: servers, source })?;
        let guardian = shell(GUARDIAN, "cacheduel-guardian", directory.path())
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| not_started(Path::new(SHELL), &error))?;
        Ok(Self { shared: Arc::new(Shared { guardian, directory }) })
    }

    /// Where the directory is.
    pub fn path(&self) -> &Path {
        self.shared.directory.path()
    }

    /// Starts `program` as a server of this workspace, with the workspace as its working directory.
    /// What it prints is appended to the file `log`.
    pub fn start(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        log: &Path,
    ) -> Result<Process, Error> {
        let output = open_log(log)
            .and_then(|file| Ok((file.try_clone()?, file)))
            .map_err(|source| Error::File { path: log.to_path_buf(), source })?;
        let child = shell(REGISTER, "cacheduel-register", self.path())
            .arg(program)
            .args(arguments)
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(output.0)
            .stderr(output.1)
            .spawn()
            .map_err(|error| not_started(program, &error))?;
        Ok(Process { child, workspace: self.clone(), has_ended: false })
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        // Should the guardian be gone already, the directory's own drop removes it.
        let _ = self.guardian.wait();
    }
}

/// A server of a workspace. It is killed when this is dropped.
pub struct Process {
    child: Child,
    workspace: Workspace,
    has_ended: bool,
}

impl Process {
    /// Its process number.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> io::Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            self.unregister();
        }
        Ok(status)
    }

    /// Stops it from running, without ending it, as a machine that hangs would.
    pub fn pause(&self) -> io::Result<()> {
        Ok(kill_process(self.pid(), Signal::STOP)?)
    }

    /// Lets a paused one run on.
    pub fn resume(&self) -> io::Result<()> {
        Ok(kill_process(self.pid(), Signal::CONT)?)
    }

    /// Ends it at once, without a chance to save anything, and returns when it is gone.
    pub fn kill(&mut self) -> io::Result<()> {
        if self.has_ended {
            return Ok(());
        }
        self.child.kill()?;
        // Its number is free for another process once it has been waited for: the guardian must
        // have forgotten it by then.
        self.unregister();
        self.child.wait()?;
        Ok(())
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    fn unregister(&mut self) {
        self.has_ended = true;
        let entry = self.workspace.path().join("servers").join(self.id().to_string());
        let _ = fs::remove_file(entry);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// The shell that every Unix has here, found even where PATH is of no use.
const SHELL: &str = "/bin/sh";

/// A shell that runs `script` on `workspace`, out of reach of the terminal's Ctrl-C.
fn shell(script: &str, name: &str, workspace: &Path) -> Command {
    let mut command = Command::new(SHELL);
    command.arg("-c").arg(script).arg(name).arg(workspace).process_group(0);
    command
}

fn open_log(log: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(log)
}

fn not_started(program: &Path, error: &io::Error) -> Error {
    Error::NotStarted { program: program.display().to_string(), reason: error.to_string() }
}

/// The file of that name in the first directory of PATH that has it as a program.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| {
        fs::metadata(file)
            .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    })
}
