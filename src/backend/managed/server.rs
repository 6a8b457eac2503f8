//! A private Redis or Valkey.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use redis::{AsyncConnectionConfig, Client};
use tempfile::TempDir;

use super::workspace::{Process, Workspace, find_program};
use crate::backend::{AppendFsync, CacheOptions, Error, Victim};
use crate::clock::Clock;
use crate::model::Nanos;

/// How long a server may take to answer after it was started, or be silent. It takes some 10 ms on a quiet
/// machine; this is for one that is swapping.
const READY_WITHIN: Nanos = Nanos::from_secs(20);
/// How long it may take to load what its append-only file holds.
const LOADED_WITHIN: Nanos = Nanos::from_secs(300);
const READY_POLL: Nanos = Nanos::from_millis(3);
/// How many ports are tried: another process may take the one we found free.
const PORTS_TRIED: u32 = 5;
/// How much of a log goes into an error.
const LOG_TAIL_LINES: usize = 8;

/// The programs that a private server can be started from, the first one first.
pub const SERVERS: [&str; 2] = ["redis-server", "valkey-server"];

/// `redis-server`, or else `valkey-server`, as found on PATH.
pub fn find_server() -> Option<PathBuf> {
    SERVERS.into_iter().find_map(find_program)
}

/// A server of the run's own on a port of 127.0.0.1. It is killed when this is dropped.
pub struct ManagedRedis {
    // Dropped, and so ended, before its files are removed.
    process: Mutex<Process>,
    launch: Launch,
    port: u16,
}

impl ManagedRedis {
    /// Starts a server from the program of `options`, or the one that is found, with their memory
    /// limit and eviction policy, and waits until it answers.
    pub async fn start(
        workspace: &Workspace,
        options: &CacheOptions,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let program = options.program.clone().or_else(find_server);
        let program = program.ok_or_else(|| Error::NotStarted {
            program: "redis-server".into(),
            reason: "neither redis-server nor valkey-server is on PATH".into(),
        })?;
        let launch = Launch {
            program,
            files: files(workspace)?,
            workspace: workspace.clone(),
            maxmemory: options.maxmemory.map_or(0, |size| size.0),
            policy: options.eviction.name(),
            samples: match options.victim() {
                Victim::BestOf(samples) => samples,
                Victim::Exact => Victim::SAMPLES,
            },
            append_only: options.append_only,
        };
        let mut tries = 0;
        loop {
            let port = free_port().map_err(|error| launch.failed(error.to_string()))?;
            tries += 1;
            match launch.run(port, clock).await {
                Ok(process) => return Ok(Self { process: Mutex::new(process), launch, port }),
                Err(NotReady::PortTaken(_)) if tries < PORTS_TRIED => {}
                Err(reason) => return Err(launch.failed(reason.into())),
            }
        }
    }

    /// `redis://127.0.0.1:<port>`
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills the server: its connections break, its memory is lost, but for what is in its
    /// append-only file.
    pub fn kill(&self) -> Result<(), Error> {
        self.control("kill", Process::kill)
    }

    /// Starts the server anew on its port, with what its append-only file holds. Kills it first if it
    /// runs.
    pub async fn restart(&self, clock: &Clock) -> Result<(), Error> {
        // One that has ended already cannot be killed, which is as well.
        let _ = self.kill();
        let process = self.launch.run(self.port, clock).await;
        *self.process() = process.map_err(|reason| self.launch.failed(reason.into()))?;
        Ok(())
    }

    /// Stops the server from answering, its connections intact, until it is resumed.
    pub fn pause(&self) -> Result<(), Error> {
        self.control("pause", |process| process.pause())
    }

    /// Lets a paused server run on: it answers what it was asked meanwhile.
    pub fn resume(&self) -> Result<(), Error> {
        self.control("resume", |process| process.resume())
    }

