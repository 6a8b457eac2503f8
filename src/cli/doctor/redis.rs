//! What a Redis can do: a private one, and one by its address.

use std::path::Path;

use bytesize::ByteSize;

use super::finding::Finding;
use crate::backend::managed::{ManagedRedis, Workspace, find_server};
use crate::backend::redis::{Checkup, Feature, Naming, RedisHost, Route};
use crate::backend::{CacheHost, CacheOptions, Error, Server, redacted};
use crate::cli::text;
use crate::clock::Clock;
use crate::model::Size;

/// What was found, and what there is to use.
pub struct Look {
    pub findings: Vec<Finding>,
    pub looked: Looked,
}

/// What a scenario would have of a cache.
pub enum Looked {
    /// There is no server, so the twin would stand in.
    Nothing,
    /// There is one that does not work.
    Broken,
    /// There is one that lacks these.
    Server(Server, Vec<Feature>),
}

/// What runs a scenario can lack and still be run.
const NEEDED_BY_SOME: [Feature; 3] = [Feature::PubSub, Feature::Tracking, Feature::Config];

/// Starts a private server, asks it something, and tries what strategies need.
pub async fn private(workspace: &Workspace, program: Option<&Path>, clock: &Clock) -> Look {
    const WHAT: &str = "private Redis";
    if program.is_none() && find_server().is_none() {
        let advice = "install redis or valkey, or name yours by --redis-url";
        let finding = Finding::warn(WHAT, "there is no program to start it from", advice);
        return Look { findings: vec![finding], looked: Looked::Nothing };
    }
    let options = CacheOptions { program: program.map(Path::to_owned), ..CacheOptions::default() };
    match checked_private(workspace, &options, clock).await {
        Ok((server, checkup)) => {
            let found = format!("started, and answers as {} {}", server.kind, server.version);
            let mut findings = vec![Finding::ok(WHAT, found)];
            findings.extend(broken_features(&checkup));
            let lacking = lacking(&checkup);
            Look { findings, looked: Looked::Server(server, lacking) }
        }
        Err(error) => {
            let advice = "try the program by hand, or name another by --redis-server";
            let finding = Finding::fail(WHAT, error.to_string(), advice);
            Look { findings: vec![finding], looked: Looked::Broken }
        }
    }
}

async fn checked_private(
    workspace: &Workspace,
    options: &CacheOptions,
    clock: &Clock,
) -> Result<(Server, Checkup), Error> {
    let server = ManagedRedis::start(workspace, options, clock).await?;
    let host =
        RedisHost::open_managed(server, options, naming(workspace), Route::Direct, clock.clone())
            .await?;
    Ok((host.server(), host.checkup().await?))
}

/// Looks at the server at `url`, as a run with these options would find it.
pub async fn shared(
    url: &str,
    options: &CacheOptions,
    workspace: &Workspace,
    clock: &Clock,
) -> Look {
    let look = async {
        let host =
            RedisHost::open(url, options, naming(workspace), Route::Direct, clock.clone()).await?;
        Ok::<_, Error>((host.server(), host.checkup().await?))
    };
    match look.await {
        Ok((server, checkup)) => {
            let mut findings = findings(&server, &checkup, url);
            findings.extend(leftovers(&checkup));
            let lacking = lacking(&checkup);
            Look { findings, looked: Looked::Server(server, lacking) }
        }
        Err(error) => {
            let advice = match &error {
                Error::Unreachable { .. } => {
                    "is it running, is the address right, and does it let this machine in?"
                }
                _ => "use another server, or set this one otherwise",
            };
            let finding = Finding::fail("server", error.to_string(), advice);
            Look { findings: vec![finding], looked: Looked::Broken }
        }
    }
}

