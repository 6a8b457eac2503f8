//! Maps that are only looked up by key: quick, and the same on every machine.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::model::Key;

/// A map by key. Nothing may depend on the order in which it is gone through.
pub type ByKey<T> = HashMap<Key, T, BuildHasherDefault<Mixed>>;

/// As well, by a number that counts.
pub type ByNumber<T> = HashMap<u64, T, BuildHasherDefault<Mixed>>;

/// Spreads a number over all bits, in both halves of a product. Keys are no one's to choose, so nobody
/// can make them collide.
#[derive(Default)]
pub struct Mixed(u64);

/// 2^64 divided by the golden ratio, as an odd number.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

impl Hasher for Mixed {
    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        let product = u128::from(self.0 ^ number ^ FACTOR) * u128::from(FACTOR);
        self.0 = (product >> 64) as u64 ^ product as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
