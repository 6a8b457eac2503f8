//! Which request is to start next, and when: from the plan in an open loop, from the answers in a
//! closed one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Enumerate;

use crate::model::Nanos;
use crate::workload::{Arrivals, Plan};

/// The requests that are still to start. None starts after the window has closed.
pub struct Schedule {
    start: Nanos,
    end: Nanos,
    pace: Pace,
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

enum Pace {
    Open {
        /// The number of the next one, and when it is meant to start, from the plan's zero.
        next: Option<(usize, Nanos)>,
        later: Enumerate<Arrivals>,
    },
    Closed {
        waiting: BinaryHeap<Reverse<(Nanos, u64)>>,
        clients: u64,
        think: Nanos,
    },
}

impl Schedule {
    /// The plan's requests, with the plan's zero at `start`.
    pub fn new(plan: &Plan, start: Nanos) -> Self {
        let pace = match plan.closed() {
            None => {
                let mut later = plan.arrivals().enumerate();
                Pace::Open { next: later.next(), later }
            }
            Some(closed) => {
                let clients = u64::from(closed.clients);
                let waiting = (0..clients).map(|client| Reverse((start, client))).collect();
                Pace::Closed { waiting, clients, think: closed.think.nanos() }
            }
        };
        Self { start, end: start + plan.warm_up() + plan.duration(), pace }
    }

    /// When the next request is due; `None` where none is left, or where answers must come first.
    pub fn next_due(&self) -> Option<Nanos> {
        let due = match &self.pace {
            Pace::Open { next, .. } => next.map(|(_, due)| self.start + due),
            Pace::Closed { waiting, .. } => waiting.peek().map(|Reverse((due, _))| *due),
        };
        due.filter(|due| *due < self.end)
    }

    /// Takes the next request if it is due.
    pub fn take_due(&mut self, now: Nanos) -> Option<Due> {
        let due = self.next_due().filter(|due| *due <= now)?;
        match &mut self.pace {
            Pace::Open { next, later } => std::mem::replace(next, later.next())
                .map(|(number, _)| Due { number: number as u64, intended: Some(due) }),
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
