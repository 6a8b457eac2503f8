//! Whether the requests of the window were sent when they were due, and answered at all.
//!
//! The rate that was asked for is the generator's duty alone: in an open loop no start waits for an
//! answer, so however slow the target is, it cannot be the cause of a request that was not started.

use super::{Check, Evidence, Standing};
use crate::model::Nanos;

/// This share of what was intended within the window must be answered, however late.
const ANSWERED_MIN: f64 = 0.99;
/// This share of the window's requests may be owed, as it opens and as it closes.
const OWED_MAX: f64 = 0.01;
/// So are those that are due within this time, the lag of a generator that is well.
const OWED_WITHIN: Nanos = Nanos::from_millis(2);

/// Requests that were due before the window opened and started in it are a backlog that was carried
/// in; requests of the window that had not started when it closed are what its rate fell short of.
pub fn achieved_rate(evidence: &Evidence<'_>) -> Check {
    const NAME: &str = "achieved rate";
    if !evidence.is_open {
        return Check::not_applicable(NAME, "a closed loop asks for no rate");
    }
    let (planned, started) = (evidence.planned, evidence.totals.started_in_window);
    let (carried_in, owed) =
        (evidence.totals.carried_in, planned.saturating_sub(evidence.totals.started_in_window));
    let most = owed_max(planned, evidence.measures.window);
    let standing = match carried_in.max(owed) <= most {
        true => Standing::Ok,
        // What breaks may have taken the generator along.
        false if evidence.is_through_fault() => Standing::Warn,
        false => Standing::Invalid,
    };
    let detail = format!(
        "{started} of the window's {planned} requests started within it, and {carried_in} owed from \
         before: at most {most} of either kind may be late"
    );
    Check::new(NAME, standing, detail)
}

/// How many of `planned` requests within `window` may be owed at any time: at least one, for it may
/// have been due just then.
fn owed_max(planned: u64, window: Nanos) -> u64 {
    let within = OWED_WITHIN.as_secs_f64() / window.as_secs_f64().max(OWED_WITHIN.as_secs_f64());
    (planned as f64 * OWED_MAX.max(within)).max(1.0) as u64
}

pub fn answered(evidence: &Evidence<'_>) -> Check {
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

#[cfg(test)]
mod tests {
    use super::super::tests::Scene;
    use super::*;

    #[test]
    fn a_request_may_be_late_but_not_many_of_them() {
        assert_eq!(owed_max(1_000, Nanos::from_secs(10)), 10);
        assert_eq!(owed_max(1_000, Nanos::from_millis(100)), 20, "two milliseconds of it");
        assert_eq!(owed_max(20, Nanos::from_secs(10)), 1);
        assert_eq!(owed_max(0, Nanos::ZERO), 1);
    }

    #[test]
    fn the_rate_is_of_what_started_in_the_window() {
        let standing = |started_in_window, carried_in| {
            let mut scene = Scene { planned: 1_000, ..Scene::default() };
            scene.measures.window = Nanos::from_secs(10);
            scene.totals.started_in_window = started_in_window;
            scene.totals.carried_in = carried_in;
            achieved_rate(&scene.evidence()).standing
        };
        assert_eq!(standing(1_000, 0), Standing::Ok);
        assert_eq!(standing(990, 10), Standing::Ok);
        assert_eq!(standing(989, 0), Standing::Invalid, "the rate fell short");
        // As many as were asked for, but each of them late: what came in went out again.
        assert_eq!(standing(1_000, 11), Standing::Invalid, "a backlog was carried in");
    }

    #[test]
    fn what_was_not_answered_is_told() {
        let standing = |intended, answered| {
            let mut scene = Scene::default();
            scene.measures.requests.intended = intended;
            scene.measures.requests.answered = answered;
            super::answered(&scene.evidence()).standing
        };
        assert_eq!(standing(1_000, 990), Standing::Ok);
        assert_eq!(standing(1_000, 989), Standing::Warn);
        assert_eq!(standing(0, 0), Standing::Invalid);
    }
}
