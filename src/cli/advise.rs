//! `cacheduel advise`: which strategies meet a scenario's thresholds, which is cheapest, and what breaks
//! first when traffic doubles.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;

use super::run::Run;
use super::steps::{Swept, take, takes};
use super::{Exit, Usage, warn};
use crate::compare::advice::{Advice, Source, Traffic, advice, is_open};
use crate::compare::sweep::{self, Made};
use crate::record::sweep::{Scale, Unit, Varied};
use crate::record::{Record, Scenario};
use crate::report;
use crate::scenario::Loaded;
use crate::scenario::vary::{Variation, vary};
use crate::workload::{Arrival, Profile};

/// Says which strategies meet a scenario's thresholds, which is cheapest, what breaks if traffic doubles
///
/// Runs the scenario as it is, at twice its traffic, and at more while nothing breaks; or reads Records
/// of such runs. Every sentence names the figure and the Record that it stands on.
#[derive(Debug, Args)]
pub struct Advise {
    #[command(flatten)]
    run: Run,
    /// Answer from these Records of the scenario, at its own rate and at others, without a run
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["simulate", "repeats", "aa"])]
    record: Vec<PathBuf>,
    /// Try at most so many times the scenario's traffic
    #[arg(long, value_name = "TIMES", default_value_t = 8, value_parser = clap::value_parser!(u32).range(2..=1024))]
    up_to: u32,
}

impl Advise {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let base = self.run.plain()?;
        let (traffic, own) = traffic(&base.scenario);
        if self.record.is_empty() {
            return self.measured(&base, traffic, own, out);
        }
        let mut sources = Vec::new();
        for path in &self.record {
            sources.push(source(&base, own, path, report::read(path)?)?);
        }
        sources.sort_by(|one, other| one.times.total_cmp(&other.times));
        check(&sources, traffic, own)?;
        let most = sources.last().map_or(1.0, |source| source.times);
        let told = advice(traffic, &sources, most).expect("there is at least one Record");
        self.print(&told, out)?;
        Ok(self.run.exit(&sources[0].record))
    }

    /// Runs what the answers stand on, and leaves it in a folder as a sweep does.
    fn measured(
        &self,
        base: &Loaded,
        traffic: Traffic,
        own: f64,
        out: &mut dyn Write,
    ) -> anyhow::Result<Exit> {
        let _made = self.run.measuring().prepare(&base.name)?;
        let variation = self.doublings(base, traffic, own)?;
        let takes = takes(&self.run, &variation)?;
        for text in super::steps::warnings(&takes[0].loaded) {
            warn(&text);
        }
        let enough = |made: &[Made]| !is_open(&sources(made, own));
        let (made, ended) = take(&self.run, &variation.option, &takes, enough);
        let varied = Varied {
            option: variation.option.clone(),
            argument: argument(&variation),
            unit: Unit::Number,
            scale: Scale::Log,
            planned: made.iter().map(|made| made.written.clone()).collect(),
        };
        let most = f64::from(self.up_to);
        let told = advice(traffic, &sources(&made, own), most);
        let exit = made.first().map_or(Exit::Failure, |made| self.run.exit(&made.record));
        let swept = sweep::of(&varied, self.run.is_simulated(), &made);
        let swept = swept.map(|sweep| Swept::new(sweep, made, &ended));
        let (Some(told), Some(swept)) = (told, swept) else {
            warn("nothing had been measured yet, so nothing was written");
            return ended.map(|()| Exit::Failure);
        };
        let folder = self.run.measuring().folder(&base.name, &swept);
        let written = report::write(&swept, &folder);
        // Where it cannot be written, the answers are given all the same.
        self.print(&told, out)?;
        written?;
        if !self.run.measuring().json {
            writeln!(out, "\nrecords: {}", folder.display())?;
        }
        ended.map(|()| exit)
    }

    /// The scenario at its own traffic, at twice that, and so on; where it cannot be doubled, as it is.
    fn doublings(&self, base: &Loaded, traffic: Traffic, own: f64) -> Result<Variation, Usage> {
        let option = match traffic {
            Traffic::Rate => "rate",
            Traffic::Clients => "clients",
            // Its seed is a value like any other: this is the scenario as it stands.
            Traffic::Changing => {
                let seed = base.scenario.workload.seed;
                return varied(base, &format!("workload.seed={seed}"));
            }
        };
        let amounts = std::iter::successors(Some(1_u32), |times| times.checked_mul(2));
        let mut amounts: Vec<f64> = amounts
            .take_while(|times| *times < self.up_to)
            .chain([self.up_to])
            .map(|times| own * f64::from(times))
            .collect();
        // What no machine can start is not tried.
        loop {
            let list: Vec<_> = amounts.iter().map(ToString::to_string).collect();
            match varied(base, &format!("{option}={}", list.join(","))) {
                Err(_) if amounts.len() > 1 => drop(amounts.pop()),
                other => return other,
            }
        }
    }

    fn print(&self, told: &Advice, out: &mut dyn Write) -> anyhow::Result<()> {
        if self.run.measuring().json {
            serde_json::to_writer_pretty(&mut *out, told)?;
            writeln!(out)?;
        } else {
            out.write_all(report::advice::text(told).as_bytes())?;
        }
        Ok(())
    }
}

