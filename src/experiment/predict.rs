//! What theory says of a run, beside what was measured.

mod band;
mod caveat;
mod estimate;
mod events;
mod flushes;
mod full;
mod pool;
mod waiting;

pub use band::check;

use self::estimate::{Of, estimate, span_of};
use crate::measure::{Bucket, Load, Measures};
use crate::model::{Nanos, Profile, Span};
use crate::record::{Contender, Prediction, Run};
use crate::scenario::{self, Scenario};
use crate::strategy::{Lifetime, Stampede};
use crate::theory::stampede::{Guard, Life};
use crate::theory::{KeyRate, hit_ratio, rates, refresh, staleness, stampede};
use crate::workload::Plan;

/// Of more keys than this no closed form is worked out: each takes dozens of bytes a key, and some of
/// them seconds.
const KEYS_MAX: u64 = 10_000_000;

/// What all keys together are asked for.
pub struct Asked {
    /// Requests a second.
    rate: f64,
    /// The share of them that reads.
    reads: f64,
    /// Of each key.
    probabilities: Vec<f64>,
}

impl Asked {
    /// What a plan asks for, if there are closed forms for it: not where requests follow answers (a closed
    /// loop), where popularity moves, where something breaks, where there is more to the workload than
    /// reads and updates of rows that are there, and with more than ten million keys.
    pub fn by(plan: &Plan, scenario: &Scenario) -> Option<Self> {
        // What is deleted, or was never there, is in no cache; and what is filled all at once is not yet
        // in the steady state that the forms are about.
        let workload = &scenario.workload;
        let is_plain = workload.only_reads_and_updates()
            && scenario.dataset.absent.is_zero()
            && !workload.prefill;
        if !is_plain || !scenario.faults.is_empty() || plan.keys() > KEYS_MAX {
            return None;
        }
        let (rate, probabilities) = (plan.rate()?, plan.probabilities()?);
        Some(Self { rate, reads: workload.reads.0, probabilities })
    }
}

/// The closed forms that apply to a contender, each with its measured figure. `profile` is that of a
/// simulation.
pub fn predictions(
    chosen: &scenario::Contender,
    scenario: &Scenario,
    plan: &Plan,
    asked: &Asked,
    contender: &Contender,
    profile: Option<&Profile>,
) -> Vec<Prediction> {
    let is_bounded = scenario.cache.maxmemory.is_some() || scenario.cache.max_keys.is_some();
    let mut found = match is_bounded {
        true => full::hit_ratio(&chosen.spec, scenario, asked, contender).into_iter().collect(),
        false => of_lives(chosen, scenario, plan, asked, contender),
    };
    if !is_bounded {
        found.extend(events::of_their_lag(chosen, scenario, asked, contender));
    }
    found.extend(flushes::rows_per_flush(&chosen.spec, asked, contender));
    found.extend(waiting::for_the_api(chosen, scenario, plan, asked, contender));
    found.extend(profile.and_then(|profile| {
        pool::for_the_store(chosen, scenario, plan, asked, contender, &profile.store)
    }));
    for prediction in &mut found {
        let general = caveat::of_arrivals(scenario);
        prediction.caveat = general.map(Into::into).or_else(|| prediction.caveat.take());
    }
    found
}

/// What follows from how long entries live, in a cache that has room for all of them.
fn of_lives(
    chosen: &scenario::Contender,
    scenario: &Scenario,
    plan: &Plan,
    asked: &Asked,
    contender: &Contender,
) -> Vec<Prediction> {
    let Some(lifetime) = chosen.spec.lifetime() else {
        return Vec::new();
    };
    let case = Case {
        lifetime,
        guard: chosen.spec.stampede().map(|guard| in_theory(guard, plan.nodes())),
        rates: rates(&asked.probabilities, asked.rate, asked.reads),
        load: load_time(contender).as_secs_f64(),
    };
    let stale_hits = |predicted: Predicted| predicted.beside(estimate_of_stale_hits(contender));
    let found = [
        case.hit_ratio().and_then(|it| it.beside(estimate(contender, Of::Share, hits))),
        case.stale_share_of_hits().and_then(stale_hits),
        case.stale_served().and_then(|it| it.beside(estimate(contender, Of::Share, stale_served))),
        case.reads_per_expiry()
            .and_then(|it| it.beside(estimate(contender, Of::OneAndMore, loads_and_expiries))),
        case.store_reads().and_then(|it| it.beside(estimate_of_loads(contender))),
    ];
    let caveat = caveat::of_lives(chosen, scenario, lifetime);
    let with_caveat = |found| Prediction { caveat: caveat.map(Into::into), ..found };
    found.into_iter().flatten().map(with_caveat).collect()
}

