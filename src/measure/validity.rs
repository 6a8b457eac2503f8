//! Whether a run's figures can be trusted: a number from a bad run is worse than none.

mod capacity;
mod store;

pub use capacity::capacity;
pub use store::StoreEvidence;

use serde::{Deserialize, Serialize};

use super::{Measures, Totals};
use crate::judge::Audit;
use crate::model::{CacheCounters, Distribution, Injected, Nanos};

/// How late the generator may start a request at the 99th percentile: by so much, or by so much of
/// the response time at the same percentile, of which the lag is a part.
struct LagBound {
    always: Nanos,
    share_of_response: f64,
}

/// Up to here three quarters of the p99 that is reported are the strategy's own.
const LAG_FINE: LagBound = LagBound { always: Nanos::from_millis(1), share_of_response: 0.25 };
/// Beyond this it is the generator's rather than the strategy's.
const LAG_BEARABLE: LagBound = LagBound { always: Nanos::from_millis(2), share_of_response: 0.5 };
/// A generator that uses more of its core than this may itself be the bottleneck.
const GENERATOR_CPU_MAX: f64 = 0.8;
/// This share of what was intended within the window must be answered, however late.
const ANSWERED_MIN: f64 = 0.99;

/// One check and how it ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// What was checked: `dispatch lag`, `server counters`.
    pub name: String,
    pub standing: Standing,
    /// What was found, with the figures and the bound.
    pub detail: String,
}

/// How a check ended, from best to worst.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// The check does not apply to this run.
    NotApplicable,
    #[default]
    Ok,
    Warn,
    /// The figures are worse than none.
    Invalid,
}

impl Standing {
    /// The word for it, as it stands in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotApplicable => "n/a",
            Self::Ok => "OK",
            Self::Warn => "WARN",
            Self::Invalid => "INVALID",
        }
    }
}

/// What a run is judged by.
pub struct Evidence<'a> {
    pub is_open: bool,
    /// Whether the cache is the run's own, so that nobody else's calls are in its counters.
    pub is_private: bool,
    pub measures: &'a Measures,
    pub totals: &'a Totals,
    pub audit: &'a Audit,
    pub counters: Option<&'a CacheCounters>,
    /// Calls to the cache whose caller was gone before the answer came.
    pub given_up: u64,
    pub store: StoreEvidence<'a>,
    /// The share of its core that the generator used; `None` under virtual time.
    pub generator_cpu: Option<f64>,
    /// How many faults the scenario asks for.
    pub planned_faults: usize,
    /// What became of them.
    pub faults: &'a [Injected],
}

/// Every check of one run.
pub fn check(evidence: &Evidence<'_>) -> Vec<Check> {
    let mut checks = vec![
        dispatch_lag(evidence),
        generator(evidence),
        answered(evidence),
        server_counters(evidence),
        store::store_counters(&evidence.store, evidence.totals),
        corrupt(evidence),
    ];
    checks.extend(faults(evidence));
    checks
}

impl Check {
    fn new(name: &str, standing: Standing, detail: impl Into<String>) -> Self {
        Self { name: name.into(), standing, detail: detail.into() }
    }
}

fn dispatch_lag(evidence: &Evidence<'_>) -> Check {
    const NAME: &str = "dispatch lag";
    if !evidence.is_open {
        return Check::new(NAME, Standing::NotApplicable, "a closed loop intends no times");
    }
    let (lag, response) = match &evidence.measures.lag_outside_faults {
        // What breaks may take the generator along; it has to be on time before and after.
        Some(lag) if lag.is_empty() => {
            let detail = "there is no interval without a fault";
            return Check::new(NAME, Standing::NotApplicable, detail);
        }
        Some(lag) => (lag, response_outside_faults(evidence)),
        None => (&evidence.measures.lag, response(evidence)),
    };
    let (lag, response) = (lag.quantile(0.99), response.quantile(0.99));
    let (standing, bound) = if lag <= LAG_FINE.of(response) {
        (Standing::Ok, LAG_FINE.of(response))
    } else if lag <= LAG_BEARABLE.of(response) {
        (Standing::Warn, LAG_FINE.of(response))
    } else {
        (Standing::Invalid, LAG_BEARABLE.of(response))
    };
    let place = if evidence.faults.is_empty() { "" } else { " outside of faults" };
    let (lag, bound) = (lag.0 / 1_000, bound.0 / 1_000);
    Check::new(NAME, standing, format!("p99{place} {lag} us, at most {bound} us"))
}

fn response(evidence: &Evidence<'_>) -> Distribution {
    let mut response = Distribution::new();
    for latency in &evidence.measures.latency {
        response.merge(&latency.response);
    }
    response
}

