//! The fixture with what only some strategies do: a tier in the node, guards, smaller entries.

use cacheduel::record::{Contender, Prediction, Record, Share};

use super::fixture;

/// A Record in which every figure applies to some strategy.
pub fn varied() -> Record {
    let mut record = fixture::record();
    near(&mut record.contenders[1]);
    guarded(&mut record.contenders[2]);
    compressed(&mut record.contenders[3]);
    throttled(&mut record.contenders[5]);
    record.scenario.look_at = Some("The memory, and what an expiry costs the store.".into());
    record.scenario.thresholds.throttled = Some(Share(0.01));
    record
}

fn near(contender: &mut Contender) {
    for run in &mut contender.runs {
        run.measures.lookups.from_node = 5_000;
        run.measures.node.hits = 5_000;
        run.measures.node.misses = 4_000;
    }
}

fn guarded(contender: &mut Contender) {
    for run in &mut contender.runs {
        run.measures.lookups.coalesced = 90;
        run.measures.lookups.stale_served = 45;
        run.measures.store.duplicate_fills = 0;
    }
    contender.predictions.push(Prediction {
        quantity: Prediction::READS_PER_EXPIRY.into(),
        formula: "1".into(),
        predicted: 1.0,
        measured: 1.0,
        standard_error: 0.0,
        caveat: None,
    });
}

fn compressed(contender: &mut Contender) {
    for run in &mut contender.runs {
        let encoded = &mut run.measures.coding.encoded;
        encoded.kept_bytes = encoded.plain_bytes * 2 / 5;
        run.cache_counters.as_mut().unwrap().used_memory = 1_400_000;
    }
}

fn throttled(contender: &mut Contender) {
    for run in &mut contender.runs {
        run.measures.store.throttled = 40;
        run.findings.read_your_writes_violations = 18;
    }
}
