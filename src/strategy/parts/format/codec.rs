//! What a body is written as.

use std::borrow::Cow;

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value as Document;

/// How deep a document may be nested, as serde_json has it. The stack ends at some depth, and with it
/// the process.
const DEPTH_MAX: usize = 128;

/// A way to write an entity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Codec {
    /// JSON as the store has it, handed on unread, as by a service that answers in JSON.
    #[default]
    Json = 0,
    /// JSON that is parsed on every hit and written on every fill, as by a service that works with
    /// what it reads.
    JsonParsed = 1,
    /// MessagePack, likewise decoded on every hit and encoded on every fill.
    Messagepack = 2,
}

impl Codec {
    pub const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Json),
            1 => Some(Self::JsonParsed),
            2 => Some(Self::Messagepack),
            _ => None,
        }
    }

    /// The JSON `text` in this codec's form; `None` where it is no JSON.
    pub fn encode(self, text: &Bytes) -> Option<Cow<'_, [u8]>> {
        let document = || serde_json::from_slice::<Document>(text).ok();
        match self {
            Self::Json => Some(Cow::Borrowed(&text[..])),
            Self::JsonParsed => serde_json::to_vec(&document()?).ok().map(Cow::Owned),
            Self::Messagepack => rmp_serde::to_vec(&document()?).ok().map(Cow::Owned),
        }
    }

    /// The JSON text of what `encode` has made; `None` of anything else.
    pub fn decode(self, coded: Bytes) -> Option<Bytes> {
        let document: Document = match self {
            Self::Json => return Some(coded),
            Self::JsonParsed => serde_json::from_slice(&coded).ok()?,
            Self::Messagepack => {
                let mut reader = rmp_serde::Deserializer::from_read_ref(&coded[..]);
                reader.set_max_depth(DEPTH_MAX);
                Document::deserialize(&mut reader).ok()?
            }
        };
        serde_json::to_vec(&document).ok().map(Bytes::from)
    }
}
