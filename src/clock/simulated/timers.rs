//! Who is to be woken when.

use std::task::Waker;

use slab::Slab;

use crate::model::{Agenda, Nanos};

/// Cancelled timers are swept out when there are more of them than of the others, and more than this.
const SWEEP_FROM: usize = 64;

/// Timers, the earliest first; equal deadlines in the order they were asked for.
#[derive(Default)]
pub(super) struct Timers {
    queue: Agenda<Ticket>,
    /// Those that are neither over nor cancelled.
    sleepers: Slab<Sleeper>,
    asked: u64,
}

/// Names one timer: when it was asked for, and its place among the sleepers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    asked: u64,
    place: usize,
}

struct Sleeper {
    asked: u64,
    waker: Waker,
}

impl Timers {
    pub fn set(&mut self, deadline: Nanos, waker: &Waker) -> Ticket {
        self.asked += 1;
        let asked = self.asked;
        let place = self.sleepers.insert(Sleeper { asked, waker: waker.clone() });
        let ticket = Ticket { asked, place };
        self.queue.put(deadline, ticket);
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
        let cancelled = self.sleepers.remove(ticket.place);
        if self.queue.count() > SWEEP_FROM && self.queue.count() > 2 * self.sleepers.len() {
            let sleepers = &self.sleepers;
            self.queue.keep(|ticket| is_set(sleepers, *ticket));
        }
        Some(cancelled.waker)
    }

    /// Takes out the earliest, if it is not after `latest`.
    pub fn pop(&mut self, latest: Nanos) -> Option<(Nanos, Waker)> {
        loop {
            let (deadline, ticket) = self.queue.take_due(latest)?;
            if is_set(&self.sleepers, ticket) {
                return Some((deadline, self.sleepers.remove(ticket.place).waker));
            }
        }
    }

    fn sleeper(&mut self, ticket: Ticket) -> Option<&mut Sleeper> {
        self.sleepers.get_mut(ticket.place).filter(|sleeper| sleeper.asked == ticket.asked)
    }

    /// How many there are.
    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.sleepers.len()
    }
}

fn is_set(sleepers: &Slab<Sleeper>, ticket: Ticket) -> bool {
    sleepers.get(ticket.place).is_some_and(|sleeper| sleeper.asked == ticket.asked)
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
                        prop_assert!(timers.queue.count() <= most);
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
