//! What of a document can be told before it is read as one.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Beyond it not all readers of JSON agree on a number. No figure comes near it, so that sums over all
/// runs still fit.
const NUMBER_MAX: u64 = 1 << 53;

/// The one figure that may be endless: how long ago the last write was of what had none.
const ENDLESS: &str = "since_write";

/// What a document of any format says of itself.
#[derive(Deserialize)]
pub struct Head {
    pub kind: Option<String>,
    pub format: Option<u64>,
    /// Where the figures are; everything else may have such numbers, as a seed.
    #[serde(default)]
    contenders: Figures,
}

impl Head {
    /// Whether a figure is one that nobody can have counted.
    pub fn is_beyond_counting(&self) -> bool {
        self.contenders.beyond_counting
    }
}

/// Anything, looked through for its numbers.
#[derive(Default)]
struct Figures {
    beyond_counting: bool,
}

impl<'de> Deserialize<'de> for Figures {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Figures;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Figures, E> {
        Ok(Figures::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Figures, E> {
        Ok(Figures::default())
    }

    fn visit_i64<E>(self, number: i64) -> Result<Figures, E> {
        Ok(Figures { beyond_counting: number.unsigned_abs() > NUMBER_MAX })
    }

    fn visit_u64<E>(self, number: u64) -> Result<Figures, E> {
        Ok(Figures { beyond_counting: number > NUMBER_MAX })
    }

    fn visit_f64<E>(self, _: f64) -> Result<Figures, E> {
        Ok(Figures::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Figures, E> {
        Ok(Figures::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Figures, A::Error> {
        let mut all = Figures::default();
        while let Some(one) = list.next_element::<Figures>()? {
            all.beyond_counting |= one.beyond_counting;
        }
        Ok(all)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Figures, A::Error> {
        let mut all = Figures::default();
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            let one = map.next_value::<Figures>()?;
            all.beyond_counting |= one.beyond_counting && key != ENDLESS;
        }
        Ok(all)
    }
}
