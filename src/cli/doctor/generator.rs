//! What the load generator itself costs here: the short form of `calibrate`, in less than two seconds.

use std::path::Path;

use super::finding::Finding;
use crate::backend::{CacheServer, StoreServer};
use crate::cli::text;
use crate::experiment::{Effort, Environment, calibrate};
use crate::measure::Calibration;
use crate::scenario::{self, Loaded, Scenario};

/// What is measured where no scenario is named.
const SCENARIO: &str = r#"
question = "What does the generator cost?"
[dataset]
entity = "product"
keys = 1000
[workload]
reads = 1.0
popularity = "uniform"
arrival = { even = { rate = 1000 } }
duration = "1s"
[strategies.cache-aside]
"#;

/// An open loop is believed up to this share of the ceiling.
const CEILING_SHARE: f64 = 0.8;

const WHAT: &str = "load generator";

/// Measures it on a private Redis, with the entries and the connections of the scenario if there is one.
///
/// # Errors
/// If the scenario that stands in for one is none.
pub async fn look(
    loaded: Option<&Loaded>,
    program: Option<&Path>,
    work_dir: Option<&Path>,
) -> anyhow::Result<Finding> {
    let mut scenario = match loaded {
        Some(loaded) => loaded.scenario.clone(),
        None => scenario::parse("calibration", SCENARIO)?.scenario,
    };
    scenario.cache.server = CacheServer::Managed;
    scenario.cache.program = program.map(Path::to_owned);
    scenario.store.server = StoreServer::Embedded;
    scenario.faults.clear();
    let rate = scenario.workload.peak_rate();
    Ok(match measured(&scenario, rate, work_dir).await {
        Ok(calibration) => finding(&calibration, rate),
        Err(error) => Finding::warn(WHAT, error.to_string(), "try `cacheduel calibrate`"),
    })
}

async fn measured(
    scenario: &Scenario,
    rate: Option<f64>,
    work_dir: Option<&Path>,
) -> Result<Calibration, crate::experiment::Error> {
    let environment = Environment::real(scenario, work_dir).await?;
    calibrate(scenario, &environment, &Effort::brief(rate)).await
}

fn finding(calibration: &Calibration, rate: Option<f64>) -> Finding {
    let per_second = |rate: f64| text::count(rate.round() as u64);
    let ceiling = calibration.ceiling();
    let mut found = format!("{:.1} us of CPU for a cache hit", calibration.harness.cpu / 1e3);
    if let Some(added) = calibration.added() {
        found += &format!(" ({:+.0} % to a bare client)", added * 100.0);
    }
    found += &format!(", its core is full at {} a second", per_second(ceiling));
    for lag in &calibration.lags {
        let late = lag.p99.0 as f64 / 1e3;
        found += &format!("; at {} a second p99 of lag {late:.0} us", per_second(lag.rate));
    }
    let advice = "measured briefly: `cacheduel calibrate` takes its time";
    match rate.filter(|rate| *rate > ceiling * CEILING_SHARE) {
        Some(rate) => {
            let asked = per_second(rate);
            let advice = format!(
                "{asked} a second are asked for, above 80 % of that: ask for less; {advice}"
            );
            Finding::warn(WHAT, found, advice)
        }
        None => Finding::ok(WHAT, found).with(advice),
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Standing;
    use super::*;
    use crate::measure::{LagAt, Pace};
    use crate::model::Nanos;

    #[test]
    fn a_rate_beyond_what_the_generator_can_do_is_warned_of() {
        let calibration = Calibration {
            clients: 32,
            harness: Pace { rate: 1e5, cpu: 2_000.0 },
            bare: Some(Pace { rate: 1e5, cpu: 1_600.0 }),
            leanest: None,
            alone: Pace { rate: 1e6, cpu: 900.0 },
            lags: vec![LagAt { rate: 1_000.0, p99: Nanos::from_micros(60), ..LagAt::default() }],
        };
        let calm = finding(&calibration, Some(1_000.0));
        assert_eq!(
            calm.found,
            "2.0 us of CPU for a cache hit (+25 % to a bare client), its core is full at 500,000 a \
             second; at 1,000 a second p99 of lag 60 us"
        );
        assert_eq!(calm.standing, Standing::Ok);
        assert_eq!(finding(&calibration, None).standing, Standing::Ok);
        let beyond = finding(&calibration, Some(450_000.0));
        assert_eq!(beyond.standing, Standing::Warn);
        assert!(beyond.advice.unwrap().contains("450,000 a second are asked for"));
    }
}
