//! PostgreSQL servers for tests: one that all of them share, each in schemas of its own, and more for
//! those that break theirs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cacheduel::backend::managed::{ManagedPostgres, Workspace};
use cacheduel::backend::postgres::PostgresHost;
use cacheduel::backend::{Durability, StoreOptions};
use cacheduel::clock::WallClock;
use tokio::sync::OnceCell;

/// Connections that the tests together may have open.
const CONNECTIONS: u32 = 400;

/// A server, its directory and a clock.
pub struct Postgres {
    pub server: ManagedPostgres,
    pub clock: Arc<WallClock>,
    pub workspace: Workspace,
}

impl Postgres {
    /// Starts a server. These tests fail where none is installed: skipped, they would prove nothing.
    pub async fn start(durability: Durability) -> Self {
        let workspace = Workspace::create(None).expect("the system has a temporary directory");
        let clock = Arc::new(WallClock::new());
        let server = ManagedPostgres::start(&workspace, durability, CONNECTIONS, &*clock).await;
        let server = server.expect("PostgreSQL is installed");
        Self { server, clock, workspace }
    }
}

/// The server that tests share: making one takes a second. The guardian of its directory ends it when
/// the tests have ended.
pub async fn shared() -> &'static Postgres {
    static SHARED: OnceCell<Postgres> = OnceCell::const_new();
    SHARED.get_or_init(|| Postgres::start(Durability::Full)).await
}

/// A host of the shared server, in a schema that no other test has.
pub async fn host(options: &StoreOptions) -> PostgresHost {
    let postgres = shared().await;
    let clock = postgres.clock.clone();
    let host = PostgresHost::open(&postgres.server.url(), &run_name(), options, clock).await;
    host.expect("the server takes any run with a name of its own")
}

/// A name that no other test has.
pub fn run_name() -> String {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    format!("test-{}", RUNS.fetch_add(1, Ordering::Relaxed))
}
