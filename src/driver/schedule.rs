//! Which request is to start next, and when: from the plan in an open loop, from the answers in a
//! closed one.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::iter::Peekable;

use crate::model::{Nanos, Sample};
use crate::workload::{Arrivals, Plan};

/// The requests of one run that are still to start. None starts after the window has closed.
pub struct Schedule {
    start: Nanos,
    end: Nanos,
    pace: Pace,
}

enum Pace {
    Open { arrivals: Peekable<Arrivals>, number: u64 },
    Closed { waiting: BinaryHeap<Reverse<(Nanos, u64)>>, clients: u64, think: Nanos },
}

impl Schedule {
    /// The plan's requests, with its zero at `start`.
    pub fn new(plan: &Plan, start: Nanos) -> Self {
        let pace = match plan.closed() {
            None => Pace::Open { arrivals: plan.arrivals().peekable(), number: 0 },
            Some(closed) => {
                let clients = u64::from(closed.clients);
                let waiting = (0..clients).map(|client| Reverse((start, client))).collect();
                Pace::Closed { waiting, clients, think: closed.think.nanos() }
            }
        };
        Self { start, end: start + plan.warm_up() + plan.duration(), pace }
    }

    /// When the next request is due; `None` where none is left, or where answers must come first.
    pub fn next_due(&mut self) -> Option<Nanos> {
        let due = match &mut self.pace {
            Pace::Open { arrivals, .. } => arrivals.peek().map(|due| self.start + *due),
            Pace::Closed { waiting, .. } => waiting.peek().map(|Reverse((due, _))| *due),
        };
        due.filter(|due| *due < self.end)
    }

    /// Takes the next request if it is due: its intended start and its number in the plan.
    pub fn take_due(&mut self, now: Nanos) -> Option<(Nanos, u64)> {
        let due = self.next_due().filter(|due| *due <= now)?;
        match &mut self.pace {
            Pace::Open { arrivals, number } => {
                arrivals.next();
                *number += 1;
                Some((due, *number - 1))
            }
            // A client of a closed loop intends nothing before it has its answer, and so cannot be
            // late: its request is meant to start when it does.
            Pace::Closed { waiting, .. } => waiting.pop().map(|Reverse((_, number))| (now, number)),
        }
    }

    /// Lets no further request start.
    pub fn close(&mut self) {
        self.end = Nanos::ZERO;
    }

    /// Notes an answer: in a closed loop its client will ask again.
    pub fn answered(&mut self, sample: &Sample) {
        if let Pace::Closed { waiting, clients, think } = &mut self.pace {
            waiting.push(Reverse((sample.ended + *think, sample.request + *clients)));
        }
    }
}
