//! Writing JSON straight into bytes, up to a given size, or only counting them.

use super::text::{self, Text};
use crate::workload::chance::Stream;

/// What becomes of a body in the making: its text, or only the length of that.
pub trait Sink {
    /// Whether list items are of interest. They only fill up a body, which is as long without them.
    const HOLDS_ITEMS: bool;

    /// Of a body that will have about `size` bytes.
    fn with_capacity(size: usize) -> Self;

    fn length(&self) -> usize;

    fn push(&mut self, json: &[u8]);

    /// `length` bytes of prose.
    fn prose(&mut self, length: usize, text: &Text, chance: &mut Stream);
}

/// Counts the bytes.
pub struct Count(usize);

/// A body in the making. Whoever writes into it keeps the JSON well formed; it keeps the count.
pub struct Json<'a, S> {
    out: S,
    size: usize,
    text: &'a Text,
    /// Decides what differs from one revision of a row to the next.
    pub fresh: Stream,
}

impl<'a, S: Sink> Json<'a, S> {
    pub fn new(size: usize, text: &'a Text, fresh: Stream) -> Self {
        Self { out: S::with_capacity(size), size, text, fresh }
    }

    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.out.push(json.as_bytes());
        self
    }

    /// By hand, for the formatting machinery takes several times as long on this hot path.
    pub fn number(&mut self, mut number: u64) -> &mut Self {
        let mut digits = [0; 20];
        let mut first = digits.len();
        loop {
            first -= 1;
            digits[first] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                break;
            }
        }
        self.out.push(&digits[first..]);
        self
    }

    /// A number of the revision's own in `from .. from + range`.
    pub fn fresh_number(&mut self, from: u64, range: u64) -> &mut Self {
        let number = from + self.fresh.below(range);
        self.number(number)
    }

    /// `true` or `false`, as the revision draws it.
    pub fn boolean(&mut self) -> &mut Self {
        let truth = if self.fresh.below(2) == 0 { "true" } else { "false" };
        self.raw(truth)
    }

    pub fn fresh_word(&mut self) -> &mut Self {
        let word = text::word(&mut self.fresh);
        self.raw(word)
    }

    /// `length` bytes of prose.
    pub fn prose(&mut self, length: usize) -> &mut Self {
        self.out.prose(length, self.text, &mut self.fresh);
        self
    }

    /// How many bytes are still missing if `closing` is yet to come.
    pub fn room(&self, closing: &str) -> usize {
        self.size.saturating_sub(self.out.length() + closing.len())
    }

    /// Writes list items, each at most `longest` bytes with its comma, for as long as one more is
    /// certain to fit before `closing`.
    pub fn items(&mut self, longest: usize, closing: &str, mut item: impl FnMut(&mut Self, u64)) {
        let mut index = 0;
        while S::HOLDS_ITEMS && self.room(closing) >= longest {
            if index > 0 {
                self.raw(",");
            }
            item(self, index);
            index += 1;
        }
    }

    /// Fills what is missing with prose and ends the body.
    pub fn finish(mut self, closing: &str) -> S {
        let room = self.room(closing);
        self.prose(room).raw(closing);
        self.out
    }
}

impl Sink for Vec<u8> {
    const HOLDS_ITEMS: bool = true;

    fn with_capacity(size: usize) -> Self {
        Self::with_capacity(size)
    }

    fn length(&self) -> usize {
        self.len()
    }

    fn push(&mut self, json: &[u8]) {
        self.extend_from_slice(json);
    }

    fn prose(&mut self, length: usize, text: &Text, chance: &mut Stream) {
        text.push(self, length, chance);
    }
}

impl Sink for Count {
    const HOLDS_ITEMS: bool = false;

    fn with_capacity(_: usize) -> Self {
        Self(0)
    }

    fn length(&self) -> usize {
        self.0
    }

    fn push(&mut self, json: &[u8]) {
        self.0 += json.len();
    }

    fn prose(&mut self, length: usize, _: &Text, _: &mut Stream) {
        self.0 += length;
    }
}
