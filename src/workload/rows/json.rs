//! Writing JSON straight into bytes, up to a given size.

use super::text::{self, Text};
use crate::workload::chance::Stream;

/// A body in the making. Whoever writes into it keeps the JSON well formed; it keeps the count.
pub struct Json<'a> {
    out: Vec<u8>,
    size: usize,
    text: &'a Text,
    /// Decides what differs from one revision of a row to the next.
    pub fresh: Stream,
}

impl<'a> Json<'a> {
    pub fn new(size: usize, text: &'a Text, fresh: Stream) -> Self {
        Self { out: Vec::with_capacity(size), size, text, fresh }
    }

    pub fn raw(&mut self, json: &str) -> &mut Self {
        self.out.extend_from_slice(json.as_bytes());
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
        self.out.extend_from_slice(&digits[first..]);
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
        self.text.push(&mut self.out, length, &mut self.fresh);
        self
    }

    /// How many bytes are still missing if `closing` is yet to come.
    pub fn room(&self, closing: &str) -> usize {
        self.size.saturating_sub(self.out.len() + closing.len())
    }

    /// Writes list items, each at most `longest` bytes with its comma, for as long as one more is
    /// certain to fit before `closing`.
    pub fn items(&mut self, longest: usize, closing: &str, mut item: impl FnMut(&mut Self, u64)) {
        let mut index = 0;
        while self.room(closing) >= longest {
            if index > 0 {
                self.raw(",");
            }
            item(self, index);
            index += 1;
        }
    }

    /// Fills what is missing with prose and ends the body.
    pub fn finish(mut self, closing: &str) -> Vec<u8> {
        let room = self.room(closing);
        self.prose(room).raw(closing);
        self.out
    }
}
