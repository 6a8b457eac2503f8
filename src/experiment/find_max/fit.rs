//! Whether a scenario can be searched for its ceilings, and how long a step has to be.

use std::time::Duration;

use thiserror::Error;

use super::Settings;
use crate::model::{Nanos, Span, samples_to_certify};
use crate::record::ceilings::Searched;
use crate::scenario::{Scenario, Thresholds};
use crate::workload::{Arrival, Profile, WorkloadOptions};

/// A step that would have to last longer than this, so that its quantiles are certified, is not made.
const STEP_MAX: Nanos = Nanos::from_secs(600);
/// How far below the mean a count of Poisson arrivals may come out, in standard deviations.
const DEVIATIONS: f64 = 5.0;
/// Where a search begins unless it is told: the scenario's own rate, divided by this.
const FROM_DIVISOR: f64 = 10.0;
/// How many times as long a confirmation is as a step.
const CONFIRMATION: u32 = 3;

/// Why a scenario cannot be searched for the highest rates that its strategies hold.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum Unfit {
    #[error(
        "the scenario asks for nothing that a rate could break: add to [thresholds] what a strategy \
         has to hold, of latency (`read-p99 = \"50ms\"`, `read-p50`, `update-p99`), staleness \
         (`stale-share = 0.01`, `staleness = \"5s\"`), the load on the store \
         (`store-reads-per-request = 0.5`, `store-burst`, `throttled`) and errors (`errors = 0.001`)"
    )]
    NoThresholds,
    #[error(
        "a closed loop has no rate to look for: its clients wait for their answers; expected \
         `arrival = {{ poisson = {{ rate = 600 }} }}` or `constant` in [workload]"
    )]
    Closed,
    #[error(
        "the rate of the scenario varies, and what is looked for is one that is held: expected \
         `arrival = {{ poisson = {{ rate = 600 }} }}` or `constant` in [workload]"
    )]
    Varies,
    #[error(
        "things break in the course of the scenario, and what is looked for is a rate that is held \
         while nothing does: remove [[faults]]"
    )]
    Faults,
    #[error("the precision has to be from 0.5 % to 50 %")]
    Precision,
    #[error("the lowest rate has to be above zero and below the highest, which is {to}")]
    Range { to: f64 },
    #[error("a step has to last for some time, and at most {}", shown(STEP_MAX))]
    Step,
    #[error(
        "at {from} requests a second a step would have to last {} until `{key}` has the samples that \
         certify it, and is made for at most {}: begin at {least} or more with --from",
        shown(*length),
        shown(STEP_MAX)
    )]
    TooSlow { from: f64, key: &'static str, length: Nanos, least: f64 },
}

/// Where the search begins and ends, if the scenario can be searched at all.
///
/// # Errors
/// [`Unfit`], with what is to be changed.
pub fn fit(scenario: &Scenario, settings: &Settings) -> Result<Searched, Unfit> {
    if scenario.thresholds == Thresholds::default() {
        return Err(Unfit::NoThresholds);
    }
    let rate = rate_of(&scenario.workload.arrival)?;
    if !scenario.faults.is_empty() {
        return Err(Unfit::Faults);
    }
    if !(0.005..=0.5).contains(&settings.precision) {
        return Err(Unfit::Precision);
    }
    if settings.step == Nanos::ZERO || settings.step > STEP_MAX {
        return Err(Unfit::Step);
    }
    let needed = Needed::of(scenario);
    // No lower than what can be certified within the longest step, where nobody says otherwise.
    let least = needed.rate_of(STEP_MAX).map_or(0.0, |(least, _)| least);
    let from = settings.from.unwrap_or((rate / FROM_DIVISOR).max(least.ceil()).min(settings.to));
    if !(from.is_finite() && from > 0.0 && from < settings.to) {
        return Err(Unfit::Range { to: settings.to });
    }
    if let Some((least, key)) = needed.rate_of(STEP_MAX)
        && from < least
    {
        let length = needed.length(from);
        // Rounded up, so that what is advised will do.
        return Err(Unfit::TooSlow { from, key, length, least: least.ceil() });
    }
    Ok(Searched {
        from,
        to: settings.to,
        precision: settings.precision,
        step: settings.step,
        confirmation: CONFIRMATION,
    })
}

/// What a scenario asks nothing of, though it tells that a rate is too much: failed requests that nobody
/// minds are no reason to stop, nor is a queue.
pub fn unasked(thresholds: &Thresholds) -> Vec<&'static str> {
    let Thresholds { read_p50, read_p99, update_p99, errors, .. } = thresholds;
    let kinds = [
        ("latency", read_p50.is_some() || read_p99.is_some() || update_p99.is_some()),
        ("errors", errors.is_some()),
    ];
    kinds.into_iter().filter(|(_, is_asked)| !is_asked).map(|(kind, _)| kind).collect()
}

/// The same arrivals at another rate.
pub fn at_rate(arrival: &Arrival, rate: f64) -> Arrival {
    match arrival {
        Arrival::Even(_) => Arrival::Even(Profile::Rate(rate)),
        Arrival::Poisson(_) => Arrival::Poisson(Profile::Rate(rate)),
        Arrival::Closed(closed) => Arrival::Closed(*closed),
    }
}

fn rate_of(arrival: &Arrival) -> Result<f64, Unfit> {
    arrival.profile().ok_or(Unfit::Closed)?.steady().ok_or(Unfit::Varies)
}

/// How long the window of a step at `rate` is: as asked, or as long as its quantiles need.
pub fn length(scenario: &Scenario, searched: &Searched, rate: f64) -> Nanos {
    searched.step.max(Needed::of(scenario).length(rate))
}

