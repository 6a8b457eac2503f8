//! What guards and refreshes cost the store, in whole runs under virtual time, beside the closed forms.

mod moments;
mod more;
mod queues;
mod real;
mod tables;

use std::path::Path;
use std::sync::LazyLock;

use cacheduel::model::Span;
use cacheduel::record::{Contender, Prediction, Record};
use cacheduel::scenario;

use crate::simulated::{profile, simulate};

/// The scenario that comes with it, for longer, so that there are many expiries.
fn hot_key() -> &'static Record {
    static RECORD: LazyLock<Record> = LazyLock::new(|| {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/scenarios/hot-key-stampede.toml");
        let mut loaded = scenario::load(Path::new(path)).unwrap();
        loaded.scenario.workload.duration = Span::from_secs(200);
        simulate(&loaded, &profile(200, 0, 0, 0))
    });
    &RECORD
}

fn contender(label: &str) -> &'static Contender {
    hot_key().contenders.iter().find(|contender| contender.label == label).unwrap()
}

fn prediction(label: &str, quantity: &str) -> &'static Prediction {
    let predictions = &contender(label).predictions;
    predictions.iter().find(|prediction| prediction.quantity == quantity).unwrap()
}

#[test]
fn every_figure_is_what_its_closed_form_says() {
    for contender in &hot_key().contenders {
        for prediction in &contender.predictions {
            let Prediction { quantity, predicted, measured, .. } = prediction;
            let deviation = prediction.deviation();
            assert!(
                deviation.abs() < 4.0,
                "{}: {quantity}: {measured} instead of {predicted}, {deviation} standard errors",
                contender.label
            );
        }
    }
}

#[test]
fn the_forms_are_those_of_the_guards() {
    let per_expiry = |label: &str| prediction(label, Prediction::READS_PER_EXPIRY).predicted;
    assert!((per_expiry("cache-aside") - 41.0).abs() < 1.0, "1 + rate x load time");
    assert!((per_expiry("cache-aside@coalesce") - 4.0).abs() < 0.01, "one for each node");
    for guard in ["lock", "coalesce-lock", "lease"] {
        assert_eq!(per_expiry(&format!("cache-aside@{guard}")), 1.0);
    }
    assert!((per_expiry("cache-aside@early") - std::f64::consts::E).abs() < 0.1);
}

#[test]
fn a_lock_and_a_lease_let_no_second_load_begin() {
    for guard in ["lock", "coalesce-lock", "lease"] {
        let loads = &contender(&format!("cache-aside@{guard}")).runs[0].measures.store;
        assert_eq!(loads.duplicate_fills, 0, "{guard}");
        assert!(loads.loads() > 150, "{guard}: {}", loads.loads());
    }
}

#[test]
fn early_recomputation_and_refreshes_let_hardly_anyone_wait() {
    for label in ["refresh-ahead", "stale-while-revalidate"] {
        let lookups = contender(label).runs[0].measures.lookups;
        assert_eq!(lookups.misses, 0, "{label}");
    }
    let early = contender("cache-aside@early").runs[0].measures.lookups;
    let plain = contender("cache-aside").runs[0].measures.lookups;
    assert!(early.misses * 5 < plain.misses, "{} and {}", early.misses, plain.misses);
}