/// All that the closed forms know of a contender.
struct Case {
    lifetime: Lifetime,
    /// `None` where it is not known.
    guard: Option<Guard>,
    rates: Vec<KeyRate>,
    /// Seconds that a load keeps a missing entry missing.
    load: f64,
}

/// A figure as theory has it.
#[derive(Clone, Debug, PartialEq)]
struct Predicted {
    quantity: &'static str,
    formula: &'static str,
    value: f64,
}

impl Case {
    fn hit_ratio(&self) -> Option<Predicted> {
        let (rates, load) = (&self.rates, self.load);
        let is_guarded = !matches!(self.guard, None | Some(Guard::None));
        let is_early = matches!(self.guard, Some(Guard::Early { .. }));
        let (value, formula) = match self.lifetime {
            Lifetime::None => (0.0, "0"),
            // These forms are of entries that only time ends.
            Lifetime::RefreshAhead { .. } | Lifetime::Revalidate { .. } if self.has_writes() => {
                return None;
            }
            Lifetime::RefreshAhead { ttl, factor } if !is_early => (
                refresh::ahead_hit_ratio(rates, seconds(ttl), factor),
                "1 - e^(-lambda (1 - f) T) / (1 + lambda f T)",
            ),
            Lifetime::Revalidate { ttl, window } if !is_early => (
                refresh::revalidate_hit_ratio(rates, seconds(ttl), seconds(window), load),
                "(lambda T + S) / (1 + lambda (T + D)), S reads past T until the refresh",
            ),
            _ if is_guarded => return self.guarded_hit_ratio(),
            Lifetime::Ttl(ttl) => (
                hit_ratio::ttl_with_load(rates, seconds(ttl), load),
                "H / (H + 1 + lambda D), H = lambda (T + L)",
            ),
            Lifetime::UntilWrite(ttl) => (
                hit_ratio::delete_on_write_with_load(rates, Some(seconds(ttl)), load),
                "H / (H + 1 + lambda D), H = lambda ((1 - e^(-mu T)) / mu + L)",
            ),
            Lifetime::SinceWrite(ttl) => (
                hit_ratio::write_through_with_load(rates, seconds(ttl), load),
                "H / (H + p (1 + lambda D)), H = lambda ((e^(mu T) - 1) / mu + p L)",
            ),
            Lifetime::RefreshAhead { .. } | Lifetime::Revalidate { .. } => return None,
        };
        Some(Predicted { quantity: "hit ratio", formula, value })
    }

    /// Who waits for another's load hits.
    fn guarded_hit_ratio(&self) -> Option<Predicted> {
        let guard = self.guard.filter(|guard| !matches!(guard, Guard::Early { .. }))?;
        let value = stampede::hit_ratio(&self.rates, self.life()?, self.load, guard);
        let formula = match guard {
            Guard::One => "1 - 1 / (1 + lambda (A + D))",
            _ => "1 - N / (1 + lambda (A + D + L)), N = 1 + (n - 1)(1 - e^(-lambda D / n))",
        };
        Some(Predicted { quantity: "hit ratio", formula, value })
    }

    fn stale_share_of_hits(&self) -> Option<Predicted> {
        let Lifetime::Ttl(ttl) = self.lifetime else {
            return None;
        };
        // An entry that is waited for is fresh, so that the form holds for who found one at once.
        let is_unguarded = matches!(self.guard, None | Some(Guard::None));
        is_unguarded.then(|| Predicted {
            quantity: "stale share of hits",
            formula: "1 - (1 - e^(-mu T)) / (mu T)",
            value: staleness::ttl_share_of_hits(&self.rates, seconds(ttl)),
        })
    }

    fn stale_served(&self) -> Option<Predicted> {
        let Lifetime::Revalidate { ttl, window } = self.lifetime else {
            return None;
        };
        (!self.has_writes()).then(|| Predicted {
            quantity: "stale-served share",
            formula: "S / (1 + lambda (T + D)), S reads past T until the refresh",
            value: refresh::revalidate_stale_served(
                &self.rates,
                seconds(ttl),
                seconds(window),
                self.load,
            ),
        })
    }

