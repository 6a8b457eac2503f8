//! What a cache holds under a key, as a strategy makes it and gets it back.

use std::fmt::{self, Debug, Formatter};
use std::ops::Range;

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::model::{Body, Outcome, Promise, Version};

/// Where an entry keeps its version: eight bytes, big-endian, at its very start. What follows is
/// the strategy's business; this much is the cache's, because its atomic steps compare versions.
/// They compare them exactly below 2^53. An entry that is too short for a version has none.
pub const ENTRY_VERSION: Range<usize> = 0..8;
/// Where an entry keeps the checksum of its body: four bytes, big-endian. It is the strategy's too,
/// but of a body that was only promised it is made when the body is.
pub const ENTRY_CHECKSUM: Range<usize> = 16..20;
/// So many bytes come before the body.
pub const ENTRY_HEAD: usize = 51;

/// An entry: bytes to any cache, however they are known. It costs little to clone.
///
/// A body that was [promised](Promise) stays a promise in it, beside the head that the strategy has
/// written. A cache in memory holds it so, in one piece, for of a million entries hardly any is at hand in
/// the processor's caches; one that is a server is told the bytes.
#[derive(Clone)]
pub struct Entry(Kind);

#[derive(Clone)]
// Which of them it is, is a word of its own: it has room for whether there is an entry, and whether it was to be
// had. So an entry lies at the same place in all that it is handed on in, and is moved by the same pieces.
#[repr(u64)]
enum Kind {
    Bytes(Bytes),
    Promised(Promised),
}

#[derive(Clone)]
struct Promised {
    body: Promise,
    head: Head,
}

/// What comes before the body. Whole words, as what stands beside it: it is moved in fewer pieces.
#[derive(Clone, Copy)]
#[repr(align(8))]
struct Head([u8; ENTRY_HEAD.next_multiple_of(8)]);

impl Head {
    fn of(bytes: &[u8; ENTRY_HEAD]) -> Self {
        let mut head = Self([0; _]);
        head.bytes_mut().copy_from_slice(bytes);
        head
    }

    fn bytes(&self) -> &[u8] {
        &self.0[..ENTRY_HEAD]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.0[..ENTRY_HEAD]
    }
}

const _: () = assert!(size_of::<Outcome<Option<Entry>>>() == size_of::<Entry>());

impl Entry {
    /// The entry that begins with `head`, in which the checksum is left out.
    pub fn promised(head: &[u8; ENTRY_HEAD], body: Promise) -> Self {
        Self(Kind::Promised(Promised { body, head: Head::of(head) }))
    }

    pub fn len(&self) -> usize {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.len(),
            Kind::Promised(promised) => ENTRY_HEAD + promised.body.length(),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Its first bytes: all that there are before the body, and what there is of them.
    pub fn head(&self) -> &[u8] {
        match &self.0 {
            Kind::Bytes(bytes) => &bytes[..bytes.len().min(ENTRY_HEAD)],
            Kind::Promised(promised) => promised.head.bytes(),
        }
    }

    /// What comes after the head.
    pub fn into_body(self) -> Body {
        match self.0 {
            Kind::Bytes(mut bytes) => {
                // The bytes themselves go on: another handle on them would be counted.
                bytes.advance(bytes.len().min(ENTRY_HEAD));
                bytes.into()
            }
            Kind::Promised(promised) => Body::Promised(promised.body),
        }
    }

    /// All of it, for who does not take promises.
    pub fn into_bytes(self) -> Bytes {
        match self.0 {
            Kind::Bytes(bytes) => bytes,
            Kind::Promised(promised) => promised.in_full(),
        }
    }

    /// The version that it carries, if it is long enough to carry one.
    pub fn version(&self) -> Option<Version> {
        let version = self.head().get(ENTRY_VERSION)?.try_into().ok()?;
        Some(Version(u64::from_be_bytes(version)))
    }

    /// The same as another version.
    pub fn with_version(self, version: Version) -> Self {
        match self.0 {
            Kind::Bytes(bytes) => {
                let rest = bytes.get(ENTRY_VERSION.end..).unwrap_or_default();
                let mut versioned = BytesMut::with_capacity(ENTRY_VERSION.end + rest.len());
                versioned.put_u64(version.0);
                versioned.put_slice(rest);
                versioned.freeze().into()
            }
            Kind::Promised(mut promised) => {
                promised.head.bytes_mut()[ENTRY_VERSION].copy_from_slice(&version.0.to_be_bytes());
                Self(Kind::Promised(promised))
            }
        }
    }

    /// Whether its first bytes are these.
    pub fn starts_with(&self, expected: &[u8]) -> bool {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.starts_with(expected),
            Kind::Promised(promised) if expected.len() <= ENTRY_HEAD => {
                promised.head.bytes().starts_with(expected)
            }
            Kind::Promised(promised) => promised.in_full().starts_with(expected),
        }
    }
}

