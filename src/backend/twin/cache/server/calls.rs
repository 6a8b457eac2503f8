//! The calls under way, by their numbers.

use std::ops::{Index, IndexMut};

use super::{Call, Stage};

/// Calls by their numbers. One that is over leaves its place, as it is, to the next one that begins: a call is
/// large, and is not moved in and out so.
#[derive(Default)]
pub(super) struct Calls {
    places: Vec<Call>,
    /// The numbers of those that are over.
    over: Vec<usize>,
}

impl Calls {
    /// The number of a call that begins. Whoever asks for it says all that there is to say of the call.
    pub fn begin(&mut self) -> usize {
        self.over.pop().unwrap_or_else(|| {
            self.places.push(Call::default());
            self.places.len() - 1
        })
    }

    /// # Panics
    /// If it has ended before: its number may be another one's by now.
    pub fn end(&mut self, number: usize) {
        let call = &mut self.places[number];
        assert!(call.is_under_way(), "it is over");
        (call.stage, call.waker) = (Stage::Over, None);
        self.over.push(number);
    }

    /// Ends those that are under way and not to be kept.
    pub fn retain(&mut self, keep: impl Fn(&Call) -> bool) {
        for number in 0..self.places.len() {
            let call = &self.places[number];
            if call.is_under_way() && !keep(call) {
                self.end(number);
            }
        }
    }

    /// All that are under way.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Call> {
        self.places.iter_mut().filter(|call| call.is_under_way())
    }
}

impl Index<usize> for Calls {
    type Output = Call;

    fn index(&self, number: usize) -> &Call {
        &self.places[number]
    }
}

impl IndexMut<usize> for Calls {
    fn index_mut(&mut self, number: usize) -> &mut Call {
        &mut self.places[number]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_given_again_when_its_call_is_over() {
        let mut calls = Calls::default();
        let begin = |calls: &mut Calls, connection| {
            let number = calls.begin();
            (calls[number].stage, calls[number].connection) = (Stage::Lost, connection);
            number
        };
        let (one, other) = (begin(&mut calls, 7), begin(&mut calls, 8));
        calls.end(one);
        assert_eq!(calls.iter_mut().map(|call| call.connection).collect::<Vec<_>>(), [8]);
        assert_eq!(begin(&mut calls, 9), one);
        calls.retain(|call| call.connection == 9);
        assert_eq!(calls.iter_mut().map(|call| call.connection).collect::<Vec<_>>(), [9]);
        assert_eq!(begin(&mut calls, 10), other);
    }

    #[test]
    #[should_panic(expected = "it is over")]
    fn a_call_ends_once() {
        let mut calls = Calls::default();
        let number = calls.begin();
        calls[number].stage = Stage::Lost;
        calls.end(number);
        calls.end(number);
    }
}
