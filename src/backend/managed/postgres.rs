//! A private PostgreSQL.

mod cluster;
mod find;
mod processes;

pub use find::find_postgres;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal, kill_process};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection};

use self::cluster::Cluster;
use super::server::{free_port, tail};
use super::workspace::{Ending, Manner, Process, Workspace};
use crate::backend::{Durability, Error};
use crate::clock::Clock;
use crate::model::Nanos;

/// How long a server may take to answer after it was started, crash recovery included.
const READY_WITHIN: Nanos = Nanos::from_secs(60);
const READY_POLL: Nanos = Nanos::from_millis(10);
/// How long one attempt to connect may take: whoever listens there without answering is not ours.
const ANSWER_WITHIN: Nanos = Nanos::from_secs(2);
/// How long the processes of a killed server may take to be gone.
const GONE_WITHIN: Nanos = Nanos::from_secs(20);
const GONE_POLL: Nanos = Nanos::from_millis(5);
/// How many ports are tried: another process may take the one we found free.
const PORTS_TRIED: u32 = 5;
/// What the server itself keeps for its own connections and for those of the experiment.
const SPARE_CONNECTIONS: u32 = 20;
/// PostgreSQL's own default.
const USUAL_CONNECTIONS: u32 = 100;
/// Counts the calls of each statement, if it is installed.
const STATEMENT_COUNTER: &str = "pg_stat_statements";

/// A server of the run's own on a port of 127.0.0.1, with a password that nobody else knows. It is
/// ended when this is dropped.
///
/// It is reached by TCP, as the private Redis is and as servers of others are: a Unix socket is
/// faster, and what is compared must be reached in the same way.
pub struct ManagedPostgres {
    launch: Launch,
    port: u16,
    process: Mutex<Process>,
}

impl ManagedPostgres {
    /// Makes a new database cluster and starts a server on it, set to be as durable as is asked, with
    /// room for so many `connections` of nodes. Waits until it answers.
    ///
    /// # Errors
    /// If no PostgreSQL is found on this machine, or it cannot be started.
    pub async fn start(
        workspace: &Workspace,
        durability: Durability,
        connections: u32,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let programs = find_postgres().ok_or_else(|| Error::NotStarted {
            program: "postgres".into(),
            reason: "no PostgreSQL server is on PATH, at `pg_config --bindir` or where systems \
                     usually install it"
                .into(),
        })?;
        let cluster = Cluster::create(workspace, &programs, clock).await?;
        let mut launch = Launch {
            program: programs.join("postgres"),
            workspace: workspace.clone(),
            cluster,
            durability,
            connections: USUAL_CONNECTIONS.max(connections.saturating_add(SPARE_CONNECTIONS)),
            counts_statements: true,
        };
        let mut tries = 0;
        loop {
            let port = free_port().map_err(|error| launch.failed(error.to_string()))?;
            match launch.run(port, clock).await {
                Ok(process) => return Ok(Self { launch, port, process: Mutex::new(process) }),
                Err(NotReady::NoStatementCounter(_)) if launch.counts_statements => {
                    launch.counts_statements = false;
                }
                Err(NotReady::PortTaken(_)) if tries < PORTS_TRIED => tries += 1,
                Err(reason) => return Err(launch.failed(reason.into())),
            }
        }
    }

    /// `postgres://<user>:<password>@127.0.0.1:<port>/postgres`: not to be shown to anyone.
    pub fn url(&self) -> String {
        self.launch.url(self.port)
    }

    /// The port of 127.0.0.1 that it listens on.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process number of the server; its connections have processes of their own.
    pub fn id(&self) -> u32 {
        self.process().id()
    }

    /// Where its data is.
    pub fn data(&self) -> &Path {
        &self.launch.cluster.data
    }

    /// Kills the server and all of its processes, as a crash would, and returns when they are gone.
    ///
    /// # Errors
    /// If they cannot be killed.
    pub async fn kill(&self, clock: &Clock) -> Result<(), Error> {
        let left = self.kill_all()?;
        let deadline = clock.now() + GONE_WITHIN;
        // Until the last is gone the memory that they share is in use, and no new server starts.
        while !left.iter().all(|&process| processes::is_gone(process)) {
            if clock.now() >= deadline {
                return Err(self.broken("its processes live on after they were killed"));
            }
            clock.sleep(GONE_POLL).await;
        }
        Ok(())
    }

    /// Starts the server anew on its port, and returns when it has recovered what was committed.
    /// Kills it first if it runs.
    ///
    /// # Errors
    /// If it cannot be killed or does not start.
    pub async fn restart(&self, clock: &Clock) -> Result<(), Error> {
        self.kill(clock).await?;
        let process = self.launch.run(self.port, clock).await;
        *self.process() = process.map_err(|reason| self.launch.failed(reason.into()))?;
        Ok(())
    }