fn varied(base: &Loaded, argument: &str) -> Result<Variation, Usage> {
    vary(base, argument).map_err(|unvaried| Usage(unvaried.to_string()))
}

fn argument(variation: &Variation) -> String {
    let values = variation.variants.iter().map(|variant| variant.value.written.as_str());
    format!("{}={}", variation.option, values.collect::<Vec<_>>().join(","))
}

/// What a scenario's traffic is an amount of, and how much of it there is.
fn traffic(scenario: &Scenario) -> (Traffic, f64) {
    match &scenario.workload.arrival {
        Arrival::Closed(closed) => (Traffic::Clients, f64::from(closed.clients)),
        Arrival::Even(Profile::Rate(rate)) | Arrival::Poisson(Profile::Rate(rate)) => {
            (Traffic::Rate, *rate)
        }
        Arrival::Even(profile) | Arrival::Poisson(profile) => (Traffic::Changing, profile.peak()),
    }
}

fn sources(made: &[Made], own: f64) -> Vec<Source> {
    let source = |made: &Made| {
        let (_, amount) = traffic(&made.record.scenario);
        let (file, record) = (made.file.clone(), made.record.clone());
        Source { times: amount / own, amount, file, record }
    };
    made.iter().map(source).collect()
}

/// A Record of somebody's, if it is one of the scenario but for its traffic.
fn source(base: &Loaded, own: f64, path: &Path, record: Record) -> Result<Source, Usage> {
    let file = path.display().to_string();
    if let Some(part) = different(&base.scenario, &record.scenario) {
        return Err(Usage(format!(
            "--record {file}: it is of another scenario than {}: [{part}] differs",
            base.name
        )));
    }
    let (_, amount) = traffic(&record.scenario);
    let source = Source { times: amount / own, amount, file, record };
    // What is asked may be asked again: the figures are what they are.
    Ok(source.asked_for(&base.scenario.thresholds, base.scenario.prefer))
}

/// The first part in which two scenarios differ, but for their traffic, their seed, their repeats, what
/// is asked of strategies, and which servers they are run on.
fn different(one: &Scenario, other: &Scenario) -> Option<&'static str> {
    let kind = |arrival: &Arrival| std::mem::discriminant(arrival);
    let (mut workload, theirs) = (one.workload.clone(), &other.workload);
    let is_alike = kind(&workload.arrival) == kind(&theirs.arrival)
        && (traffic(one).0 == traffic(other).0)
        && (traffic(one).0 != Traffic::Changing || workload.arrival == theirs.arrival);
    (workload.arrival, workload.seed) = (theirs.arrival.clone(), theirs.seed);
    let (mut cache, mut store) = (one.cache.clone(), one.store.clone());
    cache.server = other.cache.server.clone();
    cache.program = other.cache.program.clone();
    store.server = other.store.server.clone();
    let twins = &other.strategies;
    let strategies = twins.0.iter().filter(|theirs| twins.twin_of(theirs).is_none());
    let has = |theirs| one.strategies.0.contains(theirs);
    let parts = [
        ("dataset", one.dataset == other.dataset),
        ("workload", is_alike && workload == *theirs),
        ("cache", cache == other.cache),
        ("store", store == other.store),
        ("faults", one.faults == other.faults),
        ("strategies", strategies.into_iter().all(has)),
    ];
    parts.into_iter().find_map(|(part, same)| (!same).then_some(part))
}

/// One Record is of the scenario's own traffic, and no two are of the same.
fn check(sources: &[Source], traffic: Traffic, own: f64) -> Result<(), Usage> {
    let is_at = |source: &Source, times: f64| (source.times - times).abs() < 1e-9;
    if let Some(pair) = sources.windows(2).find(|pair| is_at(&pair[0], pair[1].times)) {
        return Err(Usage(format!(
            "--record {} and {} are both of {}: give one of each",
            pair[0].file,
            pair[1].file,
            traffic.told(pair[0].amount)
        )));
    }
    if !is_at(&sources[0], 1.0) {
        return Err(Usage(format!(
            "--record: the least traffic has to be the scenario's own, {}; that of {} is {}",
            traffic.told(own),
            sources[0].file,
            traffic.told(sources[0].amount)
        )));
    }
    Ok(())
}
