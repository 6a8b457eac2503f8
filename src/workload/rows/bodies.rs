//! The maker of all bodies of a dataset, who also knows beforehand how long each will be.

use bytes::Bytes;

use super::json::{Count, Json, Sink};
use super::shape;
use super::text::Text;
use crate::model::{Key, Maker, Writer};
use crate::workload::chance::{Axis, Draws, below};
use crate::workload::options::{BodySize, DatasetOptions, Entity};

#[derive(Clone, Debug)]
pub struct Bodies {
    entity: Entity,
    size: BodySize,
    text: Text,
    sizes: Draws,
    rows: Draws,
    revisions: Draws,
}

impl Bodies {
    pub fn new(dataset: &DatasetOptions, seed: u64) -> Self {
        Self {
            entity: dataset.entity,
            size: dataset.size,
            text: Text::new(seed),
            sizes: Draws::new(seed, Axis::Size),
            rows: Draws::new(seed, Axis::Row),
            revisions: Draws::new(seed, Axis::Revision),
        }
    }

    /// How long the body is that is made of `key` and `writer`. Where that is less than the fields may
    /// take, they are counted.
    pub fn length(&self, key: Key, writer: Writer) -> usize {
        let size = self.size_of(key);
        if size >= self.entity.fields_max() {
            return size;
        }
        self.write::<Count>(size, key, writer).length()
    }

    fn write<S: Sink>(&self, size: usize, key: Key, writer: Writer) -> S {
        let revisions = Draws::new(self.revisions.at(key.0), Axis::Revision);
        let json = Json::new(size, &self.text, revisions.stream(writer.0));
        shape::write(self.entity, key.0, writer.0, self.rows.stream(key.0), json)
    }

    /// Each key keeps one size, whoever writes it.
    fn size_of(&self, key: Key) -> usize {
        let (min, max) = (self.size.min().0, self.size.max().0);
        let range = max.saturating_sub(min) + 1;
        (min + below(self.sizes.at(key.0), range)) as usize
    }
}

impl Maker for Bodies {
    fn make(&self, key: Key, writer: Writer) -> Bytes {
        self.write::<Vec<u8>>(self.size_of(key), key, writer).into()
    }
}
