//! The way to the server's one thread.

use std::collections::VecDeque;

use crate::model::Nanos;

/// How many calls are put off at most when another one gets ahead of them. What was known of the rest is no
/// less true: all that it says is before when they cannot have been served.
const PUT_OFF: usize = 32;

/// Calls that were sent and have not been carried out, in the order in which they arrive; at the same
/// instant, in the order in which they were sent.
#[derive(Default)]
pub(super) struct Line {
    coming: VecDeque<Coming>,
}

struct Coming {
    call: usize,
    arrives: Nanos,
    service: Nanos,
    /// It cannot have been served before this, by all that were sent so far.
    served: Nanos,
}

impl Line {
    /// Adds a call. Returns before when it cannot have been served, if the thread has done all that is not
    /// in line any more when it is `free_at`.
    pub fn join(&mut self, call: usize, arrives: Nanos, service: Nanos, free_at: Nanos) -> Nanos {
        let place = self.coming.partition_point(|other| other.arrives <= arrives);
        let ahead = place.checked_sub(1).map_or(free_at, |ahead| self.coming[ahead].served);
        let served = ahead.max(arrives) + service;
        self.coming.insert(place, Coming { call, arrives, service, served });
        self.put_off(place + 1, served);
        served
    }

    /// Takes out the next one, if it has arrived by `now`, and says when it did.
    pub fn take_due(&mut self, now: Nanos) -> Option<(Nanos, usize)> {
        let Coming { call, arrives, .. } =
            self.coming.pop_front_if(|coming| coming.arrives <= now)?;
        Some((arrives, call))
    }

    pub fn clear(&mut self) {
        self.coming.clear();
    }

    /// Whoever is behind `first` waits for somebody who is served at `ahead`.
    fn put_off(&mut self, first: usize, mut ahead: Nanos) {
        for coming in self.coming.range_mut(first..).take(PUT_OFF) {
            let served = ahead.max(coming.arrives) + coming.service;
            if served <= coming.served {
                return;
            }
            coming.served = served;
            ahead = served;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a list that is sorted and gone through from its beginning each time; as long as there are
        /// so few that all who are behind are put off, to the nanosecond.
        #[test]
        fn nobody_is_said_to_be_served_later_than_they_are(
            calls in prop::collection::vec((0_u64..40, 0_u64..200, 0_u64..9), 1..120),
        ) {
            let (mut line, mut sorted) = (Line::default(), Vec::<(u64, usize, u64)>::new());
            let (mut now, mut free_at, mut was_long) = (0, 0, false);
            for (call, (pause, way, service)) in calls.into_iter().enumerate() {
                now += pause;
                while let Some((arrives, call)) = line.take_due(Nanos(now)) {
                    let (expected, number, service) = sorted.remove(0);
                    prop_assert_eq!((arrives, call), (Nanos(expected), number));
                    free_at = expected.max(free_at) + service;
                }
                prop_assert!(sorted.first().is_none_or(|(arrives, ..)| *arrives > now));
                let arrives = now + way;
                sorted.push((arrives, call, service));
                sorted.sort_by_key(|(arrives, ..)| *arrives);
                let said = line.join(call, Nanos(arrives), Nanos(service), Nanos(free_at));
                let mut served = free_at;
                for (arrives, number, service) in &sorted {
                    served = served.max(*arrives) + service;
                    if *number == call {
                        break;
                    }
                }
                was_long |= sorted.len() > PUT_OFF;
                prop_assert!(said.0 <= served);
                prop_assert!(said.0 == served || was_long);
            }
        }
    }
}