    /// Store reads a second, of an entry that is renewed before it ends.
    fn store_reads(&self) -> Option<Predicted> {
        let Lifetime::RefreshAhead { ttl, factor } = self.lifetime else {
            return None;
        };
        // A write ends entries too; and a guard lets fewer load of those who come too late.
        if self.has_writes() || self.guard != Some(Guard::None) {
            return None;
        }
        Some(Predicted {
            quantity: "store reads/s",
            formula: "sum N / (f T + 1 / lambda + D + E), N loads, the last landing E after the first",
            value: refresh::ahead_store_rate(&self.rates, seconds(ttl), factor, self.load)?,
        })
    }

    fn has_writes(&self) -> bool {
        self.rates.iter().any(|rate| rate.writes > 0.0)
    }

    fn reads_per_expiry(&self) -> Option<Predicted> {
        let (life, guard) = (self.life()?, self.guard?);
        let is_ended_by_writes = matches!(self.lifetime, Lifetime::UntilWrite(_));
        if guard == Guard::One && is_ended_by_writes && self.has_writes() {
            // A write voids a lease, and outdates what is loaded under a lock: then there are two.
            return None;
        }
        let formula = match guard {
            Guard::None => "1 + lambda D",
            Guard::Coalesce { .. } => "1 + (n - 1)(1 - e^(-lambda D / n))",
            Guard::One => "1",
            Guard::Early { .. } => "e^(1 / beta); less where keys are rarely read",
        };
        let value = stampede::loads_per_expiry(&self.rates, life, self.load, guard);
        Some(Predicted { quantity: Prediction::READS_PER_EXPIRY, formula, value })
    }

    /// What ends entries, where that is as plain as the forms for stampedes need it.
    fn life(&self) -> Option<Life> {
        match self.lifetime {
            Lifetime::Ttl(ttl) => Some(Life { ttl: seconds(ttl), ends_on_write: false }),
            Lifetime::UntilWrite(ttl) => Some(Life { ttl: seconds(ttl), ends_on_write: true }),
            _ => None,
        }
    }
}

impl Predicted {
    fn beside(self, measured: Option<Prediction>) -> Option<Prediction> {
        Some(Prediction {
            quantity: self.quantity.into(),
            formula: self.formula.into(),
            predicted: self.value,
            ..measured?
        })
    }
}

const fn in_theory(guard: Stampede, nodes: u32) -> Guard {
    match guard {
        Stampede::None => Guard::None,
        Stampede::Coalesce => Guard::Coalesce { nodes },
        Stampede::OnePerCluster => Guard::One,
        Stampede::Early { beta } => Guard::Early { beta },
    }
}

fn seconds(span: Span) -> f64 {
    span.nanos().as_secs_f64()
}

/// How long a load keeps a missing entry missing: the store's read and the fill.
fn load_time(contender: &Contender) -> Nanos {
    let mean = |load: fn(&Measures) -> &Load| {
        let causes = || contender.runs.iter().flat_map(|run| &load(&run.measures).causes);
        let loads = || causes().filter(|cause| cause.purpose.loads());
        let calls: u64 = loads().map(|cause| cause.calls).sum();
        let busy: u64 = loads().map(|cause| cause.busy.0).sum();
        Nanos(busy.checked_div(calls).unwrap_or_default())
    };
    mean(|measures| &measures.store) + mean(|measures| &measures.cache)
}

fn hits(run: &Run) -> Vec<(u64, u64)> {
    each_bucket(run, |bucket| (bucket.hits, bucket.hits + bucket.misses))
}

fn stale_served(run: &Run) -> Vec<(u64, u64)> {
    each_bucket(run, |bucket| (bucket.stale_served, bucket.hits + bucket.misses))
}

/// Of the loads that an expiry causes, one is no duplicate.
fn loads_and_expiries(run: &Run) -> Vec<(u64, u64)> {
    each_bucket(run, |bucket| (bucket.loads, bucket.loads - bucket.duplicate_loads))
}

fn each_bucket(run: &Run, of: impl Fn(&Bucket) -> (u64, u64)) -> Vec<(u64, u64)> {
    run.measures.timeline.iter().map(of).collect()
}

/// Where only expiry ends an entry, all that is stale is a hit.
fn estimate_of_stale_hits(contender: &Contender) -> Option<Prediction> {
    estimate(contender, Of::Share, |run| {
        let stale = run.findings.timeline.iter().map(|bucket| bucket.definitely_stale);
        stale.zip(run.measures.timeline.iter().map(|bucket| bucket.hits)).collect()
    })
}

