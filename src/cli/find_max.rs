//! `cacheduel find-max`: the highest rate that each strategy of a scenario holds.

mod progress;

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use self::progress::Display;
use super::places::{NewFolders, check_writable, free_folder};
use super::run::keep_only;
use super::servers::Servers;
use super::signals::{Signals, or_interrupted};
use super::{Exit, Usage};
use crate::compare::verdict::bounds;
use crate::experiment::find_max::{self, Settings, Watching};
use crate::experiment::{Environment, Silent, Stop};
use crate::model::Span;
use crate::record::ceilings::{Ceiling, Ceilings, Outcome};
use crate::report::ceilings;
use crate::scenario::{self, Loaded};

/// Finds the highest rate at which each strategy holds all thresholds of a scenario together
///
/// Every step is a run of one strategy at one rate, from fresh servers. The strategies take turns.
#[derive(Debug, Args)]
pub struct FindMax {
    /// A scenario's file, or the name of one in scenarios/
    scenario: PathBuf,
    /// The first rate to try, in requests a second [default: a tenth of the scenario's]
    #[arg(long, value_name = "RATE")]
    from: Option<f64>,
    /// Try no higher rate
    #[arg(long, value_name = "RATE", default_value_t = Settings::default().to)]
    to: f64,
    /// How near the ceiling is to be found, as a share of it
    #[arg(long, value_name = "SHARE", default_value = "5%", value_parser = share)]
    precision: f64,
    /// How long a step is measured; longer where its rate is too low for a quantile
    #[arg(long, value_name = "TIME", default_value = "10s")]
    step: Span,
    /// The folder for reports; the search's own goes to OUT/<scenario>/<time>/
    #[arg(long, value_name = "OUT", default_value = "reports")]
    out: PathBuf,
    #[command(flatten)]
    servers: Servers,
    /// Search only for these strategies of the scenario
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    /// Draw everything that is left to chance from this seed
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Where the search keeps its database and its servers' files while it lasts
    #[arg(long, value_name = "FOLDER")]
    work_dir: Option<PathBuf>,
    /// Print what was found as JSON instead of the table
    #[arg(long)]
    json: bool,
    /// Show no progress
    #[arg(long, short)]
    quiet: bool,
    /// End with code 4 if a rate is not confirmed, or a strategy has no answer
    #[arg(long)]
    strict: bool,
}

impl FindMax {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut loaded = scenario::load(&self.scenario)?;
        if let Some(seed) = self.seed {
            loaded.scenario.workload.seed = seed;
        }
        self.servers.apply(&mut loaded)?;
        keep_only(&mut loaded.scenario, &self.only)?;
        find_max::fit(&loaded.scenario, &self.settings())
            .map_err(|unfit| Usage(unfit.to_string()))?;
        warn(&loaded);
        let reports = self.out.join(&loaded.name);
        // Found out now, not when the figures are there and have nowhere to go.
        let _made = NewFolders::below(&reports);
        check_writable(&reports)?;

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (record, ended) = runtime.block_on(self.search(&loaded));
        let Some(record) = record else {
            super::warn("no step had come to its end yet, so nothing was written");
            return ended.map(|()| Exit::Failure);
        };
        let folder = free_folder(&reports, &record.started);
        let written = ceilings::write(&record, &folder);
        // Where it cannot be written, what was found is shown all the same.
        if self.json {
            write!(out, "{}", ceilings::json(&record))?;
        } else {
            write!(out, "{}", ceilings::text(&record))?;
        }
        written?;
        if !self.json {
            writeln!(out, "\nreport: {}", folder.join("report.html").display())?;
        }
        if ended.is_err() {
            super::warn("the report has what was found until the end came, and is not finished");
        }
        ended.map(|()| self.exit(&record))
    }

    fn settings(&self) -> Settings {
        let Self { from, to, precision, .. } = *self;
        Settings { from, to, precision, step: self.step.nanos() }
    }

    /// Searches. Whatever ended it, what was found until then comes with it, if anything was.
    async fn search(&self, loaded: &Loaded) -> (Option<Ceilings>, anyhow::Result<()>) {
        // Listened for before anything is made that would have to be cleared up.
        let mut signals = match Signals::listen() {
            Ok(signals) => signals,
            Err(error) => return (None, Err(error.into())),
        };
        let environment = tokio::select! {
            environment = Environment::real(&loaded.scenario, self.work_dir.as_deref()) => environment,
            interrupted = signals.next() => return (None, Err(interrupted.into())),
        };
        let environment = match environment {
            Ok(environment) => environment,
            Err(error) => return (None, Err(error.into())),
        };
        for check in environment.checks() {
            super::warn(&format!("{}: {}", check.name, check.detail));
        }
        let mut search =
            match find_max::FindMax::new(loaded, &environment, &self.settings(), bounds) {
                Ok(search) => search,
                Err(error) => return (None, Err(error.into())),
            };
        let display;
        let watching: &dyn Watching = if self.quiet {
            &Silent
        } else {
            display = Display::new(loaded.scenario.workload.warm_up.nanos());
            &display
        };
        let stop = Stop::new();
        let running = search.run(watching, &stop);
        let ended = or_interrupted(running, &stop, &environment, &mut signals).await;
        if let Err(error) = &ended {
            search.cut_short(&format!("{error:#}"));
        }
        (search.has_steps().then(|| search.record()), ended)
    }

    fn exit(&self, record: &Ceilings) -> Exit {
        let is_sure = |ceiling: &Ceiling| match ceiling.answer.holds {
            Some(_) => ceiling.answer.confirmed,
            None => ceiling.answer.beyond.is_some_and(|beyond| beyond.why != Outcome::Outrun),
        };
        if self.strict && !record.ceilings.iter().all(is_sure) {
            return Exit::Unsure;
        }
        if record.any_holds() { Exit::Pass } else { Exit::Missed }
    }
}

/// Tells of what makes the answer mean less than it seems to.
fn warn(loaded: &Loaded) {
    for warning in &loaded.warnings {
        super::warn(&format!("{}: {}", warning.path.join("."), warning.message));
    }
    for kind in find_max::unasked(&loaded.scenario.thresholds) {
        super::warn(&format!(
            "thresholds: nothing is asked of {kind}, so a rate holds whatever becomes of them"
        ));
    }
}

/// `5%`, `5 %` or `0.05`.
fn share(text: &str) -> Result<f64, String> {
    let (number, whole) = match text.trim().strip_suffix('%') {
        Some(percent) => (percent.trim_end(), 100.0),
        None => (text.trim(), 1.0),
    };
    let share = number.parse::<f64>().map(|number| number / whole);
    share.ok().filter(|share| share.is_finite()).ok_or_else(|| "write it as 5% or 0.05".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_written_in_per_cent_or_plainly() {
        assert_eq!(["5%", "2.5 %", "0.05"].map(|text| share(text).unwrap()), [0.05, 0.025, 0.05]);
        assert!(["", "%", "five", "nan"].into_iter().all(|text| share(text).is_err()));
    }
}
