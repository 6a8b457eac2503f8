//! The rows of the twin: of those that somebody wrote it is kept what was, and all others are as the
//! dataset has them when they are asked for.

use std::ops::Range;
use std::sync::Arc;

use crate::backend::hashing::ByKey;
use crate::backend::{Dataset, Row};
use crate::model::{Aggregate, Body, Draft, Key, Promise, Value, Version, Writer};

/// How many rows as loaded are kept at most, for those that are read again and again.
const MADE: usize = 4_096;
/// The longest body that is kept so: all of them together take at most 16 MiB.
const BODY_MAX: usize = 4_096;

/// The rows as loaded. The dataset is a function of its seed, so nobody has to keep them.
pub struct Loaded {
    dataset: Arc<dyn Dataset>,
    /// Where the dataset writes text, what it has written: each row in the one place that its key has.
    /// Empty until the first is.
    made: Vec<Option<Draft>>,
}

/// Rows over which others may have been written.
#[derive(Default)]
pub struct Written {
    rows: ByKey<Held>,
}

/// A row as it was written.
#[derive(Clone, Debug)]
pub struct Held {
    pub version: Version,
    writer: Writer,
    checksum: u32,
    /// `None` where it was a deletion.
    body: Option<Body>,
}

impl Loaded {
    pub const fn new(dataset: Arc<dyn Dataset>) -> Self {
        Self { dataset, made: Vec::new() }
    }

    fn contains(&self, key: Key) -> bool {
        key.0 < self.dataset.keys()
    }

    /// The row as version 0, if there is one.
    fn row(&mut self, key: Key) -> Option<Value> {
        if !self.contains(key) {
            return None;
        }
        if let Some(promise) = self.dataset.promise(key, Writer::LOAD) {
            return Some(Draft::promised(promise).at(Version::INITIAL));
        }
        if self.made.is_empty() {
            self.made.resize(MADE, None);
        }
        let place = &mut self.made[key.0 as usize % MADE];
        let value = match place {
            Some(made) if made.key == key => made.at(Version::INITIAL),
            _ => {
                let draft = self.dataset.initial(key);
                let value = draft.at(Version::INITIAL);
                if draft.size() <= BODY_MAX {
                    *place = Some(draft);
                }
                value
            }
        };
        Some(value)
    }

    /// The row that a draft becomes as this version.
    pub fn held(&self, draft: &Draft, version: Version) -> Held {
        let Draft { writer, checksum, ref body, .. } = *draft;
        match self.promised(draft) {
            Some(promise) => {
                let Draft { checksum, body, .. } = Draft::promised(promise);
                Held { version, writer, checksum, body }
            }
            None => Held { version, writer, checksum, body: body.clone() },
        }
    }

    /// The promise of a draft's body, where that has become text on its way and need not be kept.
    fn promised(&self, draft: &Draft) -> Option<Promise> {
        let Some(Body::Text(text)) = &draft.body else { return None };
        self.dataset.promise(draft.key, draft.writer).filter(|promise| promise.text() == text)
    }

    /// What aggregating the row's children comes to.
    pub fn aggregate(&self, key: Key) -> Aggregate {
        let children = if self.contains(key) { self.dataset.children() } else { 0 };
        let amount = |child| self.dataset.child_amount(key, child);
        Aggregate { rows: children, total: (0..children).map(amount).sum() }
    }
}

impl Written {
    pub fn set(&mut self, key: Key, held: Held) {
        self.rows.insert(key, held);
    }

    /// The row under `key`, if there ever was one; without what its children come to.
    pub fn row(&self, key: Key, loaded: &mut Loaded) -> Option<Value> {
        match self.rows.get(&key) {
            Some(held) => Some(held.value(key)),
            None => loaded.row(key).map(|value| Value { aggregate: None, ..value }),
        }
    }

    /// The row's version; the initial one where there is no row.
    pub fn version(&self, key: Key) -> Version {
        self.rows.get(&key).map_or(Version::INITIAL, |held| held.version)
    }

    /// Whether there is or was a row.
    pub fn has(&self, key: Key, loaded: &Loaded) -> bool {
        loaded.contains(key) || self.rows.contains_key(&key)
    }

    /// The rows under `keys`, in their order. Those that nobody wrote are intact, for nobody has them.
    pub fn audited(&self, keys: Range<Key>, loaded: &Loaded) -> Vec<Row> {
        let Range { start: Key(start), end: Key(end) } = keys;
        let border = end.min(loaded.dataset.keys()).max(start);
        let mut beyond: Vec<u64> = if end - border.min(end) <= self.rows.len() as u64 {
            (border..end).filter(|key| self.rows.contains_key(&Key(*key))).collect()
        } else {
            self.rows.keys().map(|key| key.0).filter(|key| (border..end).contains(key)).collect()
        };
        beyond.sort_unstable();
        let row = |key| match self.rows.get(&key) {
            Some(held) => held.audited(key),
            None => Row { key, version: Version::INITIAL, writer: Writer::LOAD, intact: true },
        };
        (start..border).chain(beyond).map(Key).map(row).collect()
    }
}

impl Held {
    fn value(&self, key: Key) -> Value {
        let Self { version, writer, checksum, ref body } = *self;
        Value { key, version, writer, checksum, aggregate: None, body: body.clone() }
    }

    fn audited(&self, key: Key) -> Row {
        let intact = self.value(key).is_intact(key);
        Row { key, version: self.version, writer: self.writer, intact }
    }
}