/// The requests that thresholds on quantiles need, each with its key.
struct Needed(Vec<(f64, &'static str)>);

impl Needed {
    fn of(scenario: &Scenario) -> Self {
        let Thresholds { read_p50, read_p99, update_p99, .. } = scenario.thresholds;
        let (reads, updates) = shares(&scenario.workload);
        let quantiles = [
            (read_p50.is_some(), 0.5, reads, "read-p50"),
            (read_p99.is_some(), 0.99, reads, "read-p99"),
            (update_p99.is_some(), 0.99, updates, "update-p99"),
        ];
        let asked = quantiles.into_iter().filter(|(is_asked, ..)| *is_asked);
        Self(
            asked.map(|(_, q, share, key)| (requests(samples_to_certify(q), share), key)).collect(),
        )
    }

    /// The window in which so many requests come at `rate`; zero where no quantile is asked for.
    fn length(&self, rate: f64) -> Nanos {
        Nanos::from_secs_f64(self.most().map_or(0.0, |(requests, _)| requests / rate))
    }

    /// The rate at which they come within a window, and the threshold that needs it.
    fn rate_of(&self, window: Nanos) -> Option<(f64, &'static str)> {
        self.most().map(|(requests, key)| (requests / window.as_secs_f64(), key))
    }

    fn most(&self) -> Option<(f64, &'static str)> {
        self.0.iter().copied().max_by(|(one, _), (other, _)| one.total_cmp(other))
    }
}

/// How many requests it takes on average that practically always `samples` of a kind are among them,
/// which is this share of them.
fn requests(samples: u64, share: f64) -> f64 {
    let samples = samples as f64;
    (samples + DEVIATIONS * samples.sqrt()) / share
}

/// The least shares of reads and of updates. A client's look at its own write takes the place of any
/// request.
fn shares(workload: &WorkloadOptions) -> (f64, f64) {
    let writes = 1.0 - workload.reads.0;
    let own_reads = workload.own_reads.map_or(0.0, |own_reads| own_reads.share.0 * writes);
    let reads = workload.reads.0 + own_reads * writes;
    (reads, workload.updates() * (1.0 - own_reads))
}

fn shown(span: Nanos) -> String {
    Span(Duration::from_secs(span.as_secs_f64().ceil() as u64)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario;

    const SETTINGS: Settings =
        Settings { from: None, to: 1e6, precision: 0.05, step: Nanos::from_secs(10) };

    fn scenario(arrival: &str, rest: &str) -> Scenario {
        let text = format!(
            "question = \"Which?\"\n[dataset]\nentity = \"product\"\nkeys = 100\n[workload]\n\
             reads = 0.9\npopularity = \"uniform\"\narrival = {arrival}\nwarm-up = \"2s\"\n\
             duration = \"8s\"\n[strategies]\nno-cache = {{}}\n{rest}"
        );
        scenario::parse("test", &text).unwrap().scenario
    }

    const POISSON: &str = "{ poisson = { rate = 600 } }";

    #[test]
    fn what_cannot_be_searched_is_told_with_what_to_do() {
        let told =
            |arrival, rest| fit(&scenario(arrival, rest), &SETTINGS).unwrap_err().to_string();
        let nothing = told(POISSON, "");
        for key in ["read-p99", "update-p99", "stale-share", "store-burst", "errors"] {
            assert!(nothing.contains(&format!("`{key}")), "{nothing}");
        }
        let asked = "[thresholds]\nread-p99 = \"5ms\"\n";
        assert!(told("{ closed = { clients = 5 } }", asked).contains("poisson = { rate"));
        let faults = format!("{asked}[[faults]]\nat = \"1s\"\nwhat = {{ cache = \"flushed\" }}\n");
        assert!(told(POISSON, &faults).contains("[[faults]]"));
    }

    #[test]
    fn a_search_begins_at_a_tenth_of_the_rate_unless_told() {
        let scenario = scenario(POISSON, "[thresholds]\nread-p99 = \"5ms\"\n");
        assert_eq!(fit(&scenario, &SETTINGS).unwrap().from, 60.0);
        let from = Settings { from: Some(7.0), ..SETTINGS };
        assert_eq!(fit(&scenario, &from).unwrap().from, 7.0);
        let wrong = [
            Settings { from: Some(1e6), ..SETTINGS },
            Settings { from: Some(f64::NAN), ..SETTINGS },
            Settings { from: Some(-1.0), ..SETTINGS },
            Settings { precision: 0.0, ..SETTINGS },
            Settings { step: Nanos::ZERO, ..SETTINGS },
        ];
        for settings in wrong {
            assert!(fit(&scenario, &settings).is_err(), "{settings:?}");
        }
    }

    #[test]
    fn a_step_is_as_long_as_its_quantiles_need() {
        let scenario = scenario(POISSON, "[thresholds]\nread-p99 = \"5ms\"\n");
        let searched = fit(&scenario, &SETTINGS).unwrap();
        assert_eq!(length(&scenario, &searched, 600.0), SETTINGS.step);
        // 662 reads and five standard deviations, of which nine in ten requests are.
        let long = length(&scenario, &searched, 10.0).as_secs_f64();
        assert!((long - (662.0 + 5.0 * 662_f64.sqrt()) / 9.0).abs() < 1e-3, "{long}");
    }

    #[test]
    fn a_rate_whose_steps_would_never_end_is_refused_with_one_that_will_do() {
        let scenario = scenario(POISSON, "[thresholds]\nupdate-p99 = \"5ms\"\n");
        let slow = Settings { from: Some(1.0), ..SETTINGS };
        let Err(Unfit::TooSlow { least, key, .. }) = fit(&scenario, &slow) else { panic!() };
        assert_eq!(key, "update-p99");
        assert!(fit(&scenario, &Settings { from: Some(least), ..SETTINGS }).is_ok());
    }
}
