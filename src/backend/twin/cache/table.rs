//! Where the entry of a key is.
//!
//! Keys are the numbers of a dataset, from 0 on, so a page has neighbours side by side, and pages lie in
//! the order of their keys: a look-up takes one access to memory that is not at hand, and a key takes
//! four bytes.

use crate::model::{Key, prefetch};

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
        let (page, at) = split(key);
        if page >= self.pages.len() {
            self.pages.resize_with(page + 1, || None);
        }
        let page = self.pages[page].get_or_insert_with(|| Box::new([NOWHERE; PAGE]));
        page[at] = u32::try_from(place).expect("a cache has fewer than 2^32 entries");
    }

    pub fn remove(&mut self, key: Key) {
        let (page, at) = split(key);
        if let Some(Some(page)) = self.pages.get_mut(page) {
            page[at] = NOWHERE;
        }
    }

    pub fn clear(&mut self) {
        self.pages.clear();
    }

    fn slot(&self, key: Key) -> Option<&u32> {
        let (page, at) = split(key);
        Some(&self.pages.get(page)?.as_ref()?[at])
    }
}

const fn split(key: Key) -> (usize, usize) {
    ((key.0 / PAGE as u64) as usize, (key.0 % PAGE as u64) as usize)
}
