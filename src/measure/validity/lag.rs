//! Whether the generator started requests on time. A request that starts late is measured as slow,
//! and it is not the strategy that was.

use super::{Check, Evidence, Standing};
use crate::model::{Distribution, Nanos};

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

pub fn dispatch_lag(evidence: &Evidence<'_>) -> Check {
    const NAME: &str = "dispatch lag";
    if !evidence.is_open {
        return Check::not_applicable(NAME, "a closed loop intends no times");
    }
    let (lag, response) = match &evidence.measures.lag_outside_faults {
        // What breaks may take the generator along; it has to be on time before and after.
        Some(lag) if lag.is_empty() => {
            return Check::not_applicable(NAME, "there is no interval without a fault");
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

#[cfg(test)]
mod tests {
    use super::super::tests::Scene;
    use super::*;
    use crate::measure::{Bucket, Latency};
    use crate::model::{Breakage, CacheBreakage, Injected, Op, ServedBy};

    /// The standing of a lag in an open loop whose responses take `response`.
    fn standing(lag: Nanos, response: Nanos) -> Standing {
        let mut scene = Scene::default();
        let mut distribution = Distribution::new();
        distribution.record(response);
        scene.measures.lag.record(lag);
        scene.measures.latency.push(Latency {
            op: Op::Read,
            served_by: ServedBy::Cache,
            response: distribution.clone(),
            service: distribution,
        });
        dispatch_lag(&scene.evidence()).standing
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
    fn lag_and_response_are_taken_outside_of_faults() {
        let mut scene = Scene::default();
        scene.faults.push(Injected {
            what: Breakage::Cache(CacheBreakage::Paused),
            began: Nanos::from_millis(100),
            ended: Nanos::from_millis(190),
            trouble: None,
        });
        scene.measures.bucket = Nanos::from_millis(100);
        scene.measures.timeline = vec![Bucket::default(); 3];
        scene.measures.timeline[0].reads.record(Nanos::from_micros(300));
        scene.measures.timeline[1].reads.record(Nanos::from_secs(2));
        scene.measures.lag.record(Nanos::from_millis(900));
        let mut outside = Distribution::new();
        outside.record(Nanos::from_micros(2_100));
        scene.measures.lag_outside_faults = Some(outside);
        let check = dispatch_lag(&scene.evidence());
        assert_eq!(check.standing, Standing::Invalid);
        assert_eq!(check.detail, "p99 outside of faults 2101 us, at most 2000 us");
        scene.measures.lag_outside_faults = Some(Distribution::new());
        assert_eq!(dispatch_lag(&scene.evidence()).standing, Standing::NotApplicable);
    }
}
