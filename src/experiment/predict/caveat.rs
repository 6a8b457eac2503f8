//! What of a run is not as the closed forms assume. The figures are shown beside each other all the
//! same, but the run is not held to agree.

use crate::scenario::{Contender, Scenario};
use crate::strategy::{Lifetime, Spec};
use crate::workload::{Arrival, Popularity};

/// Of how requests come: all forms are of independent Poisson processes.
pub fn of_arrivals(scenario: &Scenario) -> Option<&'static str> {
    match (&scenario.workload.arrival, &scenario.workload.popularity) {
        (Arrival::Even(_), _) => Some("requests come evenly spaced"),
        (_, Popularity::Trace(_)) => Some("a trace's requests depend on each other"),
        _ => None,
    }
}

/// Of how long entries live.
pub fn of_lives(
    chosen: &Contender,
    scenario: &Scenario,
    lifetime: Lifetime,
) -> Option<&'static str> {
    let options = chosen.options();
    let has_jitter = options.get("preset").is_some_and(|preset| !preset.is_null())
        || options.get("jitter").and_then(serde_json::Value::as_f64) > Some(0.0);
    let has_events = options.get("events").is_some_and(|events| !events.is_null());
    if matches!(lifetime, Lifetime::None) {
        None
    } else if matches!(chosen.spec, Spec::WriteBehind(_)) {
        Some("write-behind is taken for write-through")
    } else if has_events || matches!(chosen.spec, Spec::EventInvalidation(_)) {
        Some("events take some time")
    } else if has_jitter {
        Some("the TTL varies")
    } else if ttl(lifetime) > scenario.workload.warm_up {
        Some("the warm-up is shorter than the TTL")
    } else {
        None
    }
}

/// How long an entry lives that nothing but time ends.
fn ttl(lifetime: Lifetime) -> crate::model::Span {
    match lifetime {
        Lifetime::None => crate::model::Span::default(),
        Lifetime::Ttl(ttl) | Lifetime::UntilWrite(ttl) | Lifetime::SinceWrite(ttl) => ttl,
        Lifetime::RefreshAhead { ttl, .. } | Lifetime::Revalidate { ttl, .. } => ttl,
    }
}