fn response_outside_faults(evidence: &Evidence<'_>) -> Distribution {
    let measures = evidence.measures;
    let mut response = Distribution::new();
    for (index, bucket) in measures.timeline.iter().enumerate() {
        if !evidence.faults.iter().any(|fault| fault.is_felt_in(measures.bucket, index)) {
            response.merge(&bucket.reads);
            response.merge(&bucket.writes);
        }
    }
    response
}

impl LagBound {
    fn of(&self, response: Nanos) -> Nanos {
        self.always.max(Nanos((response.0 as f64 * self.share_of_response) as u64))
    }
}

fn generator(evidence: &Evidence<'_>) -> Check {
    const NAME: &str = "generator";
    let Some(cpu) = evidence.generator_cpu else {
        return Check::new(NAME, Standing::NotApplicable, "time is virtual");
    };
    let standing = match cpu <= GENERATOR_CPU_MAX {
        true => Standing::Ok,
        // A closed loop is meant to saturate; its latency is then the generator's too.
        false if !evidence.is_open => Standing::Warn,
        false => Standing::Invalid,
    };
    let bound = GENERATOR_CPU_MAX * 100.0;
    let detail = format!("used {:.0} % of its core, at most {bound:.0} %", cpu * 100.0);
    Check::new(NAME, standing, detail)
}

fn answered(evidence: &Evidence<'_>) -> Check {
    const NAME: &str = "answered";
    let requests = &evidence.measures.requests;
    if requests.intended == 0 {
        return Check::new(NAME, Standing::Invalid, "the window saw no request");
    }
    let share = requests.answered as f64 / requests.intended as f64;
    let standing = if share >= ANSWERED_MIN { Standing::Ok } else { Standing::Warn };
    let detail = format!("{} of {} requests", requests.answered, requests.intended);
    Check::new(NAME, standing, detail)
}

fn server_counters(evidence: &Evidence<'_>) -> Check {
    const NAME: &str = "server counters";
    let not_applicable = |why: &str| Check::new(NAME, Standing::NotApplicable, why);
    let counters = evidence.counters.filter(|counters| !counters.commands.is_empty());
    let Some(counters) = counters else {
        return not_applicable("the cache keeps no counters of its own");
    };
    let totals = evidence.totals;
    if counters.restarted {
        return not_applicable("the server was started anew, and began to count from zero");
    }
    if !evidence.is_private {
        return not_applicable("others may use the server too");
    }
    if totals.cache_compound > 0 {
        return not_applicable("scripts and streams call commands of their own");
    }
    if totals.cache_failed > 0 {
        return not_applicable("calls failed, and may or may not have reached the server");
    }
    let of = |command: &str| counters.commands.get(command).copied().unwrap_or_default();
    let pairs = [
        ("get", totals.cache_gets, of("get")),
        ("set", totals.cache_sets, of("set")),
        ("del", totals.cache_deletes, of("del")),
    ];
    let wrong: Vec<_> = pairs
        .iter()
        // Where a caller was gone before the answer, the call may or may not have come to the server.
        .filter(|(_, tap, server)| !(*tap..=tap + evidence.given_up).contains(server))
        .map(|(command, tap, server)| format!("{command}: tap {tap}, server {server}"))
        .collect();
    if wrong.is_empty() {
        let calls: u64 = pairs.iter().map(|(_, tap, _)| tap).sum();
        Check::new(NAME, Standing::Ok, format!("tap and server agree on {calls} calls"))
    } else {
        Check::new(NAME, Standing::Invalid, wrong.join("; "))
    }
}

fn corrupt(evidence: &Evidence<'_>) -> Check {
    let corrupt = evidence.totals.corrupt + evidence.audit.corrupt;
    let standing = if corrupt == 0 { Standing::Ok } else { Standing::Invalid };
    let detail = match corrupt {
        0 => "every answer and every entry is what its writer wrote".into(),
        _ => format!("{corrupt} answers or entries are not what any writer wrote"),
    };
    Check::new("corrupt values", standing, detail)
}

