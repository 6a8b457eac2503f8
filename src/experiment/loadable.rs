//! The plan's rows, as a store takes them.

use crate::backend::Dataset;
use crate::model::{Draft, Key};
use crate::workload::Rows;

/// Those of the rows that are there when a run begins.
pub struct Loadable<'a>(pub &'a Rows);

impl Dataset for Loadable<'_> {
    fn keys(&self) -> u64 {
        self.0.loaded()
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
