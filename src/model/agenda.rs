//! What is to happen when.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::Nanos;

/// Things that are to happen, the earliest first, and those of the same instant in the order in which they
/// were put down: which is what makes two runs equal.
pub struct Agenda<T> {
    items: BinaryHeap<Item<T>>,
    numbers: u64,
}

struct Item<T> {
    /// The instant, and below it the number.
    ///
    /// As one integer: nobody could foretell which of two comes first, and a branch that is taken the wrong
    /// way costs more than all else here.
    when: u128,
    what: T,
}

impl<T> Agenda<T> {
    pub fn put(&mut self, at: Nanos, what: T) {
        let when = u128::from(at.0) << u64::BITS | u128::from(self.numbers);
        self.numbers += 1;
        self.items.push(Item { when, what });
    }

    /// Takes out the earliest, and says when it is to happen.
    pub fn take(&mut self) -> Option<(Nanos, T)> {
        self.items.pop().map(|item| (item.at(), item.what))
    }

    /// As [`take`](Self::take), of what is to happen by `now`.
    pub fn take_due(&mut self, now: Nanos) -> Option<(Nanos, T)> {
        if self.items.peek()?.at() > now {
            return None;
        }
        self.take()
    }
}

impl<T> Default for Agenda<T> {
    fn default() -> Self {
        Self { items: BinaryHeap::new(), numbers: 0 }
    }
}

impl<T> Item<T> {
    const fn at(&self) -> Nanos {
        Nanos((self.when >> u64::BITS) as u64)
    }
}

/// The greatest is the earliest, for that is what a heap has on top.
impl<T> Ord for Item<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        other.when.cmp(&self.when)
    }
}

impl<T> PartialOrd for Item<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }

    // A heap asks by these two, and what they are made of otherwise has branches.
    fn le(&self, other: &Self) -> bool {
        self.when >= other.when
    }

    fn ge(&self, other: &Self) -> bool {
        self.when <= other.when
    }
}

impl<T> PartialEq for Item<T> {
    fn eq(&self, other: &Self) -> bool {
        self.when == other.when
    }
}

impl<T> Eq for Item<T> {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a list that is sorted by the instants alone, and stays in its order otherwise.
        #[test]
        fn what_is_earlier_comes_first_and_what_is_not_in_the_order_of_asking(
            steps in prop::collection::vec((any::<bool>(), 0_u64..20), 1..200),
        ) {
            let (mut agenda, mut list) = (Agenda::default(), Vec::new());
            for (number, (is_put, at)) in steps.into_iter().enumerate() {
                let at = Nanos(at << 40);
                if is_put {
                    agenda.put(at, number);
                    list.push((at, number));
                    list.sort_by_key(|(at, _)| *at);
                } else {
                    let is_due = list.first().is_some_and(|(first, _)| *first <= at);
                    let expected = is_due.then(|| list.remove(0));
                    prop_assert_eq!(agenda.take_due(at), expected);
                }
            }
            list.into_iter().for_each(|item| assert_eq!(agenda.take(), Some(item)));
            prop_assert_eq!(agenda.take(), None);
        }
    }
}