impl Promised {
    fn in_full(&self) -> Bytes {
        let (text, checksum) = self.body.in_full();
        let mut bytes = BytesMut::with_capacity(ENTRY_HEAD + text.len());
        bytes.put_slice(self.head.bytes());
        bytes[ENTRY_CHECKSUM].copy_from_slice(&checksum.to_be_bytes());
        bytes.put_slice(&text);
        bytes.freeze()
    }
}

impl From<Bytes> for Entry {
    fn from(bytes: Bytes) -> Self {
        Self(Kind::Bytes(bytes))
    }
}

impl From<Vec<u8>> for Entry {
    fn from(bytes: Vec<u8>) -> Self {
        Bytes::from(bytes).into()
    }
}

impl From<&'static [u8]> for Entry {
    fn from(bytes: &'static [u8]) -> Self {
        Bytes::from_static(bytes).into()
    }
}

impl From<&'static str> for Entry {
    fn from(text: &'static str) -> Self {
        text.as_bytes().into()
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && match (&self.0, &other.0) {
                (Kind::Promised(one), Kind::Promised(other))
                    if one.head.bytes() == other.head.bytes() && one.body.is_same(&other.body) =>
                {
                    true
                }
                _ => self.clone().into_bytes() == other.clone().into_bytes(),
            }
    }
}

impl Eq for Entry {}

impl Debug for Entry {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Bytes(bytes) => bytes.fmt(formatter),
            Kind::Promised(promised) => {
                write!(formatter, "{:?} + {:?}", promised.head.bytes(), promised.body)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::model::testing::Same;
    use crate::model::{Key, Writer};

    fn promised(head: [u8; ENTRY_HEAD], length: usize, key: u64) -> Entry {
        Entry::promised(&head, Promise::new(Arc::new(Same(length)), Key(key), Writer(1), length))
    }

    proptest! {
        /// But for the checksum, which is made with the text.
        #[test]
        fn a_promise_in_an_entry_is_to_anybody_what_it_is_in_full(
            start: [u8; 32], length in 0_usize..4, cut in 0_usize..60, version: u64,
        ) {
            let mut head = [7; ENTRY_HEAD];
            head[..32].copy_from_slice(&start);
            let short = promised(head, length, 1);
            let full = Entry::from(short.clone().into_bytes());
            head[ENTRY_CHECKSUM].copy_from_slice(&full.head()[ENTRY_CHECKSUM]);
            let entry = promised(head, length, 1);
            prop_assert_eq!(&entry, &full);
            prop_assert_eq!((entry.len(), entry.version()), (full.len(), full.version()));
            prop_assert_eq!(entry.head(), full.head());
            prop_assert_eq!(entry.clone().into_body(), full.clone().into_body());
            let bytes = full.clone().into_bytes();
            let begin = &bytes[..cut.min(bytes.len())];
            prop_assert!(entry.starts_with(begin) && full.starts_with(begin));
            prop_assert!(!entry.starts_with(&[begin, &[0, 1, 2]].concat()));
            let versioned = entry.clone().with_version(Version(version));
            prop_assert_eq!(versioned.version(), Some(Version(version)));
            prop_assert_eq!(&versioned, &full.with_version(Version(version)));
            prop_assert_eq!(entry.version(), short.version(), "the other handle sees nothing of it");
        }

        #[test]
        fn promises_in_entries_are_equal_if_they_are_in_full(
            heads: [bool; 2], lengths in [0_usize..2, 0..2], keys in [0_u64..2, 0..2],
        ) {
            let [one, other] = [0, 1]
                .map(|at| promised([heads[at].into(); ENTRY_HEAD], lengths[at], keys[at]));
            let are_equal = one.clone().into_bytes() == other.clone().into_bytes();
            prop_assert_eq!(one == other, are_equal);
            prop_assert_eq!(&one, &one.clone());
        }

        /// An entry need not be as long as a head, or have a version.
        #[test]
        fn bytes_stay_as_they_are(bytes: Vec<u8>) {
            let entry = Entry::from(bytes.clone());
            prop_assert_eq!((entry.len(), entry.is_empty()), (bytes.len(), bytes.is_empty()));
            prop_assert!(entry.starts_with(&bytes) && bytes.starts_with(entry.head()));
            prop_assert_eq!(entry.version().is_some(), bytes.len() >= ENTRY_VERSION.end);
            let split = [entry.head(), &entry.clone().into_body().text()[..]].concat();
            prop_assert_eq!(&split, &bytes);
            prop_assert_eq!(entry.into_bytes(), bytes);
        }
    }
}
