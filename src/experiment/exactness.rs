//! Whether a simulation comes to the same to the last count, whoever runs it on however many threads.

use std::num::NonZeroUsize;

use super::{Error, Silent, Stop, simulate};
use crate::model::{Nanos, Profile, Span};
use crate::record::{Baseline, Differing, exact};
use crate::scenario::{Loaded, Scenario};

/// The longest window, and warm-up, of a closed loop: each of its moments has as many requests as the
/// servers can answer, which in memory are very many.
const CLOSED: Span = Span::from_millis(100);

/// Simulates a scenario under the nominal profile on one thread, and once more on so many. Returns what it
/// came to, and in what the two differ, which should be nothing.
///
/// # Errors
/// If it cannot be simulated.
pub fn exactly(
    loaded: &Loaded,
    threads: NonZeroUsize,
) -> Result<(Baseline, Vec<Differing>), Error> {
    let mut loaded = loaded.clone();
    let shortened = shorten(&mut loaded.scenario);
    let on = |threads| simulate(&loaded, &Profile::default(), threads, &Silent, &Stop::new());
    let (one, again) = (on(NonZeroUsize::MIN)?, on(threads)?);
    Ok((Baseline::of(&one, shortened), exact::differences(&one, &again)))
}

/// Cuts down a scenario that would take minutes. Returns what was cut, if anything was.
fn shorten(scenario: &mut Scenario) -> Option<String> {
    let workload = &mut scenario.workload;
    let is_long = workload.arrival.profile().is_none() && workload.duration > CLOSED;
    if !is_long {
        return None;
    }
    workload.duration = CLOSED;
    workload.warm_up = workload.warm_up.min(CLOSED);
    let (window, warm_up) = (Nanos::from(CLOSED.0), workload.warm_up.nanos());
    Some(format!("a window of {window} after {warm_up} of warm-up"))
}
