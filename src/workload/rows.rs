//! The rows: JSON of a given kind and size for every key and every write, made on the spot.

mod bodies;
mod json;
mod shape;
mod text;

use std::sync::Arc;

use bytes::Bytes;

use self::bodies::Bodies;
use super::chance::{Axis, Draws, below};
use super::options::DatasetOptions;
use crate::model::{Aggregate, Draft, Key, Maker, Promise, Writer};

/// The dataset as rows. A row's body depends on the seed, its key and who writes it, and on
/// nothing else, so nobody has to keep it; and where all is in memory, nobody has to write it.
///
/// A body is valid JSON of exactly the size asked for, padded with words and list items. Its own
/// fields need some room, and a smaller size gives the smallest body there is: at most 130 bytes
/// for a counter, 240 for a dashboard, an API response or a page, and 360 for any other. Text compresses about as prose does: gzip makes it a third to a quarter as large.
#[derive(Clone, Debug)]
pub struct Rows {
    bodies: Arc<Bodies>,
    /// Whether drafts only promise their bodies.
    promises: bool,
    keys: u64,
    loaded: u64,
    children: u32,
    amounts: Draws,
}

impl Rows {
    /// `children` is how many child rows each row has, 0 where the origin is a point lookup.
    pub fn new(dataset: &DatasetOptions, seed: u64, children: u32, keys: u64) -> Self {
        Self {
            bodies: Arc::new(Bodies::new(dataset, seed)),
            promises: false,
            keys,
            loaded: dataset.loaded(keys),
            children,
            amounts: Draws::new(seed, Axis::Child),
        }
    }

    /// The same rows for a run in which bodies are only promised. Their maker is the run's own: what
    /// counts the promises must not be shared with other threads, which would wait for each other.
    #[must_use]
    pub fn promised(&self) -> Self {
        Self { bodies: Arc::new((*self.bodies).clone()), promises: true, ..self.clone() }
    }

    /// How many keys there are: `0 .. keys`.
    pub const fn keys(&self) -> u64 {
        self.keys
    }

    /// How many of them have a row when the run begins: `0 .. loaded`.
    pub const fn loaded(&self) -> u64 {
        self.loaded
    }

    /// The row under `key` as it is loaded, before any write.
    pub fn initial(&self, key: Key) -> Draft {
        self.draft(key, Writer::LOAD)
    }

    /// The row under `key` as `writer` writes it.
    pub fn draft(&self, key: Key, writer: Writer) -> Draft {
        let draft = match self.promise(key, writer) {
            Some(promise) => Draft::promised(promise),
            None => Draft::new(key, writer, self.body(key, writer)),
        };
        draft.with_aggregate(self.aggregate(key))
    }

    /// The promise of a body, where bodies are only promised.
    pub fn promise(&self, key: Key, writer: Writer) -> Option<Promise> {
        let length = || self.bodies.length(key, writer);
        self.promises.then(|| Promise::new(self.bodies.clone(), key, writer, length()))
    }

    /// The JSON of `key` as `writer` writes it. Two writers never write the same.
    pub fn body(&self, key: Key, writer: Writer) -> Bytes {
        self.bodies.make(key, writer)
    }

    /// What an aggregating origin must answer about the row's children, where there is a row; `None`
    /// for a point lookup. Children are loaded with their row and never written: a row that was
    /// inserted has none.
    pub fn aggregate(&self, key: Key) -> Option<Aggregate> {
        let children = if key.0 < self.loaded { self.children } else { 0 };
        (self.children > 0).then(|| Aggregate {
            rows: children,
            total: (0..children).map(|child| self.child_amount(key, child)).sum(),
        })
    }

    /// How many child rows each loaded row has.
    pub const fn children(&self) -> u32 {
        self.children
    }

    /// What child row `child` adds to the total of `key`: from 1 to 100.
    pub fn child_amount(&self, key: Key, child: u32) -> i64 {
        let number = key.0.wrapping_mul(u64::from(self.children)).wrapping_add(u64::from(child));
        1 + below(self.amounts.at(number), 100) as i64
    }
}

#[cfg(test)]
mod tests;
