//! Prose without meaning, made once and copied from ever after.

use crate::workload::chance::{Axis, Draws, Stream};

/// Longer than the 32 KiB that gzip looks back, so that a body's text does not repeat within its
/// reach more than prose does.
const LENGTH: usize = 64 * 1024;

const WORDS: [&str; 128] = [
    "able", "about", "air", "amber", "and", "answer", "around", "arrive", "autumn", "balance",
    "basket", "before", "below", "bread", "breeze", "bridge", "bright", "build", "butter",
    "candle", "carry", "carve", "cedar", "centre", "chair", "change", "circle", "clear", "cloud",
    "coast", "colour", "comfort", "copper", "corner", "cotton", "country", "cover", "cross", "day",
    "deep", "design", "detail", "distance", "door", "double", "dream", "drift", "each", "early",
    "earth", "east", "edge", "evening", "even", "every", "fabric", "family", "field", "fine",
    "finish", "flour", "fold", "follow", "for", "forest", "frame", "fresh", "from", "garden",
    "gentle", "glass", "gold", "grain", "green", "hand", "harbour", "heavy", "hill", "home",
    "honey", "in", "iron", "journey", "keep", "kitchen", "ladder", "lamp", "large", "leather",
    "letter", "light", "linen", "little", "made", "maple", "market", "measure", "mild", "morning",
    "mountain", "narrow", "near", "north", "oak", "of", "on", "open", "orchard", "over", "paper",
    "plain", "quiet", "river", "round", "shelf", "silver", "smooth", "soft", "steady", "stone",
    "sturdy", "table", "the", "through", "timber", "warm", "water", "with",
];

/// A long run of sentences over plain ASCII letters, which JSON needs no escapes for.
#[derive(Clone, Debug)]
pub struct Text {
    prose: Vec<u8>,
}

impl Text {
    pub fn new(seed: u64) -> Self {
        let mut chance = Draws::new(seed, Axis::Text).stream(0);
        let mut prose = Vec::with_capacity(LENGTH + 128);
        while prose.len() < LENGTH {
            push_sentence(&mut prose, &mut chance);
        }
        Self { prose }
    }

    /// Appends exactly `length` bytes of prose from a random place on, starting with a whole word.
    pub fn push(&self, out: &mut Vec<u8>, length: usize, chance: &mut Stream) {
        let offset = chance.below(self.prose.len() as u64) as usize;
        let to_word = self.prose[offset..].iter().position(|&byte| byte == b' ');
        let mut start = to_word.map_or(0, |distance| offset + distance + 1) % self.prose.len();
        let mut missing = length;
        while missing > 0 {
            let piece = &self.prose[start..];
            let piece = &piece[..piece.len().min(missing)];
            out.extend_from_slice(piece);
            missing -= piece.len();
            start = 0;
        }
    }
}

/// One word.
pub fn word(chance: &mut Stream) -> &'static str {
    WORDS[chance.below(WORDS.len() as u64) as usize]
}

fn push_sentence(prose: &mut Vec<u8>, chance: &mut Stream) {
    let first = prose.len();
    for _ in 0..6 + chance.below(9) {
        prose.extend_from_slice(word(chance).as_bytes());
        prose.push(b' ');
    }
    prose[first].make_ascii_uppercase();
    if let Some(last) = prose.last_mut() {
        *last = b'.';
    }
    prose.push(b' ');
}
