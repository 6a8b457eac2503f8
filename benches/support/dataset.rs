//! The rows and the options that the benches share.

use std::time::Duration;

use cacheduel::model::{Share, Size};
use cacheduel::workload::{BodySize, DatasetOptions, Entity};
use criterion::Criterion;

/// Short enough that all benches together take about two minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50)
}

/// Products of 1 KiB.
pub fn products(keys: u64) -> DatasetOptions {
    DatasetOptions {
        entity: Entity::Product,
        namespace: None,
        keys: Some(keys),
        size: BodySize::Fixed(Size(1024)),
        absent: Share(0.0),
    }
}
