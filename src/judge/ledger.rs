//! What is known of every key's versions. A key that was never written costs one empty pointer.

use super::history::History;
use crate::model::Key;

pub(super) struct Ledger {
    histories: Vec<Option<Box<History>>>,
}

impl Ledger {
    pub(super) fn new(keys: u64) -> Self {
        let keys = usize::try_from(keys).expect("the keys of a dataset fit into memory");
        Self { histories: std::iter::repeat_with(|| None).take(keys).collect() }
    }

    /// The history of a key, or `None` where no write of it is known.
    pub(super) fn get(&self, key: Key) -> Option<&History> {
        self.histories[key.0 as usize].as_deref()
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut History> {
        self.histories[key.0 as usize].as_deref_mut()
    }

    /// The history of a key that has been written, or that a read says has been.
    pub(super) fn written(&mut self, key: Key) -> &mut History {
        self.histories[key.0 as usize].get_or_insert_default()
    }

    /// Takes the history of a key out.
    pub(super) fn take(&mut self, key: Key) -> Option<Box<History>> {
        self.histories[key.0 as usize].take()
    }

    /// The histories that have not been taken out.
    pub(super) fn rest(&self) -> impl Iterator<Item = &History> {
        self.histories.iter().filter_map(Option::as_deref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_never_written_costs_8_bytes() {
        let ledger = Ledger::new(10);
        assert_eq!(size_of_val(ledger.histories.as_slice()), 10 * 8);
        assert!(ledger.rest().next().is_none());
    }
}
