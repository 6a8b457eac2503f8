//! The rows and the options that the benches share.

use std::time::Duration;

use cacheduel::backend::Dataset;
use cacheduel::model::{Draft, Key, Size};
use cacheduel::workload::{BodySize, DatasetOptions, Entity, Rows};
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
    }
}

/// Rows, as a store takes them.
pub struct Loadable<'a>(pub &'a Rows);

impl Dataset for Loadable<'_> {
    fn keys(&self) -> u64 {
        self.0.keys()
    }

    fn initial(&self, key: Key) -> Draft {
        self.0.initial(key)
    }

    fn children(&self) -> u32 {
        self.0.children()
    }

    fn child_amount(&self, key: Key, child: u32) -> i64 {
        self.0.child_amount(key, child)
    }
}
