//! How a coded body is made smaller. A packed body begins with its plain length, four bytes
//! big-endian, so that nobody unpacks more than was packed.

use std::cell::RefCell;
use std::io::{self, Read, Write};

use bytes::{Buf, BufMut, Bytes};
use flate2::read::{GzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::CODED_MAX;
use zstd::bulk::{Compressor, Decompressor};

/// How a length is written.
const LENGTH: usize = size_of::<u32>();

type Zstd = (Compressor<'static>, Decompressor<'static>);

thread_local! {
    /// Making a context of Zstandard's costs more than compressing an entry.
    static ZSTD: RefCell<Option<Zstd>> = const { RefCell::new(None) };
}

/// A compression algorithm.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    #[default]
    None = 0,
    /// DEFLATE in gzip's format (RFC 1952). Levels 0 to 9, 6 by default.
    Gzip = 1,
    /// DEFLATE in zlib's format (RFC 1950). Levels 0 to 9, 6 by default.
    Zlib = 2,
    /// Zstandard (RFC 8878). Levels 1 to 22, 3 by default.
    Zstd = 3,
    /// LZ4's block format, which has no levels.
    Lz4 = 4,
}

impl Compression {
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::None),
            1 => Some(Self::Gzip),
            2 => Some(Self::Zlib),
            3 => Some(Self::Zstd),
            4 => Some(Self::Lz4),
            _ => None,
        }
    }

    /// The body made smaller, or larger as the case may be; `None` where nothing is to be done.
    pub fn pack(self, plain: &[u8], level: Option<u32>) -> Option<Vec<u8>> {
        let mut packed = Vec::with_capacity(LENGTH + plain.len() / 2);
        packed.put_u32(u32::try_from(plain.len()).ok()?);
        let deflate = level.map_or_else(flate2::Compression::default, flate2::Compression::new);
        match self {
            Self::None => return None,
            Self::Gzip => {
                let mut encoder = GzEncoder::new(packed, deflate);
                encoder.write_all(plain).ok()?;
                packed = encoder.finish().ok()?;
            }
            Self::Zlib => {
                let mut encoder = ZlibEncoder::new(packed, deflate);
                encoder.write_all(plain).ok()?;
                packed = encoder.finish().ok()?;
            }
            Self::Zstd => {
                let level = level.map_or(zstd::DEFAULT_COMPRESSION_LEVEL, u32::cast_signed);
                packed.extend(with_zstd(|zstd| {
                    zstd.0.set_compression_level(level)?;
                    zstd.0.compress(plain)
                })?);
            }
            Self::Lz4 => packed.extend(lz4_flex::block::compress(plain)),
        }
        Some(packed)
    }

    /// What `pack` was given; `None` of anything that it has not made.
    pub fn unpack(self, mut packed: Bytes) -> Option<Bytes> {
        if self == Self::None {
            return Some(packed);
        }
        let length = packed.try_get_u32().ok()? as usize;
        if length > CODED_MAX {
            return None;
        }
        let plain = match self {
            Self::None => return None,
            Self::Gzip => inflate(GzDecoder::new(&packed[..]), length)?,
            Self::Zlib => inflate(ZlibDecoder::new(&packed[..]), length)?,
            Self::Zstd => with_zstd(|zstd| zstd.1.decompress(&packed, length))?,
            Self::Lz4 => lz4_flex::block::decompress(&packed, length).ok()?,
        };
        (plain.len() == length).then(|| plain.into())
    }
}

fn with_zstd<T>(work: impl FnOnce(&mut Zstd) -> io::Result<T>) -> Option<T> {
    ZSTD.with_borrow_mut(|contexts| {
        if contexts.is_none() {
            *contexts = Some((Compressor::new(0).ok()?, Decompressor::new().ok()?));
        }
        work(contexts.as_mut()?).ok()
    })
}

/// Up to one byte more than `length` bytes, so that the caller sees where there were too many.
fn inflate(decoder: impl Read, length: usize) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    decoder.take(length as u64 + 1).read_to_end(&mut plain).ok()?;
    Some(plain)
}
