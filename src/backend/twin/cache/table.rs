//! Where the entry of a key is.
//!
//! Keys are numbers that mostly lie close together, so a page has neighbours side by side: a look-up
//! takes one access to memory that is not at hand, and a key takes four bytes.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::model::{Key, prefetch};

/// The keys of one page.
const PAGE: usize = 256;
/// No entry is there. There are never as many.
const NOWHERE: u32 = u32::MAX;

type Page = Box<[u32; PAGE]>;

/// Finds the place of a key.
#[derive(Default)]
pub(super) struct Table {
    pages: HashMap<u64, Page, BuildHasherDefault<Scatter>>,
}

/// A map of keys to whatever, hashed the same way in every run on every machine. Nothing may depend on
/// its order all the same.
pub(super) type ByKey<T> = HashMap<Key, T, BuildHasherDefault<Scatter>>;

impl Table {
    pub fn place(&self, key: Key) -> Option<usize> {
        let (page, at) = split(key);
        match self.pages.get(&page)?[at] {
            NOWHERE => None,
            place => Some(place as usize),
        }
    }

    /// Has the place of a key come into the processor's caches.
    pub fn prefetch(&self, key: Key) {
        let (page, at) = split(key);
        self.pages.get(&page).into_iter().for_each(|page| prefetch(&page[at]));
    }

    pub fn put(&mut self, key: Key, place: usize) {
        let (page, at) = split(key);
        let page = self.pages.entry(page).or_insert_with(|| Box::new([NOWHERE; PAGE]));
        page[at] = u32::try_from(place).expect("a cache has fewer than 2^32 entries");
    }

    pub fn remove(&mut self, key: Key) {
        let (page, at) = split(key);
        if let Some(page) = self.pages.get_mut(&page) {
            page[at] = NOWHERE;
        }
    }

    pub fn clear(&mut self) {
        self.pages.clear();
    }
}

fn split(key: Key) -> (u64, usize) {
    (key.0 / PAGE as u64, (key.0 % PAGE as u64) as usize)
}

/// Spreads numbers over all bits: multiplied by an odd constant, and folded.
#[derive(Clone, Copy, Default)]
pub(super) struct Scatter(u64);

impl Hasher for Scatter {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15;
        self.0 = (product as u64) ^ ((product >> 64) as u64);
    }
}
