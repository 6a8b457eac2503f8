//! The plan's rows, as a store takes them.

use std::borrow::Borrow;
use std::sync::Arc;

use crate::backend::Dataset;
use crate::model::{Draft, Key, Promise, Writer};
use crate::workload::Rows;

/// Those of the rows that are there when a run begins.
pub struct Loadable<R>(pub R);

impl<R: Borrow<Rows> + Send + Sync> Dataset for Loadable<R> {
    fn keys(&self) -> u64 {
        self.0.borrow().loaded()
    }

    fn initial(&self, key: Key) -> Draft {
        self.0.borrow().initial(key)
    }

    fn promise(&self, key: Key, writer: Writer) -> Option<Promise> {
        self.0.borrow().promise(key, writer)
    }

    fn children(&self) -> u32 {
        self.0.borrow().children()
    }

    fn child_amount(&self, key: Key, child: u32) -> i64 {
        self.0.borrow().child_amount(key, child)
    }

    fn shared(&self) -> Arc<dyn Dataset> {
        Arc::new(Loadable(self.0.borrow().clone()))
    }
}
