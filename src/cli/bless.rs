//! `cacheduel bless`: what the scenarios come to under simulation, to the last count, kept in files.

use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;

use super::{Exit, stored, text};
use crate::experiment::exactly;
use crate::record::Differing;
use crate::scenario;

/// So many differences tell what has changed; who wants all of them looks at the files.
const SHOWN: usize = 8;

/// Writes down what scenarios come to under simulation, to the last count, or checks that they still do
///
/// Each is simulated under the nominal profile, on one thread and again on several, which must come to the
/// same. The figures go to a file for each scenario, one in a line, so that the difference to what was
/// there before can be read and committed. A closed loop is simulated for a tenth of a second.
#[derive(Debug, Args)]
pub struct Bless {
    /// Scenarios' files, or names of some in scenarios/; all that are there if none is named
    scenarios: Vec<PathBuf>,
    /// Write nothing; end with code 3 where a figure is not as it was written down
    #[arg(long)]
    check: bool,
    /// Where the files are
    #[arg(long, value_name = "FOLDER", default_value = stored::BASELINES)]
    baselines: PathBuf,
    /// How many runs the second simulation of each makes at once
    #[arg(long, value_name = "N", default_value = "3")]
    threads: NonZeroUsize,
}

/// What became of one scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    AsBefore,
    Changed,
    Failed,
}

impl Bless {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut worst = Exit::Pass;
        for scenario in self.chosen()? {
            let found = match self.one(&scenario, out) {
                Ok(found) => found,
                Err(error) => {
                    // The others may still be told of.
                    super::complain(&error, &mut std::io::stderr().lock())?;
                    Found::Failed
                }
            };
            worst = match (found, worst) {
                (Found::Failed, _) | (_, Exit::Failure) => Exit::Failure,
                (Found::Changed, _) if self.check => Exit::Missed,
                _ => worst,
            };
        }
        if worst == Exit::Missed {
            let told = "If the figures are meant to have changed, write them down by `cacheduel bless` \
                        and commit what it has changed.";
            writeln!(out, "\n{}", text::wrap(told, text::WIDTH, 0))?;
        }
        Ok(worst)
    }

    fn chosen(&self) -> anyhow::Result<Vec<PathBuf>> {
        if !self.scenarios.is_empty() {
            return Ok(self.scenarios.clone());
        }
        let names = scenario::names(Path::new("scenarios"))
            .context("there is no folder scenarios/ here: name the scenarios")?;
        Ok(names.into_iter().map(PathBuf::from).collect())
    }

    fn one(&self, scenario: &Path, out: &mut dyn Write) -> anyhow::Result<Found> {
        let loaded = scenario::load(scenario)?;
        let of = || format!("{} cannot be simulated", loaded.name);
        let (baseline, by_threads) = exactly(&loaded, self.threads).with_context(of)?;
        if !by_threads.is_empty() {
            writeln!(out, "{}: on another number of threads", loaded.name)?;
            tell(&by_threads, out)?;
            return Ok(Found::Failed);
        }
        let path = self.baselines.join(format!("{}.json", loaded.name));
        let before = path.exists().then(|| stored::baseline(&path)).transpose()?;
        let changed = before.as_ref().map(|before| before.differences(&baseline));
        let verb = if self.check { "is" } else { "was" };
        let found = match &changed {
            Some(changed) if changed.is_empty() => {
                writeln!(out, "{}: as before", loaded.name)?;
                Found::AsBefore
            }
            Some(changed) => {
                writeln!(out, "{}: {} {verb} not as before", loaded.name, changed.len())?;
                tell(changed, out)?;
                Found::Changed
            }
            None => {
                writeln!(out, "{}: {verb} not there before", loaded.name)?;
                Found::Changed
            }
        };
        if !self.check && found == Found::Changed {
            fs::create_dir_all(&self.baselines)
                .and_then(|()| fs::write(&path, baseline.text()))
                .with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(found)
    }
}

fn tell(differences: &[Differing], out: &mut dyn Write) -> std::io::Result<()> {
    for Differing { path, baseline, candidate } in differences.iter().take(SHOWN) {
        writeln!(out, "  {path}: {baseline} -> {candidate}")?;
    }
    match differences.len().checked_sub(SHOWN) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(out, "  and {more} more"),
    }
}
