//! Which request is to start next, and when: from the plan in an open loop, from the answers in a
//! closed one.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::iter::Enumerate;

use crate::model::Nanos;
use crate::workload::{Arrivals, Census, Counting, Plan, Request};

/// How many requests of an open loop are drawn at a time: what draws them would be loaded into the
/// processor's caches for each of them else.
const DRAWN_AT_ONCE: usize = 64;

/// The requests that are still to start. None starts after the window has closed.
pub struct Schedule<'a> {
    plan: &'a Plan,
    start: Nanos,
    end: Nanos,
    pace: Pace,
    /// When the next one is due, which is asked far more often than it changes. `NEVER` where none is left,
    /// or where answers must come first.
    next_due: Nanos,
    /// Counts those that are drawn, where that is asked for.
    counting: Option<Counting<'a>>,
}

/// A request that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub request: Request,
    /// When it was meant to start. `None` in a closed loop, whose client intends nothing before it has
    /// its answer, and so cannot be late: its request is meant to start when it does.
    pub intended: Option<Nanos>,
}

enum Pace {
    Open {
        /// The next ones, which have been drawn. There always are some.
        next: VecDeque<Due>,
        /// Numbers, and when each of them is meant to start, from the plan's zero.
        later: Enumerate<Arrivals>,
    },
    Closed {
        waiting: BinaryHeap<Reverse<(Nanos, u64)>>,
        clients: u64,
        think: Nanos,
    },
}

impl<'a> Schedule<'a> {
    /// The plan's requests, with the plan's zero at `start`. Those of an open loop are counted if it `counts`.
    pub fn new(plan: &'a Plan, start: Nanos, counts: bool) -> Self {
        let pace = match plan.closed() {
            None => Pace::Open { next: VecDeque::new(), later: plan.arrivals().enumerate() },
            Some(closed) => {
                let clients = u64::from(closed.clients);
                let waiting = (0..clients).map(|client| Reverse((start, client))).collect();
                Pace::Closed { waiting, clients, think: closed.think.nanos() }
            }
        };
        let end = start + plan.warm_up() + plan.duration();
        let counting = (counts && plan.is_open()).then(|| Counting::of(plan));
        let mut schedule = Self { plan, start, end, pace, next_due: Nanos::NEVER, counting };
        schedule.draw();
        schedule.look_ahead();
        schedule
    }

    /// When the next request is due; `NEVER` where none is left, or where answers must come first.
    pub const fn next_due(&self) -> Nanos {
        self.next_due
    }

    /// Takes the next request if it is due.
    #[inline]
    pub fn take_due(&mut self, now: Nanos) -> Option<Due> {
        if self.next_due > now { None } else { self.take() }
    }

    fn take(&mut self) -> Option<Due> {
        let due = match &mut self.pace {
            Pace::Open { next, .. } => {
                let due = next.pop_front()?;
                if next.is_empty() {
                    self.draw();
                }
                due
            }
            Pace::Closed { waiting, .. } => {
                let Reverse((_, number)) = waiting.pop()?;
                Due { request: self.plan.request(number), intended: None }
            }
        };
        self.look_ahead();
        Some(due)
    }

    fn look_ahead(&mut self) {
        let due = match &self.pace {
            Pace::Open { next, .. } => next.front().and_then(|due| due.intended),
            Pace::Closed { waiting, .. } => waiting.peek().map(|Reverse((due, _))| *due),
        };
        self.next_due = due.filter(|due| *due < self.end).unwrap_or(Nanos::NEVER);
    }

    /// Draws the next requests of an open loop.
    fn draw(&mut self) {
        if let Pace::Open { next, later } = &mut self.pace {
            let (plan, start, end, counting) =
                (self.plan, self.start, self.end, &mut self.counting);
            next.extend(later.take(DRAWN_AT_ONCE).map(|(number, due)| {
                let drawn = plan.draw(number as u64);
                if let Some(counting) = counting
                    && start + due < end
                {
                    counting.count(&drawn, Some(due));
                }
                Due { request: drawn.request, intended: Some(start + due) }
            }));
        }
    }

    /// What was asked for, if it was counted: all that there is of an open loop when it is over.
    pub fn take_census(&mut self) -> Option<Census> {
        self.counting.take().map(Counting::finish)
    }

    /// Lets no further request start.
    pub fn close(&mut self) {
        self.end = Nanos::ZERO;
        self.next_due = Nanos::NEVER;
    }

    /// Notes the answer to a request: in a closed loop its client will ask again.
    pub fn answered(&mut self, request: u64, ended: Nanos) {
        if let Pace::Closed { waiting, clients, think } = &mut self.pace {
            waiting.push(Reverse((ended + *think, request + *clients)));
            self.look_ahead();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// After every window of these.
    const LATE: Nanos = Nanos::from_secs(9);

    fn plan(arrival: &str) -> Plan {
        let dataset = toml::from_str("entity = \"product\"\nkeys = 50\nabsent = 0.2").unwrap();
        let workload = format!(
            "reads = 0.5\ninserts = 0.1\nown-reads = {{ share = 0.5, after = 3 }}\n\
             popularity = {{ zipf = {{ exponent = 0.99 }} }}\narrival = {arrival}\n\
             warm-up = \"500ms\"\nduration = \"2s\""
        );
        Plan::new(&dataset, &toml::from_str(&workload).unwrap(), Path::new("")).unwrap()
    }

    #[test]
    fn what_is_counted_on_the_way_is_what_the_plan_asks_for() {
        for arrival in ["{ poisson = { rate = 1000 } }", "{ even = { rate = 777 } }"] {
            let (plan, start) = (plan(arrival), Nanos::from_secs(3));
            let mut schedule = Schedule::new(&plan, start, true);
            let taken = std::iter::from_fn(|| schedule.take_due(LATE)).count() as u64;
            assert!(taken > 1_500);
            assert_eq!(schedule.next_due(), Nanos::NEVER);
            assert_eq!(schedule.take_census(), Some(plan.census(taken)), "{arrival}");
        }
    }

    #[test]
    fn a_schedule_that_is_closed_has_counted_what_it_did_not_hand_out() {
        let plan = plan("{ poisson = { rate = 1000 } }");
        let mut schedule = Schedule::new(&plan, Nanos::ZERO, true);
        assert!(schedule.take_due(LATE).is_some());
        schedule.close();
        assert_eq!(schedule.take_due(LATE), None);
        let counted = schedule.take_census().unwrap().mix.requests;
        assert!((2..=DRAWN_AT_ONCE as u64).contains(&counted), "{counted}");
    }

    #[test]
    fn answers_decide_when_a_closed_loop_goes_on_and_nothing_is_counted() {
        let plan = plan("{ closed = { clients = 2, think = \"5ms\" } }");
        let mut schedule = Schedule::new(&plan, Nanos(7), true);
        let first = schedule.take_due(Nanos(7)).unwrap().request.number;
        assert!(schedule.take_due(Nanos(7)).is_some() && schedule.take_due(Nanos(7)).is_none());
        assert_eq!(schedule.next_due(), Nanos::NEVER);
        schedule.answered(first, Nanos(9));
        assert_eq!(schedule.next_due(), Nanos(9) + Nanos::from_millis(5));
        assert!(schedule.take_census().is_none());
    }
}
