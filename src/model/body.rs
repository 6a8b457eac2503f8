//! The body of a row: its text, or the promise of it.

use std::fmt::{self, Debug, Formatter};
use std::sync::Arc;

use bytes::Bytes;

use super::value::checksum;
use super::{Key, Writer};

/// The entity as JSON. Whoever only hands it on need not know whether it has been written yet.
///
/// Two bodies are equal if their texts are, however they are known.
#[derive(Clone, Debug)]
pub enum Body {
    Text(Bytes),
    Promised(Promise),
}

/// A body that nobody has written, because nobody has looked at it: what is known of it is who can
/// make it, and how long it will be. Two are equal if their texts are.
#[derive(Clone)]
pub struct Promise {
    maker: Arc<dyn Maker>,
    key: Key,
    writer: Writer,
    length: usize,
}

/// Makes bodies that depend on nothing but their key and their writer: the same one whenever asked.
pub trait Maker: Send + Sync {
    fn make(&self, key: Key, writer: Writer) -> Bytes;
}

impl Body {
    /// Bytes of its text.
    pub const fn len(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Promised(promise) => promise.length,
        }
    }

    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its text, which is made now if it was only promised.
    pub fn text(&self) -> Bytes {
        self.clone().into_text()
    }

    /// As [`text`](Self::text), of a body of which nothing else is wanted.
    pub fn into_text(self) -> Bytes {
        match self {
            Self::Text(text) => text,
            Self::Promised(promise) => promise.text(),
        }
    }
}

impl From<Bytes> for Body {
    fn from(text: Bytes) -> Self {
        Self::Text(text)
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && match (self, other) {
                (Self::Promised(one), Self::Promised(other)) => one == other,
                _ => self.text() == other.text(),
            }
    }
}

impl Eq for Body {}

impl Promise {
    /// What `writer` writes under `key`, by a `maker` that makes so many bytes of it.
    pub fn new(maker: Arc<dyn Maker>, key: Key, writer: Writer, length: usize) -> Self {
        Self { maker, key, writer, length }
    }

    pub const fn key(&self) -> Key {
        self.key
    }

    pub const fn writer(&self) -> Writer {
        self.writer
    }

    /// Bytes of its text.
    pub const fn length(&self) -> usize {
        self.length
    }

    /// Whether it is of the same text for the same reason: then nobody need make it to tell.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.maker, &other.maker)
            && (self.key, self.writer, self.length) == (other.key, other.writer, other.length)
    }

    /// Keeps the promise.
    pub fn text(&self) -> Bytes {
        let text = self.maker.make(self.key, self.writer);
        debug_assert_eq!(text.len(), self.length, "of {:?} by {:?}", self.key, self.writer);
        text
    }

    /// Its text, and the checksum that its writer would have made.
    pub fn in_full(&self) -> (Bytes, u32) {
        let text = self.text();
        let checksum = checksum(self.key, self.writer, Some(&text));
        (text, checksum)
    }
}

impl PartialEq for Promise {
    fn eq(&self, other: &Self) -> bool {
        self.length == other.length && (self.is_same(other) || self.text() == other.text())
    }
}

impl Eq for Promise {}

impl Debug for Promise {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { key, writer, length, .. } = self;
        formatter
            .debug_struct("Promise")
            .field("key", key)
            .field("writer", writer)
            .field("length", length)
            .finish_non_exhaustive()
    }
}

/// A maker for tests of those who carry promises.
#[cfg(test)]
pub mod testing {
    use super::*;

    /// Makes as many bytes as its number says, which do not depend on the writer.
    pub struct Same(pub usize);

    impl Maker for Same {
        fn make(&self, key: Key, _: Writer) -> Bytes {
            vec![key.0 as u8; self.0].into()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::testing::Same;
    use super::*;

    fn promised(maker: &Arc<dyn Maker>, length: usize, key: u64, writer: u64) -> Body {
        Body::Promised(Promise::new(maker.clone(), Key(key), Writer(writer), length))
    }

    proptest! {
        #[test]
        fn bodies_are_equal_if_their_texts_are(
            lengths in [0_usize..3, 0..3], keys in [0_u64..2, 0..2], writers in [0_u64..2, 0..2],
        ) {
            let makers = lengths.map(|length| -> Arc<dyn Maker> { Arc::new(Same(length)) });
            let [one, other] =
                [0, 1].map(|at| promised(&makers[at], lengths[at], keys[at], writers[at]));
            let are_equal = one.text() == other.text();
            let text = Body::from(other.text());
            prop_assert_eq!(one == other, are_equal);
            prop_assert_eq!(one == text, are_equal);
            prop_assert_eq!(text == one, are_equal);
            prop_assert_eq!((one.len(), one.is_empty()), (one.text().len(), lengths[0] == 0));
            prop_assert_eq!(&one, &one.clone());
        }
    }
}
