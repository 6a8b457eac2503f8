//! PostgreSQL servers for tests: one that all of them share, each in a schema of its own, and more for
//! those that break theirs.

use std::sync::atomic::{AtomicU64, Ordering};

use cacheduel::backend::managed::{ManagedPostgres, Workspace};
use cacheduel::backend::postgres::PostgresHost;
use cacheduel::backend::{Durability, Error, StoreOptions};
use cacheduel::clock::Clock;
use tokio::sync::OnceCell;

/// Connections that the tests together may have open.
const CONNECTIONS: u32 = 400;

/// Starts a server in `workspace`. These tests fail where none is installed: skipped, they would
/// prove nothing.
pub async fn start(workspace: &Workspace, durability: Durability) -> ManagedPostgres {
    let clock = Clock::wall();
    let server = ManagedPostgres::start(workspace, durability, CONNECTIONS, &clock).await;
    server.expect("PostgreSQL is installed")
}

/// The server that tests share: making one takes a second. The guardian of its directory ends it when
/// the tests have ended.
pub async fn shared() -> &'static ManagedPostgres {
    static SHARED: OnceCell<ManagedPostgres> = OnceCell::const_new();
    SHARED.get_or_init(async || start(&workspace(), Durability::Full).await).await
}

/// A directory for servers.
pub fn workspace() -> Workspace {
    Workspace::create(None).expect("the system has a temporary directory")
}

/// A host of the shared server, in a schema that no other test has.
pub async fn host(options: &StoreOptions) -> PostgresHost {
    let host = host_as(&run_name(), options).await;
    host.expect("the server takes any run with a name of its own")
}

/// The same for a run of that name.
pub async fn host_as(run: &str, options: &StoreOptions) -> Result<PostgresHost, Error> {
    let url = shared().await.url();
    // Of its own: a clock's timers belong to the runtime, and each test has another.
    PostgresHost::open(&url, run, options, Clock::wall()).await
}

/// A name that no other test has.
pub fn run_name() -> String {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    format!("test-{}", RUNS.fetch_add(1, Ordering::Relaxed))
}
