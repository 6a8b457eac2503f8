//! Which servers to use, where that is not as the scenario says.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::Usage;
use crate::backend::managed::find_program;
use crate::backend::{CacheServer, StoreServer, postgres, redacted, redis};
use crate::scenario::{Loaded, Severity, validate};

/// The servers that the command line names.
#[derive(Debug, Args)]
pub struct Servers {
    /// Use your own Redis instead of a private one; only keys with the run's own prefix are touched
    #[arg(long, value_name = "URL", conflicts_with = "embedded")]
    redis_url: Option<String>,
    /// Use the in-memory twin instead of Redis
    #[arg(long)]
    embedded: bool,
    /// Start the private Redis from this program, such as valkey-server: a path, or a name on PATH
    #[arg(long, value_name = "PROGRAM", conflicts_with_all = ["redis_url", "embedded"])]
    redis_server: Option<PathBuf>,
    /// Use this store instead of the scenario's
    #[arg(long, value_enum, value_name = "STORE")]
    store: Option<Store>,
    /// Use your own PostgreSQL as the store; only the run's own schema is touched
    #[arg(long, value_name = "URL", conflicts_with = "store")]
    store_url: Option<String>,
}

/// A store that a run can make for itself.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Store {
    /// A private database file
    Sqlite,
    /// A private server
    Postgres,
    /// Rows in memory
    Embedded,
}

impl Servers {
    /// Has the scenario use these servers.
    ///
    /// # Errors
    /// If an address is none, or the scenario cannot be run on them. No password is told.
    pub fn apply(&self, loaded: &mut Loaded) -> Result<(), Usage> {
        self.check_addresses()?;
        let scenario = &mut loaded.scenario;
        match (&self.redis_url, &self.redis_server) {
            (Some(url), _) => scenario.cache.server = CacheServer::Url(url.clone()),
            (None, Some(program)) => {
                scenario.cache.server = CacheServer::Managed;
                scenario.cache.program = Some(found(program)?);
            }
            (None, None) if self.embedded => scenario.cache.server = CacheServer::Embedded,
            (None, None) => {}
        }
        match (&self.store_url, self.store) {
            (Some(url), _) => scenario.store.server = StoreServer::Url(url.clone()),
            (None, Some(Store::Sqlite)) => scenario.store.server = StoreServer::Sqlite,
            (None, Some(Store::Postgres)) => scenario.store.server = StoreServer::Postgres,
            (None, Some(Store::Embedded)) => scenario.store.server = StoreServer::Embedded,
            (None, None) => {}
        }
        // What the file says of other servers may make no sense of these.
        let problems = validate(scenario);
        match problems.iter().find(|problem| problem.severity == Severity::Error) {
            Some(problem) => Err(Usage(format!(
                "with these servers the scenario cannot be run: {}: {}",
                problem.path.join("."),
                problem.message
            ))),
            None => Ok(()),
        }
    }

    /// The option that names a server which is there already, or is to be started.
    pub fn named_server(&self) -> Option<&'static str> {
        let options = [
            ("--redis-url", self.redis_url.is_some()),
            ("--redis-server", self.redis_server.is_some()),
            ("--store-url", self.store_url.is_some()),
        ];
        options.into_iter().find_map(|(option, is_given)| is_given.then_some(option))
    }

    pub fn redis_url(&self) -> Option<&str> {
        self.redis_url.as_deref()
    }

    pub fn store_url(&self) -> Option<&str> {
        self.store_url.as_deref()
    }

    /// The program that the command line names for a private Redis.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn program(&self) -> Result<Option<PathBuf>, Usage> {
        self.redis_server.as_deref().map(found).transpose()
    }

    /// A slip in an address is told before anything has been made.
    pub fn check_addresses(&self) -> Result<(), Usage> {
        let addresses = [
            ("--redis-url", "Redis", &self.redis_url, redis::SCHEMES.as_slice()),
            ("--store-url", "PostgreSQL", &self.store_url, postgres::SCHEMES.as_slice()),
        ];
        for (option, kind, url, schemes) in addresses {
            let Some(url) = url else { continue };
            if !schemes.iter().any(|scheme| url.starts_with(scheme)) {
                let (url, schemes) = (redacted(url), schemes.join(", "));
                return Err(Usage(format!(
                    "{option} {url}: not the address of a {kind}, which begins with one of \
                     {schemes}"
                )));
            }
        }
        Ok(())
    }
}

/// Where a program is: a name is looked for on PATH, a path is what it is.
fn found(program: &Path) -> Result<PathBuf, Usage> {
    let is_name = program.components().count() == 1 && !program.starts_with(".");
    let found = match program.to_str().filter(|_| is_name) {
        Some(name) => find_program(name),
        // A server is started in a folder of its own.
        None => std::path::absolute(program).ok().filter(|path| path.is_file()),
    };
    found.ok_or_else(|| {
        Usage(format!("--redis-server {}: there is no such program", program.display()))
    })
}
