//! `cacheduel calibrate`: what the load generator itself costs and can do on this machine.

mod fit;

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Exit;
use super::servers::Servers;
use crate::experiment::{Effort, Environment, Patience, calibrate};
use crate::measure::Calibration;
use crate::report::text;
use crate::scenario::{self, Loaded};

/// Measures the load generator itself: what it adds to a bare client, its ceiling, and its lag
///
/// Cache hits through all that a run has, in turn with bare clients over the same connections; then the
/// same on backends that answer at once, and open loops on these. Takes about 20 seconds. Every run
/// begins with a short form of it. With --fit it measures how long the servers take instead, as a profile
/// for simulations; that takes about half a minute.
#[derive(Debug, Args)]
pub struct Calibrate {
    /// A scenario's file, or the name of one in scenarios/: its entries, its servers and connections
    #[arg(default_value = "quickstart")]
    scenario: PathBuf,
    #[command(flatten)]
    servers: Servers,
    /// Where the run keeps its servers' files while it lasts
    #[arg(long, value_name = "FOLDER")]
    work_dir: Option<PathBuf>,
    /// Measure how long the scenario's servers take, and print that as a profile for `run --simulate`
    #[arg(long, conflicts_with_all = ["json", "embedded"])]
    fit: bool,
    /// Write the profile to this file
    #[arg(long, value_name = "FILE", requires = "fit")]
    profile_out: Option<PathBuf>,
    /// Only the short form that every run begins with; of a profile, with too few samples to be sure
    #[arg(long)]
    brief: bool,
    /// Print the calibration as JSON
    #[arg(long)]
    json: bool,
}

impl Calibrate {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut loaded = scenario::load(&self.scenario)?;
        self.servers.apply(&mut loaded)?;
        if self.fit {
            let patience = if self.brief { Patience::BRIEF } else { Patience::THOROUGH };
            let (work_dir, file) = (self.work_dir.as_deref(), self.profile_out.as_deref());
            fit::carry_out(&loaded, work_dir, &patience, file, out)?;
            return Ok(Exit::Pass);
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let calibration = runtime.block_on(async {
            let work_dir: Option<&Path> = self.work_dir.as_deref();
            let environment = Environment::real(&loaded.scenario, work_dir).await?;
            calibrate(&loaded.scenario, &environment, &self.effort(&loaded)).await
        })?;
        if self.json {
            serde_json::to_writer_pretty(&mut *out, &calibration)?;
            writeln!(out)?;
        } else {
            write!(out, "{}", text::calibration(&calibration))?;
            writeln!(out, "\n{}", ceiling(&calibration))?;
        }
        Ok(Exit::Pass)
    }

    fn effort(&self, loaded: &Loaded) -> Effort {
        match self.brief {
            true => Effort::brief(loaded.scenario.workload.peak_rate()),
            false => Effort::thorough(),
        }
    }
}

fn ceiling(calibration: &Calibration) -> String {
    let ceiling = calibration.ceiling();
    super::text::wrap(
        &format!(
            "The load thread's core is full at about {ceiling:.0} cache hits a second. An open loop is \
             believed up to 80 % of that, {:.0}.",
            ceiling * 0.8
        ),
        super::text::WIDTH,
        0,
    )
}