fn findings(server: &Server, checkup: &Checkup, url: &str) -> Vec<Finding> {
    let Server { kind, version, .. } = server;
    let mut findings = vec![
        Finding::ok("server", format!("{kind} {version} at {}", redacted(url))),
        Finding::ok("mode and role", format!("{}, {}", checkup.mode, checkup.role)),
    ];
    for (feature, outcome) in &checkup.features {
        if outcome.is_ok() {
            findings.push(Finding::ok(feature.name(), "works"));
        }
    }
    findings.extend(broken_features(checkup));
    findings.push(memory(checkup));
    findings.push(Finding::ok("persistence", checkup.persistence.as_str()));
    findings
}

fn broken_features(checkup: &Checkup) -> Vec<Finding> {
    let broken = checkup.features.iter().filter_map(|(feature, outcome)| {
        let reason = outcome.as_ref().err()?;
        Some(match feature {
            Feature::Config => {
                let advice = "the Record will not hold the server's settings";
                Finding::warn(feature.name(), reason, advice)
            }
            Feature::PubSub => {
                Finding::warn(feature.name(), reason, "the strategy two-tier needs it")
            }
            Feature::Tracking => {
                Finding::warn(feature.name(), reason, "the strategy client-tracking needs it")
            }
            _ => Finding::fail(feature.name(), reason, "no run can do without it"),
        })
    });
    broken.collect()
}

fn lacking(checkup: &Checkup) -> Vec<Feature> {
    let broken = checkup.features.iter().filter(|(_, outcome)| outcome.is_err());
    broken.map(|(feature, _)| *feature).collect()
}

fn memory(checkup: &Checkup) -> Finding {
    const WHAT: &str = "memory and eviction";
    let Checkup { used_memory, maxmemory, policy, .. } = checkup;
    let used = ByteSize(used_memory.0).display().iec();
    if *maxmemory == Size(0) {
        return Finding::ok(WHAT, format!("{used} used, no limit"));
    }
    let found = format!("{used} used of {maxmemory}, {policy}");
    if policy == "noeviction" {
        Finding::warn(WHAT, found, "entries are refused when it is full")
    } else {
        Finding::warn(WHAT, found, "a run that fills it has others' entries evicted too")
    }
}

/// What runs have left that were killed, and how to be rid of it.
fn leftovers(checkup: &Checkup) -> Vec<Finding> {
    const WHAT: &str = "leftovers of runs";
    if checkup.leftovers.is_empty() {
        return vec![Finding::ok(WHAT, "none")];
    }
    let found = checkup.leftovers.iter().map(|(run, keys)| {
        let found = format!("{} of the run `{run}`", text::counted(*keys, "key"));
        let advice =
            format!("unless it still goes on, remove them: add `--remove {run}` to this command");
        Finding::warn(WHAT, found, advice)
    });
    found.collect()
}

/// Removes what the run of this name has left in the server at `url`.
///
/// # Errors
/// If the server cannot be reached or used.
pub async fn remove(url: &str, run: &str, clock: &Clock) -> Result<(), Error> {
    let (options, naming) = (CacheOptions::default(), Naming::new(run, "doctor:{id}"));
    RedisHost::open(url, &options, naming, Route::Direct, clock.clone()).await?.clear().await
}

fn naming(workspace: &Workspace) -> Naming {
    let run = workspace.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    Naming::new(&run, "doctor:{id}")
}

impl Looked {
    /// Why the strategy of this name cannot be run on it; `None` if it can.
    pub fn lacks_for(&self, strategy: &str) -> Option<&'static str> {
        let Self::Server(_, lacking) = self else { return None };
        let needed = match strategy {
            "two-tier" => Feature::PubSub,
            "client-tracking" => Feature::Tracking,
            _ => return None,
        };
        lacking.contains(&needed).then(|| needed.name())
    }

    /// Whether there is a server that runs can use.
    pub fn has_server(&self) -> bool {
        matches!(self, Self::Server(..)) && !self.is_useless()
    }

    /// Whether it lacks what every run needs.
    pub fn is_useless(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Broken => true,
            Self::Server(_, lacking) => lacking.iter().any(|it| !NEEDED_BY_SOME.contains(it)),
        }
    }
}