    fn control(
        &self,
        what: &str,
        act: impl FnOnce(&mut Process) -> io::Result<()>,
    ) -> Result<(), Error> {
        act(&mut self.process()).map_err(|error| Error::Failed {
            address: self.url(),
            reason: format!("cannot {what} it: {error}"),
        })
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the server is started, as often as it is.
struct Launch {
    program: PathBuf,
    /// What the server writes, its append-only file above all, goes with it.
    files: TempDir,
    workspace: Workspace,
    /// Bytes; 0 is no limit.
    maxmemory: u64,
    policy: &'static str,
    samples: u32,
    append_only: Option<AppendFsync>,
}

/// Why a server that was started does not serve.
enum NotReady {
    /// Its port belongs to another process. With the log.
    PortTaken(String),
    Broken(String),
}

impl From<NotReady> for String {
    fn from(reason: NotReady) -> Self {
        match reason {
            NotReady::PortTaken(reason) | NotReady::Broken(reason) => reason,
        }
    }
}

impl Launch {
    async fn run(&self, port: u16, clock: &Clock) -> Result<Process, NotReady> {
        let log = self.workspace.path().join(format!("redis-{port}.log"));
        let mut process = self
            .workspace
            .start(&self.program, self.arguments(port), &log)
            .map_err(|error| NotReady::Broken(error.to_string()))?;
        let began = clock.now();
        let mut deadline = began + READY_WITHIN;
        let give_up = began + LOADED_WITHIN;
        loop {
            match process.ended() {
                Ok(None) => {}
                Ok(Some(status)) => return Err(ended(&status.to_string(), &log)),
                Err(error) => return Err(NotReady::Broken(error.to_string())),
            }
            match answering(port).await {
                // Another server may have taken the port before ours could: ours will end on its own.
                Some(Answer { process: number, .. }) if number != process.id() => {}
                Some(Answer { is_loading: false, .. }) => return Ok(process),
                Some(_) => deadline = give_up.min(clock.now() + READY_WITHIN),
                None => {}
            }
            if clock.now() >= deadline {
                let log = tail(&log);
                return Err(NotReady::Broken(format!(
                    "it is not ready after {}; the end of its log:\n{log}",
                    clock.now() - began
                )));
            }
            clock.sleep(READY_POLL).await;
        }
    }

    fn arguments(&self, port: u16) -> Vec<String> {
        let settings = [
            ("port", port.to_string()),
            ("bind", Ipv4Addr::LOCALHOST.to_string()),
            ("daemonize", "no".into()),
            ("save", String::new()),
            ("appendonly", if self.append_only.is_some() { "yes" } else { "no" }.into()),
            ("appendfsync", self.append_only.unwrap_or(AppendFsync::Everysec).name().into()),
            // Whatever its version calls its files: those of different servers never meet.
            ("dir", self.files.path().display().to_string()),
            ("maxmemory", self.maxmemory.to_string()),
            ("maxmemory-policy", self.policy.into()),
            ("maxmemory-samples", self.samples.to_string()),
        ];
        settings.into_iter().flat_map(|(name, value)| [format!("--{name}"), value]).collect()
    }

    fn failed(&self, reason: String) -> Error {
        Error::NotStarted { program: self.program.display().to_string(), reason }
    }
}

/// What a server says of itself.
struct Answer {
    /// Its process number.
    process: u32,
    /// Whether it is still reading its files, and refuses everything else meanwhile.
    is_loading: bool,
}

/// What the server that listens on `port` answers, if one does.
async fn answering(port: u16) -> Option<Answer> {
    // Whoever listens there without answering is not our server.
    let patience = Some(Duration::from_millis(250));
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(patience)
        .set_response_timeout(patience);
    let client = Client::open(url(port)).ok()?;
    let mut connection = client.get_multiplexed_async_connection_with_config(&config).await.ok()?;
    // A server that is loading answers this, and refuses nearly everything else. Before Redis 7, INFO
    // took no more than one section.
    let mut answer = String::new();
    for section in ["server", "persistence"] {
        let mut info = redis::cmd("INFO");
        let info: String = info.arg(section).query_async(&mut connection).await.ok()?;
        answer.push_str(&info);
    }
    let field = |name| answer.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let process = field("process_id:")?.parse().ok()?;
    Some(Answer { process, is_loading: field("loading:")? != "0" })
}

/// A folder of the server's own within the workspace.
fn files(workspace: &Workspace) -> Result<TempDir, Error> {
    let made = tempfile::Builder::new().prefix("redis-").tempdir_in(workspace.path());
    made.map_err(|source| Error::File { path: workspace.path().to_path_buf(), source })
}

fn url(port: u16) -> String {
    format!("redis://{}:{port}", Ipv4Addr::LOCALHOST)
}

pub(super) fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn ended(status: &str, log: &Path) -> NotReady {
    let log = tail(log);
    let reason = format!("it ended with {status}; the end of its log:\n{log}");
    if log.contains("Address already in use") {
        NotReady::PortTaken(reason)
    } else {
        NotReady::Broken(reason)
    }
}

/// The end of a log, for an error.
pub(super) fn tail(log: &Path) -> String {
    let text = std::fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LOG_TAIL_LINES)..].join("\n")
}
