//! Which request is to start next, and when: from the plan in an open loop, from the answers in a
//! closed one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::Lane;
use crate::model::Nanos;
use crate::workload::{Arrivals, Plan};

/// The requests of one lane that are still to start. None starts after the window has closed.
pub struct Schedule<'a> {
    start: Nanos,
    end: Nanos,
    pace: Pace<'a>,
}

/// A request that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its number in the plan.
    pub number: u64,
    /// When it was meant to start. `None` in a closed loop, whose client intends nothing before it has
    /// its answer, and so cannot be late: its request is meant to start when it does.
    pub intended: Option<Nanos>,
}

enum Pace<'a> {
    Open {
        /// When the next one is meant to start, from the plan's zero, and its number.
        next: Option<(Nanos, u64)>,
        later: OfLane<'a>,
    },
    Closed {
        waiting: BinaryHeap<Reverse<(Nanos, u64)>>,
        clients: u64,
        think: Nanos,
    },
}

/// The plan's arrivals as far as they are those of clients of one lane.
struct OfLane<'a> {
    plan: &'a Plan,
    lane: Lane,
    arrivals: Arrivals,
    number: u64,
}

impl Iterator for OfLane<'_> {
    /// When it is meant to start, and its number.
    type Item = (Nanos, u64);

    fn next(&mut self) -> Option<(Nanos, u64)> {
        loop {
            let intended = self.arrivals.next()?;
            let number = self.number;
            self.number += 1;
            if self.lane.is_only() || self.lane.has(self.plan.request(number).node) {
                return Some((intended, number));
            }
        }
    }
}

impl<'a> Schedule<'a> {
    /// The plan's requests of `lane`, with the plan's zero at `start`.
    pub fn new(plan: &'a Plan, lane: Lane, start: Nanos) -> Self {
        let pace = match plan.closed() {
            None => {
                let arrivals = plan.arrivals();
                let mut later = OfLane { plan, lane, arrivals, number: 0 };
                Pace::Open { next: later.next(), later }
            }
            Some(closed) => {
                let clients = u64::from(closed.clients);
                let own = (0..clients).filter(|&client| lane.has(plan.request(client).node));
                let waiting = own.map(|client| Reverse((start, client))).collect();
                Pace::Closed { waiting, clients, think: closed.think.nanos() }
            }
        };
        Self { start, end: start + plan.warm_up() + plan.duration(), pace }
    }

    /// When the next request is due; `None` where none is left, or where answers must come first.
    pub fn next_due(&self) -> Option<Nanos> {
        let due = match &self.pace {
            Pace::Open { next, .. } => next.map(|(due, _)| self.start + due),
            Pace::Closed { waiting, .. } => waiting.peek().map(|Reverse((due, _))| *due),
        };
        due.filter(|due| *due < self.end)
    }

    /// Takes the next request if it is due.
    pub fn take_due(&mut self, now: Nanos) -> Option<Due> {
        let due = self.next_due().filter(|due| *due <= now)?;
        match &mut self.pace {
            Pace::Open { next, later } => std::mem::replace(next, later.next())
                .map(|(_, number)| Due { number, intended: Some(due) }),
            Pace::Closed { waiting, .. } => {
                waiting.pop().map(|Reverse((_, number))| Due { number, intended: None })
            }
        }
    }

    /// Lets no further request start.
    pub fn close(&mut self) {
        self.end = Nanos::ZERO;
    }

    /// Notes the answer to a request: in a closed loop its client will ask again.
    pub fn answered(&mut self, request: u64, ended: Nanos) {
        if let Pace::Closed { waiting, clients, think } = &mut self.pace {
            waiting.push(Reverse((ended + *think, request + *clients)));
        }
    }
}