    /// Kills the server; returns its children, which have been killed too and may be about to go.
    fn kill_all(&self) -> Result<Vec<Pid>, Error> {
        let mut process = self.process();
        let mut attempt = || {
            if process.ended()?.is_some() {
                return Ok(Vec::new());
            }
            // Paused, it cannot have another child while they are looked for.
            process.pause()?;
            let children = processes::children(process.pid());
            process.kill()?;
            for &child in &children {
                // One that is gone already has noticed by itself.
                let _ = kill_process(child, Signal::KILL);
            }
            Ok(children)
        };
        attempt().map_err(|error: std::io::Error| self.broken(&error.to_string()))
    }

    fn broken(&self, reason: &str) -> Error {
        let address = format!("127.0.0.1:{}", self.port);
        Error::Failed { address, reason: format!("cannot kill it: {reason}") }
    }

    fn process(&self) -> MutexGuard<'_, Process> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How the server is started, as often as it is.
struct Launch {
    program: PathBuf,
    workspace: Workspace,
    cluster: Cluster,
    durability: Durability,
    connections: u32,
    counts_statements: bool,
}

/// Why a server that was started does not serve.
enum NotReady {
    /// Its port belongs to another process. With the log.
    PortTaken(String),
    /// What counts statements is not installed. With the log.
    NoStatementCounter(String),
    Broken(String),
}

impl From<NotReady> for String {
    fn from(reason: NotReady) -> Self {
        match reason {
            NotReady::PortTaken(reason)
            | NotReady::NoStatementCounter(reason)
            | NotReady::Broken(reason) => reason,
        }
    }
}

impl Launch {
    async fn run(&self, port: u16, clock: &Clock) -> Result<Process, NotReady> {
        let log = self.workspace.path().join(format!("postgres-{port}.log"));
        let manner = Manner { user: self.cluster.user.clone(), ending: Ending::ByItself };
        let arguments = self.arguments(port);
        let directory = &self.cluster.folder;
        let mut process = self
            .workspace
            .start_in(directory, &manner, &self.program, arguments, &log)
            .map_err(|error| NotReady::Broken(error.to_string()))?;
        let deadline = clock.now() + READY_WITHIN;
        loop {
            match process.ended() {
                Ok(None) => {}
                Ok(Some(status)) => return Err(ended(&status.to_string(), &log)),
                Err(error) => return Err(NotReady::Broken(error.to_string())),
            }
            // Nobody else knows the password: whoever takes it is our server.
            if self.answers(port, clock).await {
                return Ok(process);
            }
            if clock.now() >= deadline {
                let log = tail(&log);
                return Err(NotReady::Broken(format!(
                    "no answer within {READY_WITHIN}; the end of its log:\n{log}"
                )));
            }
            clock.sleep(READY_POLL).await;
        }
    }

    async fn answers(&self, port: u16, clock: &Clock) -> bool {
        let connect = async {
            let options = PgConnectOptions::from_str(&self.url(port))?.disable_statement_logging();
            options.connect().await?.close().await
        };
        tokio::select! {
            answer = connect => answer.is_ok(),
            () = clock.sleep(ANSWER_WITHIN) => false,
        }
    }

    fn arguments(&self, port: u16) -> Vec<String> {
        let (fsync, synchronous_commit) = match self.durability {
            Durability::Full => ("on", "on"),
            Durability::Normal => ("on", "off"),
            Durability::Off => ("off", "off"),
        };
        let mut settings = vec![
            ("listen_addresses", Ipv4Addr::LOCALHOST.to_string()),
            ("port", port.to_string()),
            ("unix_socket_directories", String::new()),
            ("fsync", fsync.into()),
            ("synchronous_commit", synchronous_commit.into()),
            ("max_connections", self.connections.to_string()),
            // In files among its data, which go with the run's folder however the server ends.
            ("dynamic_shared_memory_type", "mmap".into()),
        ];
        if self.counts_statements {
            settings.push(("shared_preload_libraries", STATEMENT_COUNTER.into()));
        }
        let settings = settings.iter().flat_map(|(name, to)| ["-c".into(), format!("{name}={to}")]);
        ["-D".into(), self.cluster.data.display().to_string()].into_iter().chain(settings).collect()
    }

    fn url(&self, port: u16) -> String {
        let (user, password) = (cluster::USER, &self.cluster.password);
        let host = Ipv4Addr::LOCALHOST;
        // Named, so that nothing in the environment can ask for more than the server has.
        format!("postgres://{user}:{password}@{host}:{port}/postgres?sslmode=disable")
    }

    fn failed(&self, reason: String) -> Error {
        Error::NotStarted { program: self.program.display().to_string(), reason }
    }
}

fn ended(status: &str, log: &Path) -> NotReady {
    let log = tail(log);
    let reason = format!("it ended with {status}; the end of its log:\n{log}");
    if log.contains("could not bind") {
        NotReady::PortTaken(reason)
    } else if log.contains(STATEMENT_COUNTER) {
        NotReady::NoStatementCounter(reason)
    } else {
        NotReady::Broken(reason)
    }
}