/// Loads a second.
fn estimate_of_loads(contender: &Contender) -> Option<Prediction> {
    let per_nano = estimate(contender, Of::Count, |run| {
        let buckets = run.measures.timeline.iter().enumerate();
        buckets.map(|(index, bucket)| (bucket.loads, span_of(run, index).0)).collect()
    })?;
    let of_seconds = |figure: f64| figure * Nanos::from_secs(1).0 as f64;
    Some(Prediction {
        measured: of_seconds(per_nano.measured),
        standard_error: of_seconds(per_nano.standard_error),
        ..per_nano
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(lifetime: Lifetime, guard: Option<Guard>) -> Case {
        Case {
            lifetime,
            guard,
            rates: vec![KeyRate::new(40.0, 0.5), KeyRate::new(3.0, 0.05)],
            load: 0.05,
        }
    }

    #[test]
    fn a_guard_spares_the_store_and_its_waiters_hit() {
        let ttl = Lifetime::Ttl(Span::from_secs(2));
        let of = |guard| {
            let case = case(ttl, Some(guard));
            (case.reads_per_expiry().unwrap().value, case.hit_ratio().unwrap().value)
        };
        let (unguarded, lowest) = of(Guard::None);
        let (coalesced, middle) = of(Guard::Coalesce { nodes: 2 });
        let (locked, highest) = of(Guard::One);
        assert!(unguarded > coalesced && coalesced > locked, "{unguarded} {coalesced} {locked}");
        assert!(lowest < middle && middle < highest, "{lowest} {middle} {highest}");
        assert_eq!(locked, 1.0);
    }

    #[test]
    fn where_a_form_is_not_known_none_is_given() {
        let ttl = Span::from_secs(2);
        let early = Some(Guard::Early { beta: 1.0 });
        assert_eq!(case(Lifetime::Ttl(ttl), early).hit_ratio(), None);
        assert!(case(Lifetime::Ttl(ttl), early).reads_per_expiry().is_some());
        assert_eq!(case(Lifetime::SinceWrite(ttl), Some(Guard::One)).hit_ratio(), None);
        assert_eq!(case(Lifetime::SinceWrite(ttl), Some(Guard::None)).reads_per_expiry(), None);
        assert_eq!(case(Lifetime::Ttl(ttl), None).reads_per_expiry(), None);
        assert!(case(Lifetime::Ttl(ttl), None).hit_ratio().is_some());
        let one = Some(Guard::One);
        assert_eq!(case(Lifetime::UntilWrite(ttl), one).reads_per_expiry(), None);
        assert!(case(Lifetime::Ttl(ttl), one).reads_per_expiry().is_some());
    }

    #[test]
    fn refreshing_has_forms_of_its_own() {
        let (ttl, window) = (Span::from_secs(2), Span::from_secs(1));
        let plain = case(Lifetime::Ttl(ttl), None).hit_ratio().unwrap().value;
        let unwritten = |lifetime| Case {
            rates: vec![KeyRate::new(40.0, 0.0), KeyRate::new(3.0, 0.0)],
            ..case(lifetime, None)
        };
        let (ahead, late) =
            (Lifetime::RefreshAhead { ttl, factor: 0.8 }, Lifetime::Revalidate { ttl, window });
        assert!(unwritten(ahead).hit_ratio().unwrap().value > plain);
        assert_eq!(unwritten(ahead).store_reads(), None, "of no known guard");
        let unguarded = Case { guard: Some(Guard::None), ..unwritten(ahead) };
        // A cycle of 1.6 s and a load, and a read of 1 / 40 s and 1 / 3 s.
        let expected = 1.0 / 1.675 + 1.0 / (1.65 + 1.0 / 3.0);
        let reads = unguarded.store_reads().unwrap().value;
        assert!((reads / expected - 1.0).abs() < 0.1, "{reads} and {expected}");
        assert_eq!(Case { guard: Some(Guard::None), ..case(ahead, None) }.store_reads(), None);
        assert_eq!(case(ahead, None).hit_ratio(), None, "a write ends such entries too");
        let revalidate = unwritten(late);
        let (hits, stale) = (revalidate.hit_ratio().unwrap(), revalidate.stale_served().unwrap());
        assert!(hits.value > plain && stale.value > 0.0 && stale.value < 1.0 - plain);
    }
}
