//! Where the entry of a key is.
//!
//! Keys are the numbers of a dataset, from 0 on, so a page has neighbours side by side, and pages lie in
//! the order of their keys: a look-up takes one access to memory that is not at hand, and a key takes
//! four bytes. Any other number is a key all the same, of which there are few.

use crate::backend::hashing::ByKey;
use crate::model::{Key, prefetch};

/// No dataset has as many keys.
const NEAR: u64 = 1 << 32;

/// The keys of one page.
const PAGE: usize = 256;
/// No entry is there. There are never as many.
const NOWHERE: u32 = u32::MAX;

type Page = Box<[u32; PAGE]>;

/// Finds the place of a key.
#[derive(Default)]
pub(super) struct Table {
    /// Those that have ever had an entry.
    pages: Vec<Option<Page>>,
    /// Of keys that are in no dataset.
    far: ByKey<u32>,
}

impl Table {
    pub fn place(&self, key: Key) -> Option<usize> {
        match *self.slot(key)? {
            NOWHERE => None,
            place => Some(place as usize),
        }
    }

    /// Has the place of a key come into the processor's caches.
    pub fn prefetch(&self, key: Key) {
        self.slot(key).into_iter().for_each(prefetch);
    }

    pub fn put(&mut self, key: Key, place: usize) {
        let place = u32::try_from(place).expect("a cache has fewer than 2^32 entries");
        if key.0 >= NEAR {
            self.far.insert(key, place);
            return;
        }
        let (page, at) = split(key);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new([NOWHERE; PAGE]));
        page[at] = place;
    }

    pub fn remove(&mut self, key: Key) {
        if key.0 >= NEAR {
            self.far.remove(&key);
            return;
        }
        let (page, at) = split(key);
        if let Some(Some(page)) = self.pages.get_mut(page) {
            page[at] = NOWHERE;
        }
    }

    pub fn clear(&mut self) {
        self.pages.clear();
        self.far.clear();
    }

    fn slot(&self, key: Key) -> Option<&u32> {
        if key.0 >= NEAR {
            return self.far.get(&key);
        }
        let (page, at) = split(key);
        Some(&self.pages.get(page)?.as_ref()?[at])
    }
}

const fn split(key: Key) -> (usize, usize) {
    ((key.0 / PAGE as u64) as usize, (key.0 % PAGE as u64) as usize)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a map, with keys on both sides of where pages end, and of where datasets do.
        #[test]
        fn a_key_is_where_it_was_put_last(
            steps in prop::collection::vec((0_u64..4, -2_i64..3, 0_usize..9), 1..200),
        ) {
            let (mut table, mut map) = (Table::default(), HashMap::new());
            for (side, beside, place) in steps {
                let border = [PAGE as u64, 2 * PAGE as u64, NEAR, u64::MAX][side as usize];
                // Pages reach up to the greatest near key: one below that border would take 128 MiB.
                let least = if border == NEAR { 0 } else { -2 };
                let key = Key(border.saturating_add_signed(beside.max(least)));
                if place == 0 {
                    table.remove(key);
                    map.remove(&key);
                } else {
                    table.put(key, place);
                    map.insert(key, place);
                }
                prop_assert!(map.iter().all(|(key, place)| table.place(*key) == Some(*place)));
                prop_assert_eq!(table.place(key), map.get(&key).copied());
            }
            table.clear();
            prop_assert!(map.keys().all(|key| table.place(*key).is_none()));
        }
    }
}
