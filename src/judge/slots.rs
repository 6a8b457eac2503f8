//! The slots of keys, and where each is: 8 bytes a key, beside its slot if it was written.

use super::slot::Slot;
use crate::model::{Key, prefetch};

/// Slots by key.
pub(super) struct Slots {
    /// Of every key. Zeros at first, which take no memory until somebody looks at them.
    places: Vec<Place>,
    /// Of the keys of which a write is known, so many at a time: none is moved to make room for others.
    chunks: Vec<Vec<Slot>>,
}

/// Slots in a chunk.
const CHUNK: usize = 1_024;

/// The number of a key's slot, or [`NONE`]; and the last read of the key that waits as certain.
type Place = [u32; 2];

/// Slots are numbered from 1 on.
const NONE: u32 = 0;

impl Slots {
    pub(super) fn new(keys: u32) -> Self {
        Self { places: vec![[NONE, 0]; keys as usize], chunks: Vec::new() }
    }

    pub(super) fn keys(&self) -> usize {
        self.places.len()
    }

    /// Has the slots of these keys come into the processor's caches: where each is first.
    pub(super) fn expect(&self, keys: &[Key]) {
        let places = || keys.iter().filter_map(|key| self.places.get(key.0 as usize));
        places().for_each(prefetch);
        places().filter_map(|[number, _]| number.checked_sub(1)).for_each(|index| {
            let (chunk, place) = split(index);
            prefetch(&self.chunks[chunk][place]);
        });
    }

    /// The last read of a key that waits as certain.
    pub(super) fn link(&mut self, key: u32) -> &mut u32 {
        &mut self.places[key as usize][1]
    }

    /// The slot of a key; `None` if no write of it is known.
    pub(super) fn get(&mut self, key: u32) -> Option<&mut Slot> {
        let [number, _] = self.places[key as usize];
        number.checked_sub(1).map(|index| self.slot(index))
    }

    /// The slot of a key, which is a `new` one if there was none.
    pub(super) fn get_or(&mut self, key: u32, new: Slot) -> &mut Slot {
        if self.places[key as usize][0] == NONE {
            self.places[key as usize][0] = self.add(new);
        }
        let [number, _] = self.places[key as usize];
        self.slot(number - 1)
    }

    /// Takes the slot of a key out, if it has one.
    pub(super) fn take(&mut self, key: Key) -> Option<Slot> {
        let [number, _] = std::mem::take(&mut self.places[key.0 as usize]);
        number.checked_sub(1).map(|index| *self.slot(index))
    }

    /// Adds a slot, and returns its number.
    fn add(&mut self, slot: Slot) -> u32 {
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            self.chunks.push(Vec::with_capacity(CHUNK));
        }
        let full = self.chunks.len() - 1;
        self.chunks[full].push(slot);
        (full * CHUNK + self.chunks[full].len()) as u32
    }

    fn slot(&mut self, index: u32) -> &mut Slot {
        let (chunk, place) = split(index);
        &mut self.chunks[chunk][place]
    }
}

/// The chunk in which a slot is, and its place there.
const fn split(index: u32) -> (usize, usize) {
    (index as usize / CHUNK, index as usize % CHUNK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_its_own_slot_in_whichever_chunk() {
        let mut slots = Slots::new(3_000);
        (0..3_000).for_each(|key| slots.get_or(key, Slot::open(0)).reads = key);
        assert!((0..3_000).all(|key| slots.get(key).is_some_and(|slot| slot.reads == key)));
        assert_eq!(slots.chunks.len(), 3);
        slots.expect(&[Key(0), Key(2_999), Key(3_000)]);
    }

    #[test]
    fn a_key_has_no_slot_before_it_is_given_one_and_after_it_was_taken_out() {
        let mut slots = Slots::new(3);
        *slots.link(1) = 7;
        assert!(slots.get(1).is_none());
        for (key, history) in [(1, 10), (0, 11), (1, 12)] {
            slots.get_or(key, Slot::open(history)).reads += 1;
        }
        assert_eq!(
            [0, 1, 2].map(|key| slots.get(key).map(|slot| slot.reads)),
            [Some(1), Some(2), None]
        );
        assert_eq!((*slots.link(1), *slots.link(0)), (7, 0));
        assert_eq!(slots.take(Key(1)).map(|slot| slot.reads), Some(2));
        assert!(slots.take(Key(1)).is_none() && slots.get(1).is_none());
        assert_eq!(slots.keys(), 3);
    }
}
