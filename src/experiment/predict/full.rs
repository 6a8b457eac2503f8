//! The hit ratio of a cache that is full, by Che's approximation.

use super::estimate::{Of, estimate};
use super::{Asked, Predicted, hits};
use crate::backend::{Eviction, Victim};
use crate::record::{Contender, Prediction};
use crate::scenario::Scenario;
use crate::strategy::{Lifetime, Spec};
use crate::theory::eviction;

/// How often random eviction must have had the time to fill the cache before chance has forgotten what
/// came first: each time leaves about a third of it.
const FILLED_AT_RANDOM: f64 = 3.0;

/// For a cache that counts entries, as the twin does, and evicts exactly by LRU or at random; Redis
/// counts bytes, and samples. Nothing but eviction may end an entry: there are no writes, and the TTL
/// outlasts the run.
pub fn hit_ratio(
    spec: &Spec,
    scenario: &Scenario,
    asked: &Asked,
    contender: &Contender,
) -> Option<Prediction> {
    let capacity = scenario.cache.max_keys.filter(|_| scenario.cache.maxmemory.is_none())?;
    let (Lifetime::Ttl(ttl) | Lifetime::UntilWrite(ttl) | Lifetime::SinceWrite(ttl)) =
        spec.lifetime()?
    else {
        return None;
    };
    let workload = &scenario.workload;
    let outlasts = ttl.nanos() >= workload.warm_up.nanos() + workload.duration.nanos();
    let stay = eviction::lru_stay(&asked.probabilities, capacity);
    if asked.reads < 1.0 || !outlasts || stay.is_infinite() {
        return None;
    }
    let popularity = &asked.probabilities;
    let (value, formula, settled_after) = match scenario.cache.eviction {
        Eviction::AllkeysLru if scenario.cache.victim() == Victim::Exact => (
            eviction::lru(popularity, capacity),
            "sum p (1 - e^(-p t)), t from sum (1 - e^(-p t)) = C",
            stay,
        ),
        // Who came first is gone after as long on average, however often it was read.
        Eviction::AllkeysRandom | Eviction::AllkeysFifo => (
            eviction::random(popularity, capacity),
            "sum p p t / (1 + p t), t from sum p t / (1 + p t) = C",
            stay * FILLED_AT_RANDOM,
        ),
        _ => return None,
    };
    let predicted = Predicted { quantity: "hit ratio", formula, value };
    let found = predicted.beside(estimate(contender, Of::Share, hits))?;
    let is_settled = workload.warm_up.nanos().as_secs_f64() * asked.rate >= settled_after;
    let caveat = (!is_settled).then(|| "the warm-up is too short to fill the cache".to_owned());
    Some(Prediction { caveat, ..found })
}
