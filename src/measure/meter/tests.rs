//! What a meter makes of samples.

use super::*;
use crate::model::{Breakage, CacheBreakage, ClientId, Key, NodeId, Touches};

fn late_by(intended: Nanos, lag: Nanos) -> Sample {
    Sample {
        request: 0,
        key: Key(0),
        op: Op::Read,
        node: NodeId(0),
        client: ClientId(0),
        intended,
        started: intended + lag,
        wrote_from: Nanos::NEVER,
        ended: intended + lag,
        seen: None,
        seen_writer: None,
        absent: false,
        written: None,
        fault: None,
        touches: Touches::default(),
    }
}

#[test]
fn the_lag_outside_of_faults_is_that_of_intervals_without_one() {
    let second = Nanos::from_secs(1);
    let mut meter = Meter::new(Nanos::ZERO, Nanos::from_secs(10), Timeline::Fine);
    meter.sample(&late_by(second, Nanos::from_micros(50)));
    meter.sample(&late_by(Nanos::from_millis(4_050), Nanos::from_millis(700)));
    let what = Breakage::Cache(CacheBreakage::Paused);
    let (began, ended) = (Nanos::from_secs(4), Nanos::from_secs(5));
    let (measures, _) = meter.finish(1, None, &[Injected { what, began, ended, trouble: None }]);
    assert_eq!(measures.lag.len(), 2);
    let outside = measures.lag_outside_faults.unwrap();
    assert_eq!(outside.len(), 1);
    assert!(outside.max() < Nanos::from_micros(51));
}
