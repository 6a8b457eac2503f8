//! What the lag of events lets clients see: an entry is out of date until the event of the write has come.

use super::estimate::{Of, estimate};
use super::{Asked, Predicted, estimate_of_stale_hits, load_time};
use crate::measure::{Cause, Load};
use crate::model::{Distribution, Nanos, Purpose};
use crate::record::{Contender, Prediction, Run};
use crate::scenario::{self, Scenario};
use crate::strategy::parts::events::Form;
use crate::strategy::{Spec, Stampede};
use crate::theory::relay::{Relay, Wait};
use crate::theory::{KeyRate, rates, staleness};

/// So many standard deviations beyond the expected events of a gap must still go into one batch.
const ROOM: f64 = 6.0;
/// A TTL below so many times the lag ends entries while they are stale.
const TTL_MIN: f64 = 20.0;
/// An event may overtake a load that takes more than this part of the lag: the old row then stays for as
/// long as nobody writes the key.
const LOAD_MAX: f64 = 0.2;
/// Beyond this stale share, events that plainly delete end many entries that are fresh.
const PLAIN_MAX: f64 = 0.03;
const MILLIS: f64 = 1e3;

/// The stale share of hits, and how old stale reads are, where nothing but events and a long TTL ends
/// entries. The relay's times are measured, and so is the way to the cache: by lookups, for a consumer's
/// calls wait for events.
pub fn of_their_lag(
    chosen: &scenario::Contender,
    scenario: &Scenario,
    asked: &Asked,
    contender: &Contender,
) -> Vec<Prediction> {
    let Spec::EventInvalidation(options) = &chosen.spec else { return Vec::new() };
    let Some(times) = Times::of(contender) else { return Vec::new() };
    let events = asked.rate * (1.0 - asked.reads);
    let relay = times.relay(options.relay_interval.nanos());
    let in_a_gap = events * relay.idle;
    if chosen.spec.stampede() != Some(Stampede::None)
        || in_a_gap + ROOM * in_a_gap.sqrt() > options.batch as f64
    {
        return Vec::new();
    }
    let lag = times.lag(relay.wait(events), events);
    if load_time(contender).as_secs_f64() > LOAD_MAX * lag.mean {
        return Vec::new();
    }
    let ttl = options.expiry().mean();
    let keys = rates(&asked.probabilities, asked.rate, asked.reads);
    let share = stale_share(&keys, ttl.nanos(), lag.mean);
    let age = Predicted {
        quantity: "age of stale reads, ms",
        formula: "E[l^2] / (2 E[l]), l = E[g^2] / (2 E[g]) + look + round trip, g between looks",
        value: lag.mean_square / (2.0 * lag.mean) * MILLIS,
    };
    let caveat = if ttl > scenario.workload.warm_up {
        Some("the warm-up is shorter than the TTL")
    } else if ttl.nanos().as_secs_f64() < TTL_MIN * lag.mean {
        Some("entries expire while events are on their way")
    } else if options.form == Form::Delete && share.value > PLAIN_MAX {
        Some("an event also deletes what was filled since its write")
    } else {
        None
    };
    let found =
        [share.beside(estimate_of_stale_hits(contender)), age.beside(estimate_of_ages(contender))];
    let with_caveat = |found| Prediction { caveat: caveat.map(Into::into), ..found };
    found.into_iter().flatten().map(with_caveat).collect()
}

fn stale_share(keys: &[KeyRate], ttl: Nanos, lag: f64) -> Predicted {
    Predicted {
        quantity: "stale share of hits",
        formula: "mu l / (1 + mu l), l the mean lag of events",
        value: staleness::versioned_invalidation_of_hits(keys, ttl.as_secs_f64(), lag),
    }
}

/// What the steps on the way of an event take, in seconds.
struct Times {
    /// A look into the outbox.
    look: f64,
    /// A removal from it.
    trim: f64,
    /// To the cache and back.
    round_trip: f64,
}

impl Times {
    /// `None` where there was no such call, or where one failed.
    fn of(contender: &Contender) -> Option<Self> {
        let relayed = sum(contender, |run| &run.measures.store, Purpose::Relay)?;
        let lookups = sum(contender, |run| &run.measures.cache, Purpose::Lookup)?;
        let each = |span: Nanos, calls: u64| span.as_secs_f64() / calls.max(1) as f64;
        (relayed.reads > 0 && relayed.failed + lookups.failed == 0).then(|| Self {
            look: each(relayed.reading, relayed.reads),
            trim: each(relayed.busy - relayed.reading, relayed.calls - relayed.reads),
            round_trip: each(lookups.busy, lookups.calls),
        })
    }

    /// What it finds it publishes and removes before it looks again.
    fn relay(&self, rest: Nanos) -> Relay {
        Relay {
            idle: rest.as_secs_f64() + self.look,
            busy: self.look + self.round_trip + self.trim,
        }
    }

    /// From the COMMIT to the first lookup that does not find the entry: the wait for a look, the look,
    /// half a round trip to the stream, half to the consumer and half to the entry, less the half that
    /// the lookup itself is on its way; and a round trip for each event that is carried out before it.
    fn lag(&self, wait: Wait, events: f64) -> Wait {
        let ahead = events * wait.mean;
        let carried = self.look + self.round_trip * (1.0 + ahead);
        Wait {
            mean: wait.mean + carried,
            mean_square: wait.mean_square + 2.0 * wait.mean * carried + carried * carried,
        }
    }
}

fn sum<'a>(
    contender: &'a Contender,
    side: impl Fn(&'a Run) -> &'a Load,
    purpose: Purpose,
) -> Option<Cause> {
    let causes = contender.runs.iter().flat_map(|run| &side(run).causes);
    causes.filter(|cause| cause.purpose == purpose).copied().reduce(|sum, cause| Cause {
        calls: sum.calls + cause.calls,
        reads: sum.reads + cause.reads,
        busy: sum.busy + cause.busy,
        reading: sum.reading + cause.reading,
        failed: sum.failed + cause.failed,
        ..sum
    })
}

/// In milliseconds. Reads that find the same old entry say the same, so that there are no more of them to
/// count than writes that made an entry old.
fn estimate_of_ages(contender: &Contender) -> Option<Prediction> {
    let mut ages = Distribution::new();
    contender.runs.iter().for_each(|run| ages.merge(&run.findings.age_at_least));
    let writes = contender.total(|run| run.findings.writes);
    let independent = ages.len().min(writes) as f64;
    // Any ratio will do for what is not an age of it.
    let found = estimate(contender, Of::Share, |run| vec![(0, run.findings.age_at_least.len())])?;
    let millis = |nanos: f64| nanos / 1e9 * MILLIS;
    Some(Prediction {
        measured: millis(ages.mean()),
        standard_error: millis(ages.histogram().stdev() / independent.sqrt()),
        ..found
    })
}
