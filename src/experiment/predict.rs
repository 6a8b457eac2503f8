//! What theory says of a run, beside what was measured.

use crate::measure::{Bucket, Measures};
use crate::model::{Nanos, Purpose};
use crate::record::{Contender, Prediction, Run};
use crate::scenario::Scenario;
use crate::strategy::{Lifetime, Spec};
use crate::theory::{KeyRate, hit_ratio, rates, staleness};
use crate::workload::Plan;

/// Into how many batches a run is cut to see how much its figures vary.
const BATCHES: usize = 16;

/// The closed forms that apply to a contender, each with its measured figure. Empty where requests
/// follow answers (a closed loop), where popularity moves, where the cache may evict, and where there
/// is more to the workload than reads and updates of rows that are there.
pub fn predictions(
    spec: &Spec,
    scenario: &Scenario,
    plan: &Plan,
    contender: &Contender,
) -> Vec<Prediction> {
    let is_bounded = scenario.cache.maxmemory.is_some() || scenario.cache.max_keys.is_some();
    // What is deleted, or was never there, is in no cache; and what is filled all at once is not yet
    // in the steady state that the forms are about.
    let workload = &scenario.workload;
    let is_plain =
        workload.only_reads_and_updates() && scenario.dataset.absent.is_zero() && !workload.prefill;
    if !is_plain {
        return Vec::new();
    }
    let (Some(rate), Some(probabilities)) = (plan.rate(), plan.probabilities()) else {
        return Vec::new();
    };
    let Some(lifetime) = spec.lifetime().filter(|_| !is_bounded) else {
        return Vec::new();
    };
    let rates = rates(&probabilities, rate, workload.reads.0);
    let load = load_time(contender).as_secs_f64();
    let mut predictions = vec![hit_ratio_of(lifetime, &rates, load, contender)];
    if let Lifetime::Ttl(ttl) = lifetime {
        predictions.push(Prediction {
            quantity: "stale share of hits".into(),
            formula: "1 - (1 - e^(-mu T)) / (mu T)".into(),
            predicted: staleness::ttl_share_of_hits(&rates, ttl.nanos().as_secs_f64()),
            ..estimate(stale_hits(contender))
        });
    }
    predictions
}

fn hit_ratio_of(
    lifetime: Lifetime,
    rates: &[KeyRate],
    load: f64,
    contender: &Contender,
) -> Prediction {
    let (predicted, formula) = match lifetime {
        Lifetime::None => (0.0, "0".to_owned()),
        Lifetime::Ttl(ttl) => (
            hit_ratio::ttl_with_load(rates, ttl.nanos().as_secs_f64(), load),
            "H / (H + 1 + lambda D), H = lambda (T + L)".into(),
        ),
        Lifetime::UntilWrite(ttl) => (
            hit_ratio::delete_on_write_with_load(rates, Some(ttl.nanos().as_secs_f64()), load),
            "H / (H + 1 + lambda D), H = lambda ((1 - e^(-mu T)) / mu + L)".into(),
        ),
        Lifetime::SinceWrite(ttl) => (
            hit_ratio::write_through_with_load(rates, ttl.nanos().as_secs_f64(), load),
            "H / (H + p (1 + lambda D)), H = lambda ((e^(mu T) - 1) / mu + p L)".into(),
        ),
    };
    Prediction { quantity: "hit ratio".into(), formula, predicted, ..estimate(hits(contender)) }
}

/// How long a load keeps a missing entry missing: the store's read and the fill.
fn load_time(contender: &Contender) -> Nanos {
    let mean = |load: fn(&Measures) -> &crate::measure::Load| {
        let causes = || contender.runs.iter().flat_map(|run| &load(&run.measures).causes);
        let fills = || causes().filter(|cause| cause.purpose == Purpose::Fill);
        let calls: u64 = fills().map(|cause| cause.calls).sum();
        let busy: u64 = fills().map(|cause| cause.busy.0).sum();
        Nanos(busy.checked_div(calls).unwrap_or_default())
    };
    mean(|measures| &measures.store) + mean(|measures| &measures.cache)
}

/// Hits and reads, batch by batch.
fn hits(contender: &Contender) -> Vec<(u64, u64)> {
    let of = |bucket: &Bucket| (bucket.hits, bucket.hits + bucket.misses);
    batches(contender, |run| run.measures.timeline.iter().map(of).collect())
}

/// Stale reads and hits, batch by batch: where only expiry ends an entry, all that is stale is a hit.
fn stale_hits(contender: &Contender) -> Vec<(u64, u64)> {
    batches(contender, |run| {
        let stale = run.findings.timeline.iter().map(|bucket| bucket.definitely_stale);
        stale.zip(run.measures.timeline.iter().map(|bucket| bucket.hits)).collect()
    })
}

fn batches(contender: &Contender, buckets: impl Fn(&Run) -> Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    let mut batches = Vec::new();
    for run in &contender.runs {
        let buckets = buckets(run);
        let size = buckets.len().div_ceil(BATCHES).max(1);
        batches.extend(buckets.chunks(size).map(|batch| {
            batch.iter().fold((0, 0), |sum, bucket| (sum.0 + bucket.0, sum.1 + bucket.1))
        }));
    }
    batches
}

/// The ratio of the batches' sums and its standard error: by how much batches of a run differ, but
/// never less than independent requests would.
fn estimate(batches: Vec<(u64, u64)>) -> Prediction {
    let (part, whole) = batches.iter().fold((0, 0), |sum, b| (sum.0 + b.0, sum.1 + b.1));
    let (part, whole, count) = (part as f64, whole as f64, batches.len() as f64);
    let ratio = if whole > 0.0 { part / whole } else { 0.0 };
    let squares: f64 = batches
        .iter()
        .map(|&(part, whole)| {
            let residual = part as f64 - ratio * whole as f64;
            residual * residual
        })
        .sum();
    let between = (squares * count / (count - 1.0).max(1.0)).sqrt() / whole.max(1.0);
    let binomial = (ratio * (1.0 - ratio) / whole.max(1.0)).sqrt();
    Prediction {
        quantity: String::new(),
        formula: String::new(),
        predicted: 0.0,
        measured: ratio,
        standard_error: between.max(binomial),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_ratio_is_that_of_independent_requests_at_least() {
        let even = estimate(vec![(5, 10); 8]);
        assert!((even.measured - 0.5).abs() < 1e-12);
        assert!((even.standard_error - (0.25_f64 / 80.0).sqrt()).abs() < 1e-12);
    }

    #[test]
    fn batches_that_differ_widen_it() {
        let uneven = estimate(vec![(0, 10), (10, 10), (0, 10), (10, 10)]);
        assert!(uneven.standard_error > estimate(vec![(5, 10); 4]).standard_error * 2.0);
    }
}
