//! `doctor`: what is on this machine, what its servers can do, and what would stop a scenario.

mod finding;
mod generator;
mod machine;
mod plan;
mod postgres;
mod redis;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use self::finding::{Finding, Section, Standing};
use super::servers::Servers;
use super::{Exit, Usage};
use crate::backend::managed::Workspace;
use crate::backend::{CacheServer, StoreServer};
use crate::clock::Clock;
use crate::scenario::{self, Loaded};

/// Says what is on this machine, what its servers can do, and what would stop a scenario
#[derive(Debug, Args)]
pub struct Doctor {
    /// A scenario's file, or the name of one in scenarios/: what it would use, and what it lacks
    scenario: Option<PathBuf>,
    #[command(flatten)]
    servers: Servers,
    /// Where a run would keep its database and its servers' files
    #[arg(long, value_name = "FOLDER")]
    work_dir: Option<PathBuf>,
    /// Remove from your Redis what the run of this name has left there, and nothing else
    #[arg(long, value_name = "RUN")]
    remove: Option<String>,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        self.servers.check_addresses()?;
        let mut loaded = self.scenario.as_deref().map(scenario::load).transpose()?;
        if let Some(loaded) = &mut loaded {
            self.servers.apply(loaded)?;
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let sections = runtime.block_on(self.examine(loaded.as_ref()))?;
        if self.json {
            writeln!(out, "{}", finding::json(&sections))?;
        } else {
            write!(out, "{}", finding::text(&sections))?;
        }
        let fails = sections.iter().flat_map(|section| &section.findings);
        let fails = fails.filter(|finding| finding.standing == Standing::Fail).count();
        Ok(if fails == 0 { Exit::Pass } else { Exit::Failure })
    }

    async fn examine(&self, loaded: Option<&Loaded>) -> anyhow::Result<Vec<Section>> {
        let clock = Clock::wall();
        let workspace = Workspace::create(self.work_dir.as_deref());
        let mut findings = machine::look(self.work_dir.as_deref());
        let workspace = match workspace {
            Ok(workspace) => workspace,
            Err(error) => {
                findings.push(Finding::fail(
                    "work folder",
                    error.to_string(),
                    "give another by --work-dir",
                ));
                return Ok(vec![Section::new("This machine", findings)]);
            }
        };
        let program = self.servers.program()?;
        let private = redis::private(&workspace, program.as_deref(), &clock).await;
        findings.extend(private.findings);
        if private.looked.has_server() {
            let work_dir = self.work_dir.as_deref();
            findings.push(generator::look(loaded, program.as_deref(), work_dir).await?);
        }
        let mut sections = vec![Section::new("This machine", findings)];

        let cache_url = self.cache_url(loaded);
        if self.remove.is_some() && cache_url.is_none() {
            return Err(
                Usage("--remove: there is no Redis of yours; add --redis-url".into()).into()
            );
        }
        let mut looked = private.looked;
        if let Some(url) = &cache_url {
            let options = loaded.map(|loaded| loaded.scenario.cache.clone()).unwrap_or_default();
            if let Some(run) = &self.remove {
                redis::remove(url, run, &clock).await?;
            }
            let shared = redis::shared(url, &options, &workspace, &clock).await;
            sections.push(Section::new("Your Redis", shared.findings));
            looked = shared.looked;
        }
        let store_url = self.store_url(loaded);
        let mut store_works = true;
        if let Some(url) = &store_url {
            let findings = postgres::postgres(url, &clock).await;
            store_works = findings.iter().all(|finding| finding.standing != Standing::Fail);
            sections.push(Section::new("Your PostgreSQL", findings));
        }
        if let Some(loaded) = loaded {
            let findings = plan::look(loaded, &looked, store_works);
            sections.push(Section::new(&format!("The scenario {}", loaded.name), findings));
        }
        Ok(sections)
    }

    /// The Redis that is to be looked at, by the command line or else by the scenario.
    fn cache_url(&self, loaded: Option<&Loaded>) -> Option<String> {
        match loaded.map(|loaded| &loaded.scenario.cache.server) {
            Some(CacheServer::Url(url)) => Some(url.clone()),
            Some(_) => None,
            None => self.servers.redis_url().map(str::to_owned),
        }
    }

    fn store_url(&self, loaded: Option<&Loaded>) -> Option<String> {
        match loaded.map(|loaded| &loaded.scenario.store.server) {
            Some(StoreServer::Url(url)) => Some(url.clone()),
            Some(_) => None,
            None => self.servers.store_url().map(str::to_owned),
        }
    }
}
