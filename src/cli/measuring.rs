//! What `run` and `find-max` do alike: take a scenario, measure on its servers until the end or a
//! signal, and leave a folder with what was measured.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::places::{NewFolders, check_writable, free_folder};
use super::servers::Servers;
use super::signals::Signals;
use super::{Exit, Usage};
use crate::experiment::Environment;
use crate::report::{self, Document, Format};
use crate::scenario::{self, Loaded, Scenario};

/// What is to be measured, on which servers, and where it is told.
#[derive(Debug, Args)]
pub struct Measuring {
    /// A scenario's file, or the name of one in scenarios/
    scenario: PathBuf,
    /// The folder for reports; the new one goes to OUT/<scenario>/<time>/
    #[arg(long, value_name = "OUT", default_value = "reports")]
    out: PathBuf,
    #[command(flatten)]
    servers: Servers,
    /// Take only these strategies of the scenario
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Draw everything that is left to chance from this seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where the database and the servers' files are kept while it lasts
    #[arg(long, value_name = "FOLDER")]
    work_dir: Option<PathBuf>,
    /// Print what was found as JSON instead of the table
    #[arg(long)]
    pub json: bool,
    /// Show no progress
    #[arg(long, short)]
    pub quiet: bool,
}

/// What was found, if anything was, and what ended the measuring before its time.
pub type Measured<D> = (Option<D>, anyhow::Result<()>);

impl Measuring {
    /// The scenario with what the command line says in place of what the file says.
    ///
    /// # Errors
    /// If the scenario is wrong, or cannot be run like that.
    pub fn load(&self) -> anyhow::Result<Loaded> {
        let mut loaded = self.plain()?;
        self.adapt(&mut loaded)?;
        for warning in &loaded.warnings {
            super::warn(&format!("{}: {}", warning.path.join("."), warning.message));
        }
        Ok(loaded)
    }

    /// The scenario as its file says.
    ///
    /// # Errors
    /// If the scenario is wrong.
    pub fn plain(&self) -> Result<Loaded, scenario::Error> {
        scenario::load(&self.scenario)
    }

    /// Puts what the command line says in place of what the file says.
    ///
    /// # Errors
    /// If the scenario cannot be run like that.
    pub fn adapt(&self, loaded: &mut Loaded) -> Result<(), Usage> {
        if let Some(seed) = self.seed {
            loaded.scenario.workload.seed = seed;
        }
        self.servers.apply(loaded)?;
        keep_only(&mut loaded.scenario, &self.only)
    }

    /// Has `measure` measure, writes and prints what it has found, and ends as `exit` says.
    ///
    /// # Errors
    /// What kept it from measuring, or ended it; or that the report cannot be written.
    pub fn carry_out<D: Document>(
        &self,
        loaded: &Loaded,
        out: &mut dyn Write,
        measure: impl FnOnce() -> anyhow::Result<Measured<D>>,
        exit: impl FnOnce(&D) -> Exit,
    ) -> anyhow::Result<Exit> {
        let _made = self.prepare(&loaded.name)?;
        let (found, ended) = measure().unwrap_or_else(|error| (None, Err(error)));
        let Some(found) = found else {
            super::warn("nothing had been measured yet, so nothing was written");
            return ended.map(|()| Exit::Failure);
        };
        let folder = self.folder(&loaded.name, &found);
        let written = report::write(&found, &folder);
        // Where it cannot be written, what was found is shown all the same.
        let shown = if self.json { Format::Json } else { Format::Text };
        super::print(&found, shown, out)?;
        written?;
        if !self.json {
            writeln!(out, "\nreport: {}", folder.join("report.html").display())?;
        }
        if ended.is_err() {
            super::warn("the report is not finished: it has what was measured until the end came");
        }
        ended.map(|()| exit(&found))
    }

    /// Makes sure that reports can be written: found out before anything is measured, not when the
    /// figures are there and have nowhere to go. What was made for that and stays empty is removed when
    /// the answer is dropped.
    ///
    /// # Errors
    /// If they cannot.
    pub fn prepare(&self, name: &str) -> anyhow::Result<NewFolders> {
        let reports = self.out.join(name);
        let made = NewFolders::below(&reports);
        check_writable(&reports)?;
        Ok(made)
    }

    /// The folder that the report of a document goes to, which is new.
    pub fn folder<D: Document>(&self, name: &str, document: &D) -> PathBuf {
        free_folder(&self.out.join(name), document.started())
    }

    /// Has `measure` measure on the scenario's servers.
    ///
    /// # Errors
    /// If a server cannot be used, or a signal asked for the end before all were there.
    pub fn on_servers<D>(
        &self,
        loaded: &Loaded,
        measure: impl AsyncFnOnce(&Environment, &mut Signals) -> anyhow::Result<Measured<D>>,
    ) -> anyhow::Result<Measured<D>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(self.measured(loaded, measure))
    }

    /// What the command line says of servers that only a real run can use.
    pub fn named_server(&self) -> Option<&'static str> {
        self.servers.named_server()
    }

    async fn measured<D>(
        &self,
        loaded: &Loaded,
        measure: impl AsyncFnOnce(&Environment, &mut Signals) -> anyhow::Result<Measured<D>>,
    ) -> anyhow::Result<Measured<D>> {
        // Listened for before anything is made that would have to be cleared up.
        let mut signals = Signals::listen()?;
        let environment = tokio::select! {
            environment = Environment::real(&loaded.scenario, self.work_dir.as_deref()) => environment?,
            interrupted = signals.next() => return Err(interrupted.into()),
        };
        for check in environment.checks() {
            super::warn(&format!("{}: {}", check.name, check.detail));
        }
        measure(&environment, &mut signals).await
    }
}

/// Leaves only these strategies in the scenario; all of them where none is named.
///
/// # Errors
/// If the scenario has no strategy of such a name.
fn keep_only(scenario: &mut Scenario, only: &[String]) -> Result<(), Usage> {
    if only.is_empty() {
        return Ok(());
    }
    let contenders = &mut scenario.strategies.0;
    for name in only {
        if !contenders.iter().any(|contender| contender.label == *name) {
            let labels: Vec<_> = contenders.iter().map(|one| one.label.as_str()).collect();
            let labels = labels.join(", ");
            return Err(Usage(format!(
                "--only {name}: the scenario has no such strategy; it has {labels}"
            )));
        }
    }
    contenders.retain(|contender| only.contains(&contender.label));
    Ok(())
}
