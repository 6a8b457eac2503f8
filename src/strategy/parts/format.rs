//! How the body of an entry is written: by a codec, then compressed where that is worth it.

mod codec;
mod compression;

pub use codec::Codec;
pub use compression::Compression;

use std::borrow::Cow;

use bytes::Bytes;

use crate::model::{BODY_MAX, Body, Size};

/// A greater length, packed or not, is not one that was written here.
const CODED_MAX: usize = BODY_MAX.0 as usize;

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

    /// Whether a body of so many bytes is kept as it is, whatever is in it.
    pub fn keeps(&self, length: usize) -> bool {
        self.codec == Codec::Json
            && (self.compression == Compression::None || (length as u64) < self.compress_from.0)
    }

    /// The body as it is kept, and by what. What compression would only make larger, and what the
    /// codec cannot hold, is kept as it is.
    pub fn encode<'a>(&self, body: &'a Bytes) -> (Codec, Compression, Cow<'a, [u8]>) {
        let (codec, coded) = match self.codec.encode(body) {
            Some(coded) if coded.len() <= CODED_MAX => (self.codec, coded),
            _ => (Codec::Json, Cow::Borrowed(&body[..])),
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

/// The body that was written by `codec` and `compression`; `None` where it was not.
// In place: what is kept as it is, is handed on.
#[inline(always)]
pub fn decode(codec: Codec, compression: Compression, body: Body) -> Option<Body> {
    match (codec, compression) {
        (Codec::Json, Compression::None) => (body.len() <= CODED_MAX).then_some(body),
        _ => unpack(codec, compression, body),
    }
}

fn unpack(codec: Codec, compression: Compression, body: Body) -> Option<Body> {
    let coded = compression.unpack(body.into_text())?;
    // Before it is parsed, which takes far more.
    if coded.len() > CODED_MAX { None } else { codec.decode(coded).map(Body::from) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const CODECS: [Codec; 3] = [Codec::Json, Codec::JsonParsed, Codec::Messagepack];
    const COMPRESSIONS: [Compression; 5] = [
        Compression::None,
        Compression::Gzip,
        Compression::Zlib,
        Compression::Zstd,
        Compression::Lz4,
    ];

    fn document() -> Bytes {
        let items: Vec<_> =
            (0..100).map(|n| format!(r#"{{"n":{n},"half":{n}.5,"ok":true}}"#)).collect();
        format!(r#"{{"name":"naïve \"quoted\"","none":null,"items":[{}]}}"#, items.join(",")).into()
    }

    #[test]
    fn a_document_survives_every_codec_and_compression_at_every_level() {
        for codec in CODECS {
            for compression in COMPRESSIONS {
                for level in [None, Some(1), Some(9)] {
                    let format = Format::new(codec, compression, level, Size(0));
                    let document = document();
                    let (by, packed_by, body) = format.encode(&document);
                    assert_eq!((by, packed_by), (codec, compression));
                    let is_smaller = body.len() < document.len() / 2;
                    assert_eq!(is_smaller, compression != Compression::None, "{format:?}");
                    let body = Bytes::from(body.into_owned()).into();
                    let decoded = decode(by, packed_by, body);
                    assert_eq!(decoded, Some(document.into()), "{format:?}");
                }
            }
        }
    }

    #[test]
    fn small_bodies_and_those_that_would_grow_are_not_compressed() {
        let small = Format::new(Codec::Json, Compression::Gzip, None, Size(1_000_000));
        assert_eq!(small.encode(&document()).1, Compression::None);
        let dense: Bytes = (0..64_u8).map(|byte| byte.wrapping_mul(151)).collect();
        let eager = Format::new(Codec::Json, Compression::Gzip, None, Size(0));
        assert_eq!(eager.encode(&dense).1, Compression::None);
    }

    #[test]
    fn what_the_codec_cannot_hold_is_kept_as_it_is() {
        let format = Format::new(Codec::Messagepack, Compression::None, None, Size(0));
        let text = Bytes::from_static(b"no JSON");
        assert_eq!(
            format.encode(&text),
            (Codec::Json, Compression::None, Cow::Borrowed(&text[..]))
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_decoding_panic(bytes: Vec<u8>) {
            for codec in CODECS {
                for compression in COMPRESSIONS {
                    let _ = decode(codec, compression, Bytes::from(bytes.clone()).into());
                }
            }
        }
    }
}
