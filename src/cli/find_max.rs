//! `cacheduel find-max`: the highest rate that each strategy of a scenario holds.

mod progress;

use std::io::Write;

use clap::Args;

use self::progress::Display;
use super::measuring::{Measured, Measuring};
use super::signals::{Signals, or_interrupted};
use super::{Exit, Usage};
use crate::compare::verdict::bounds;
use crate::experiment::find_max::{self, Settings, Watching};
use crate::experiment::{Environment, Silent, Stop};
use crate::model::Span;
use crate::record::ceilings::{Ceiling, Ceilings, Outcome};
use crate::scenario::Loaded;

/// Finds the highest rate at which each strategy holds all thresholds of a scenario together
///
/// Every step is a run of one strategy at one rate, from fresh servers. The strategies take turns.
#[derive(Debug, Args)]
pub struct FindMax {
    #[command(flatten)]
    measuring: Measuring,
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
    /// End with code 4 if a rate is not confirmed, or a strategy has no answer
    #[arg(long)]
    strict: bool,
}

impl FindMax {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let loaded = self.measuring.load()?;
        find_max::fit(&loaded.scenario, &self.settings())
            .map_err(|unfit| Usage(unfit.to_string()))?;
        for kind in find_max::unasked(&loaded.scenario.thresholds) {
            super::warn(&format!(
                "thresholds: nothing is asked of {kind}, so a rate holds whatever becomes of them"
            ));
        }
        let measure = async |environment: &Environment, signals: &mut Signals| {
            self.search(&loaded, environment, signals).await
        };
        let measure = || self.measuring.on_servers(&loaded, measure);
        self.measuring.carry_out(&loaded, out, measure, |record| self.exit(record))
    }

    fn settings(&self) -> Settings {
        let Self { from, to, precision, .. } = *self;
        Settings { from, to, precision, step: self.step.nanos() }
    }

    /// Searches. Whatever ended it, what was found until then comes with it, if anything was.
    async fn search(
        &self,
        loaded: &Loaded,
        environment: &Environment,
        signals: &mut Signals,
    ) -> anyhow::Result<Measured<Ceilings>> {
        let mut search = find_max::FindMax::new(loaded, environment, &self.settings(), bounds)?;
        let warm_up = loaded.scenario.workload.warm_up.nanos();
        let display = (!self.measuring.quiet).then(|| Display::new(warm_up));
        let watching = display.as_ref().map_or(&Silent as &dyn Watching, |display| display);
        let stop = Stop::new();
        let running = search.run(watching, &stop);
        let ended = or_interrupted(running, &stop, environment, signals).await;
        if let Err(error) = &ended {
            search.cut_short(&format!("{error:#}"));
        }
        Ok((search.has_steps().then(|| search.record()), ended))
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
