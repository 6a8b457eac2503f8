//! Who is to be woken when.

use std::cmp::Reverse;
use std::task::Waker;

use dary_heap::QuaternaryHeap;
use slab::Slab;

use crate::model::Nanos;

/// Cancelled timers are swept out when there are more of them than of the others, and more than this.
const SWEEP_FROM: usize = 64;

/// Timers, the earliest first; equal deadlines in the order they were asked for.
///
/// Under virtual time nothing is done as often as to set one and to take it out. Few wait at a time, so that
/// a flat heap of small items is at hand as a whole: an item is one integer, for which of two comes first
/// nobody could foretell.
#[derive(Default)]
pub(super) struct Timers {
    queue: QuaternaryHeap<Reverse<u128>>,
    /// Those that are neither over nor cancelled.
    sleepers: Slab<Sleeper>,
    asked: u64,
}

/// Names one timer: how many had been asked for with it, and in the lowest bits its place among the sleepers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket(u64);

/// So many bits of a ticket are the place, and the others enough for a trillion timers.
const PLACE: u32 = 24;

struct Sleeper {
    ticket: Ticket,
    waker: Waker,
}

impl Ticket {
    const fn place(self) -> usize {
        (self.0 & ((1 << PLACE) - 1)) as usize
    }
}

const fn item(deadline: Nanos, ticket: Ticket) -> Reverse<u128> {
    Reverse((deadline.0 as u128) << u64::BITS | ticket.0 as u128)
}

const fn of_item(Reverse(item): Reverse<u128>) -> (Nanos, Ticket) {
    (Nanos((item >> u64::BITS) as u64), Ticket(item as u64))
}

impl Timers {
    pub fn set(&mut self, deadline: Nanos, waker: &Waker) -> Ticket {
        self.asked += 1;
        let place = self.sleepers.vacant_key() as u64;
        assert!(place >> PLACE == 0 && self.asked >> (u64::BITS - PLACE) == 0, "too many timers");
        let ticket = Ticket(self.asked << PLACE | place);
        self.sleepers.insert(Sleeper { ticket, waker: waker.clone() });
        self.queue.push(item(deadline, ticket));
        ticket
    }

    /// Has `waker` woken instead of whoever was before.
    pub fn renew(&mut self, ticket: Ticket, waker: &Waker) {
        if let Some(sleeper) = self.sleeper(ticket) {
            sleeper.waker.clone_from(waker);
        }
    }

    /// Does nothing to a timer that is over. Returns who would have been woken.
    pub fn cancel(&mut self, ticket: Ticket) -> Option<Waker> {
        self.sleeper(ticket)?;
        let cancelled = self.sleepers.remove(ticket.place());
        if self.queue.len() > SWEEP_FROM && self.queue.len() > 2 * self.sleepers.len() {
            let sleepers = &self.sleepers;
            self.queue.retain(|item| is_set(sleepers, of_item(*item).1));
        }
        Some(cancelled.waker)
    }

    /// Takes out the earliest, if it is not after `latest`.
    pub fn pop(&mut self, latest: Nanos) -> Option<(Nanos, Waker)> {
        loop {
            let (deadline, ticket) = of_item(*self.queue.peek()?);
            if deadline > latest {
                return None;
            }
            self.queue.pop();
            if is_set(&self.sleepers, ticket) {
                return Some((deadline, self.sleepers.remove(ticket.place()).waker));
            }
        }
    }

    fn sleeper(&mut self, ticket: Ticket) -> Option<&mut Sleeper> {
        self.sleepers.get_mut(ticket.place()).filter(|sleeper| sleeper.ticket == ticket)
    }

    /// How many there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.sleepers.len()
    }
}

fn is_set(sleepers: &Slab<Sleeper>, ticket: Ticket) -> bool {
    sleepers.get(ticket.place()).is_some_and(|sleeper| sleeper.ticket == ticket)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a list that is searched for the earliest.
        #[test]
        fn the_earliest_that_is_left_is_next_however_many_are_cancelled(
            steps in prop::collection::vec((0_u8..5, 0_u64..50, any::<prop::sample::Index>()), 1..400),
        ) {
            let (mut timers, mut left) = (Timers::default(), Vec::new());
            for (step, deadline, which) in steps {
                match step {
                    0 if !left.is_empty() => {
                        let (_, ticket) = left.remove(which.index(left.len()));
                        timers.cancel(ticket);
                        timers.cancel(ticket);
                        let most = SWEEP_FROM.max(2 * left.len());
                        prop_assert!(timers.queue.len() <= most);
                    }
                    1 => {
                        let latest = Nanos(deadline);
                        let next = left.iter().min().copied().filter(|next| next.0 <= latest);
                        let popped = timers.pop(latest).map(|(deadline, _)| deadline);
                        prop_assert_eq!(popped, next.map(|(deadline, _)| deadline));
                        left.retain(|timer| Some(*timer) != next);
                    }
                    _ => left.push((Nanos(deadline), timers.set(Nanos(deadline), Waker::noop()))),
                }
                prop_assert_eq!(timers.len(), left.len());
            }
        }
    }
}