/// Whether all that was to break did, and was put in order again; `None` where nothing was to.
fn faults(evidence: &Evidence<'_>) -> Option<Check> {
    const NAME: &str = "faults";
    let (planned, injected) = (evidence.planned_faults, evidence.faults);
    if planned == 0 && injected.is_empty() {
        return None;
    }
    let mut troubles: Vec<String> = injected
        .iter()
        .filter_map(|fault| Some(format!("{}: {}", fault.what, fault.trouble.as_ref()?)))
        .collect();
    if injected.len() < planned {
        troubles.push(format!("only {} of {planned} came about", injected.len()));
    }
    Some(match troubles.is_empty() {
        true => Check::new(NAME, Standing::Ok, format!("all {planned} came about, and ended")),
        false => Check::new(NAME, Standing::Invalid, troubles.join("; ")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Bucket, Latency};
    use crate::model::{Breakage, CacheBreakage, Op, ServedBy};

    /// The standing of a lag in an open loop whose responses take `response`.
    fn standing(lag: Nanos, response: Nanos) -> Standing {
        let mut measures = Measures::default();
        let mut distribution = Distribution::new();
        distribution.record(response);
        measures.lag.record(lag);
        measures.latency.push(Latency {
            op: Op::Read,
            served_by: ServedBy::Cache,
            response: distribution.clone(),
            service: distribution,
        });
        let evidence = Evidence {
            is_open: true,
            is_private: true,
            measures: &measures,
            totals: &Totals::default(),
            audit: &Audit::default(),
            counters: None,
            given_up: 0,
            store: StoreEvidence::default(),
            generator_cpu: None,
            planned_faults: 0,
            faults: &[],
        };
        dispatch_lag(&evidence).standing
    }

    #[test]
    fn a_lag_is_measured_by_the_figure_that_it_is_part_of() {
        let micros = Nanos::from_micros;
        assert_eq!(standing(micros(900), micros(300)), Standing::Ok);
        assert_eq!(standing(micros(1_900), micros(300)), Standing::Warn);
        assert_eq!(standing(micros(2_100), micros(300)), Standing::Invalid);
        assert_eq!(standing(micros(4_900), micros(20_000)), Standing::Ok);
        assert_eq!(standing(micros(9_900), micros(20_000)), Standing::Warn);
        assert_eq!(standing(micros(10_100), micros(20_000)), Standing::Invalid);
    }

    #[test]
    fn a_count_that_the_server_does_not_share_is_caught() {
        let server = |gets| CacheCounters {
            commands: [("get".to_owned(), gets)].into(),
            ..CacheCounters::default()
        };
        let totals = Totals { cache_gets: 10, ..Totals::default() };
        let standing_of = |counters: &CacheCounters, is_private, given_up| {
            let check = server_counters(&Evidence {
                is_open: true,
                is_private,
                measures: &Measures::default(),
                totals: &totals,
                audit: &Audit::default(),
                counters: Some(counters),
                given_up,
                store: StoreEvidence::default(),
                generator_cpu: None,
                planned_faults: 0,
                faults: &[],
            });
            check.standing
        };
        let standing_with =
            |gets, is_private, given_up| standing_of(&server(gets), is_private, given_up);
        let standing = |gets, is_private| standing_with(gets, is_private, 0);
        assert_eq!(standing_with(11, true, 1), Standing::Ok, "the one may have come to the server");
        assert_eq!(standing_with(12, true, 1), Standing::Invalid);
        assert_eq!(standing(9, true), Standing::Invalid);
        assert_eq!(standing(10, true), Standing::Ok);
        assert_eq!(standing(9, false), Standing::NotApplicable);
        let anew = CacheCounters { restarted: true, ..server(9) };
        assert_eq!(standing_of(&anew, true, 0), Standing::NotApplicable);
    }

    #[test]
    fn lag_and_response_are_taken_outside_of_faults() {
        let breaking = Injected {
            what: Breakage::Cache(CacheBreakage::Paused),
            began: Nanos::from_millis(100),
            ended: Nanos::from_millis(190),
            trouble: None,
        };
        let mut timeline = vec![Bucket::default(); 3];
        timeline[0].reads.record(Nanos::from_micros(300));
        timeline[1].reads.record(Nanos::from_secs(2));
        let mut measures =
            Measures { bucket: Nanos::from_millis(100), timeline, ..Measures::default() };
        measures.lag.record(Nanos::from_millis(900));
        let mut outside = Distribution::new();
        outside.record(Nanos::from_micros(2_100));
        measures.lag_outside_faults = Some(outside);
        let check = |measures: &Measures, faults: &[Injected]| {
            let evidence = Evidence {
                is_open: true,
                is_private: true,
                measures,
                totals: &Totals::default(),
                audit: &Audit::default(),
                counters: None,
                given_up: 0,
                store: StoreEvidence::default(),
                generator_cpu: None,
                planned_faults: 1,
                faults,
            };
            (dispatch_lag(&evidence), super::faults(&evidence).unwrap())
        };
        let (lag, faults) = check(&measures, std::slice::from_ref(&breaking));
        assert_eq!((lag.standing, faults.standing), (Standing::Invalid, Standing::Ok));
        assert_eq!(lag.detail, "p99 outside of faults 2101 us, at most 2000 us");
        measures.lag_outside_faults = Some(Distribution::new());
        let troubled = Injected { trouble: Some("no such process".into()), ..breaking };
        let (lag, faults) = check(&measures, &[troubled]);
        assert_eq!((lag.standing, faults.standing), (Standing::NotApplicable, Standing::Invalid));
        assert_eq!(faults.detail, "cache paused: no such process");
        assert_eq!(check(&measures, &[]).1.detail, "only 0 of 1 came about");
    }
}
