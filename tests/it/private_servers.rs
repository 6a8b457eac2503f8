//! Private servers, and that nothing of them is left behind.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::pin::pin;
use std::process::{Command, Stdio};

use cacheduel::backend::managed::{ManagedRedis, SERVERS, Workspace, find_program};
use cacheduel::backend::redis::{Naming, RedisHost, Route};
use cacheduel::backend::{CacheOptions, Connections, Error};
use cacheduel::clock::Clock;
use cacheduel::model::Nanos;
use futures_util::future::{Either, select};

/// How long something that must come about may take: a guard against waiting forever.
pub const PATIENCE: Nanos = Nanos::from_secs(60);

/// Every kind of server that this machine has: Redis, which the tests ask for, and Valkey where it is
/// installed. Each is told of, so that a log shows what a test was about.
pub fn kinds() -> Vec<CacheOptions> {
    let programs: Vec<_> = SERVERS.into_iter().filter_map(find_program).collect();
    // Past the test harness, which would keep it to itself.
    writeln!(std::io::stdout().lock(), "kinds of servers here: {programs:?}").unwrap();
    assert!(programs.iter().any(|one| one.ends_with("redis-server")), "redis-server is missing");
    let options = |program| CacheOptions { program: Some(program), ..CacheOptions::default() };
    programs.into_iter().map(options).collect()
}

/// Both ways in which a node may have its connections, so many of them.
pub fn layouts(count: u32) -> [CacheOptions; 2] {
    [Connections::Shared(count), Connections::Pooled(count)]
        .map(|connections| CacheOptions { connections, ..CacheOptions::default() })
}

/// A clock, and a directory for servers.
pub struct World {
    pub clock: Clock,
    workspace: Workspace,
}

impl World {
    pub fn new() -> Self {
        let workspace = Workspace::create(None).expect("the system has a temporary directory");
        Self { clock: Clock::wall(), workspace }
    }

    /// Starts a server. These tests fail where none is installed: skipped, they would prove nothing.
    pub async fn server(&self, options: &CacheOptions) -> ManagedRedis {
        let server = ManagedRedis::start(&self.workspace, options, &self.clock).await;
        server.expect("redis-server or valkey-server is installed")
    }

    /// A host of a server of its own.
    pub async fn managed_host(&self, options: &CacheOptions) -> RedisHost {
        self.managed_host_by(Route::Direct, options).await
    }

    /// The same, with a network that can break.
    pub async fn proxied_host(&self, options: &CacheOptions) -> RedisHost {
        self.managed_host_by(Route::Proxied { seed: 7 }, options).await
    }

    pub async fn shared_host(&self, url: &str, options: &CacheOptions) -> Result<RedisHost, Error> {
        self.shared_host_by(Route::Direct, url, options).await
    }

    pub async fn shared_host_by(
        &self,
        route: Route,
        url: &str,
        options: &CacheOptions,
    ) -> Result<RedisHost, Error> {
        RedisHost::open(url, options, naming(), route, self.clock.clone()).await
    }

    async fn managed_host_by(&self, route: Route, options: &CacheOptions) -> RedisHost {
        let (server, clock) = (self.server(options).await, self.clock.clone());
        let host = RedisHost::open_managed(server, options, naming(), route, clock).await;
        host.expect("the server has just been started for it")
    }

    pub async fn pass(&self, span: Nanos) {
        self.clock.sleep_until(self.clock.now() + span).await;
    }

    /// What comes of `work`, which fails the test if nothing does.
    pub async fn soon<T>(&self, work: impl Future<Output = T>) -> T {
        match select(pin!(work), pin!(self.pass(PATIENCE))).await {
            Either::Left((done, _)) => done,
            Either::Right(_) => panic!("nothing comes of it"),
        }
    }
}

#[tokio::test]
async fn a_dropped_workspace_leaves_neither_server_nor_directory() {
    for kind in kinds() {
        let world = World::new();
        let path = world.workspace.path().to_path_buf();
        let server = world.server(&kind).await;
        let port = server.port();
        assert!(path.is_dir());
        let mode = std::os::unix::fs::MetadataExt::mode(&std::fs::metadata(&path).unwrap());
        assert_eq!(mode & 0o777, 0o700);
        drop(world);
        assert!(answers(port), "a server keeps its workspace");
        drop(server);
        assert!(!path.exists());
        assert!(!answers(port));
    }
}

#[tokio::test]
async fn a_killed_run_leaves_neither_servers_nor_directory() {
    // The test starts itself once more, to have a process that it can kill.
    if let Some(parent) = std::env::var_os(RUN_WORKSPACE) {
        return wait_to_be_killed(Path::new(&parent)).await;
    }
    let world = World::new();
    let mut run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "private_servers::a_killed_run_leaves_neither_servers_nor_directory"])
        .args(["--nocapture", "--test-threads=1"])
        .env(RUN_WORKSPACE, world.workspace.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines().map(Result::unwrap);
    let ready = lines.find_map(|line| Some(line.split_once(READY)?.1.to_owned()));
    let ready = ready.expect("the run ended before its servers were ready");
    let [one, paused, path] = ready.splitn(3, ' ').collect::<Vec<_>>().try_into().unwrap();
    let (ports, path) = ([one, paused].map(|port| port.parse().unwrap()), Path::new(path));
    assert!(ports.map(answers) == [true, true] && path.is_dir());

    run.kill().unwrap();
    run.wait().unwrap();
    let deadline = world.clock.now() + PATIENCE;
    while ports.map(answers) != [false, false] || path.exists() {
        assert!(world.clock.now() < deadline, "something is left of a run that was killed");
        world.pass(Nanos::from_millis(20)).await;
    }
}

/// Where the run that is to be killed makes its workspace.
const RUN_WORKSPACE: &str = "CACHEDUEL_TEST_RUN_WORKSPACE";
const READY: &str = "READY ";

async fn wait_to_be_killed(parent: &Path) {
    let workspace = Workspace::create(Some(parent)).unwrap();
    let world = World { clock: Clock::wall(), workspace };
    let (one, paused) = (
        world.server(&CacheOptions::default()).await,
        world.server(&CacheOptions::default()).await,
    );
    paused.pause().unwrap();
    let path = world.workspace.path().display();
    let ready = format!("{READY}{} {} {path}\n", one.port(), paused.port());
    std::io::stdout().lock().write_all(ready.as_bytes()).unwrap();
    // Ends by itself should the test that started it be killed in turn.
    std::io::stdin().lines().for_each(drop);
}

#[tokio::test]
async fn a_server_that_cannot_start_is_reported_with_its_log() {
    for kind in kinds() {
        let world = World::new();
        let server = world.server(&kind).await;
        server.kill().unwrap();
        let _taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, server.port())).unwrap();
        let error = server.restart(&world.clock).await.unwrap_err().to_string();
        assert!(error.contains("cannot start") && error.contains("in use"), "{error}");
    }
}

#[test]
fn a_workspace_in_a_directory_that_does_not_exist_names_it() {
    let error = Workspace::create(Some(Path::new("/nonexistent/place"))).err().unwrap();
    assert!(error.to_string().contains("/nonexistent/place"), "{error}");
}

fn naming() -> Naming {
    Naming::new("test", "product:{id}")
}

/// Whether anyone listens there.
fn answers(port: u16) -> bool {
    TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()
}
