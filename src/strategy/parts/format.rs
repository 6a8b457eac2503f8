//! How the body of an entry is written: by a codec, then compressed where that is worth it.

mod codec;
mod compression;

pub use codec::Codec;
pub use compression::Compression;

use std::borrow::Cow;

use bytes::Bytes;

use crate::model::Size;

/// How one strategy writes its entries. Any entry can be read without it: it says how it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Format {
    codec: Codec,
    compression: Compression,
    /// The algorithm's own measure of effort; its default where there is none.
    level: Option<u32>,
    /// Smaller bodies are not compressed.
    compress_from: Size,
}

impl Format {
    pub const fn new(
        codec: Codec,
        compression: Compression,
        level: Option<u32>,
        compress_from: Size,
    ) -> Self {
        Self { codec, compression, level, compress_from }
    }

    /// The body as it is kept, and by what. What compression would only make larger, and what the
    /// codec cannot hold, is kept as it is.
    pub fn encode<'a>(&self, body: &'a Bytes) -> (Codec, Compression, Cow<'a, [u8]>) {
        let (codec, coded) = match self.codec.encode(body) {
            Some(coded) => (self.codec, coded),
            None => (Codec::Json, Cow::Borrowed(&body[..])),
        };
        if coded.len() as u64 >= self.compress_from.0
            && let Some(packed) = self.compression.pack(&coded, self.level)
            && packed.len() < coded.len()
        {
            return (codec, self.compression, Cow::Owned(packed));
        }
        (codec, Compression::None, coded)
    }
}

impl Default for Format {
    /// JSON as the store has it, and no compression.
    fn default() -> Self {
        Self::new(Codec::Json, Compression::None, None, Size(0))
    }
}

/// The JSON text of a body that was written by `codec` and `compression`; `None` where it was not.
pub fn decode(codec: Codec, compression: Compression, body: Bytes) -> Option<Bytes> {
    codec.decode(compression.unpack(body)?)
}
