//! A run's private directory, and the guardian that clears it up when the run cannot.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::user::User;
use crate::backend::Error;

const GUARDIAN: &str = include_str!("guardian.sh");
const REGISTER: &str = include_str!("register.sh");

/// A directory that only this user can read, and the servers that run in it. A server that has to run
/// as another user may pass through it to a folder of its own.
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
    /// How many servers have been started in it.
    started: AtomicU64,
}

/// As whom a server runs, and how it ends.
#[derive(Clone, Debug, Default)]
pub struct Manner {
    /// As the run's own user if `None`.
    pub user: Option<User>,
    pub ending: Ending,
}

/// How a server that is not needed any more is ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ending {
    /// It is killed: it has nothing outside of its own memory that anyone would miss.
    #[default]
    AtOnce,
    /// It is told to quit, and waited for: it ends its own child processes and gives back what the
    /// system keeps beyond their end.
    ByItself,
}

impl Ending {
    /// What the guardian sends first.
    const fn signal(self) -> &'static str {
        match self {
            Self::AtOnce => "TERM",
            Self::ByItself => "QUIT",
        }
    }
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
            .permissions(private())
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
        let started = AtomicU64::new(0);
        Ok(Self { shared: Arc::new(Shared { guardian, directory, started }) })
    }

    /// Where the directory is.
    pub fn path(&self) -> &Path {
        self.shared.directory.path()
    }

    /// Makes a folder in it for a server that is to run as `user`, whom nobody else need share it
    /// with. `name` gets a number where there is one of that name already.
    ///
    /// # Errors
    /// If it cannot be made, or if `user` may not enter a folder that it lies in.
    pub fn folder(&self, name: &str, user: Option<&User>) -> Result<PathBuf, Error> {
        let numbered = (2..).map(|number| format!("{name}-{number}"));
        for name in std::iter::once(name.to_owned()).chain(numbered) {
            let path = self.path().join(name);
            match fs::create_dir(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => {
                    made.and_then(|()| fs::set_permissions(&path, private()))
                        .map_err(|source| Error::File { path: path.clone(), source })?;
                    if let Some(user) = user {
                        user.admit(self.path())?;
                        user.give(&path)?;
                    }
                    return Ok(path);
                }
            }
        }
        unreachable!("one of endlessly many names is free")
    }

    /// Starts `program` as a server of this workspace, with the workspace as its working directory.
    /// What it prints is appended to the file `log`.
    pub fn start(
        &self,
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        log: &Path,
    ) -> Result<Process, Error> {
        self.start_in(self.path(), &Manner::default(), program, arguments, log)
    }

    /// The same in the `directory` and in the manner that are named.
    pub fn start_in(
        &self,
        directory: &Path,
        manner: &Manner,
        program: &Path,
        arguments: impl IntoIterator<Item = impl AsRef<OsStr>>,
        log: &Path,
    ) -> Result<Process, Error> {
        let output = open_log(log)
            .and_then(|file| Ok((file.try_clone()?, file)))
            .map_err(|source| Error::File { path: log.to_path_buf(), source })?;
        let number = self.shared.started.fetch_add(1, Ordering::Relaxed);
        let entry = self.path().join("servers").join(number.to_string());
        let register =
            File::create(&entry).map_err(|source| Error::File { path: entry.clone(), source })?;
        let mut command = shell(REGISTER, "cacheduel-register", self.path());
        command
            .arg(manner.ending.signal())
            .arg(program)
            .args(arguments)
            .current_dir(directory)
            .stdin(register)
            .stdout(output.0)
            .stderr(output.1);
        if let Some(user) = &manner.user {
            user.run(&mut command);
        }
        match command.spawn() {
            Ok(child) => Ok(Process {
                child,
                entry,
                ending: manner.ending,
                has_ended: false,
                _workspace: self.clone(),
            }),
            Err(error) => {
                let _ = fs::remove_file(entry);
                Err(not_started(program, &error))
            }
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        drop(self.guardian.stdin.take());
        // Should the guardian be gone already, the directory's own drop removes it.
        let _ = self.guardian.wait();
    }
}

/// A server of a workspace. It is ended when this is dropped.
pub struct Process {
    child: Child,
    /// Its file in the register.
    entry: PathBuf,
    ending: Ending,
    has_ended: bool,
    _workspace: Workspace,
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

    pub(super) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Tells it to quit, be it paused, and returns when it is gone.
    fn quit(&mut self) -> io::Result<()> {
        if self.ended()?.is_some() {
            return Ok(());
        }
        kill_process(self.pid(), Signal::QUIT)?;
        self.resume()?;
        self.child.wait()?;
        self.unregister();
        Ok(())
    }

    fn unregister(&mut self) {
        self.has_ended = true;
        let _ = fs::remove_file(&self.entry);
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        let _ = match self.ending {
            Ending::AtOnce => self.kill(),
            Ending::ByItself => self.quit(),
        };
    }
}

/// Access for the owner alone.
fn private() -> fs::Permissions {
    fs::Permissions::from_mode(0o700)
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
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| is_program(file))
}

pub(super) fn is_program(file: &Path) -> bool {
    fs::metadata(file).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}
