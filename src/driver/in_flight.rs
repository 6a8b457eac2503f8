//! The requests that have started and not ended, in the order of their starts.

use std::collections::VecDeque;
use std::rc::Rc;

use super::seat::Seat;
use crate::model::{Nanos, NodeId};

/// Names one request in flight.
#[derive(Clone, Copy, Debug)]
pub struct Ticket(u64);

pub struct InFlight {
    timeout: Nanos,
    /// From the oldest that is still in flight to the latest that was started.
    slots: VecDeque<Slot>,
    /// The number of the first slot.
    first: u64,
    /// The number of the first slot whose time is not up.
    in_time: u64,
    count: u64,
    peak: u64,
}

struct Slot {
    started: Nanos,
    /// Where its issuer sits; `None` when it has ended.
    seat: Option<Rc<Seat>>,
}

impl InFlight {
    pub fn new(timeout: Nanos) -> Self {
        Self { timeout, slots: VecDeque::new(), first: 0, in_time: 0, count: 0, peak: 0 }
    }

    /// Notes that the seat's request starts at a node. Starts come in the order of time.
    pub fn begin(&mut self, node: NodeId, started: Nanos, seat: Rc<Seat>) -> Ticket {
        let ticket = Ticket(self.started());
        seat.begin(node);
        self.slots.push_back(Slot { started, seat: Some(seat) });
        self.count += 1;
        self.peak = self.peak.max(self.count);
        ticket
    }

    pub fn end(&mut self, Ticket(number): Ticket) {
        self.slots[(number - self.first) as usize].seat = None;
        self.count -= 1;
        while self.slots.front().is_some_and(|slot| slot.seat.is_none()) {
            self.slots.pop_front();
            self.first += 1;
        }
        self.in_time = self.in_time.max(self.first);
    }

    /// Gives up every request that has waited for the whole timeout.
    pub fn give_up_overdue(&mut self, now: Nanos) {
        while let Some(slot) = self.slots.get((self.in_time - self.first) as usize) {
            if let Some(seat) = &slot.seat {
                if slot.started + self.timeout > now {
                    break;
                }
                seat.give_up();
            }
            self.in_time += 1;
        }
    }

    /// Gives up every request that the node works on.
    pub fn give_up_node(&self, node: NodeId) {
        let seats = self.slots.iter().filter_map(|slot| slot.seat.as_ref());
        seats.filter(|seat| seat.is_at(node)).for_each(|seat| seat.give_up());
    }

    /// When the next request will have waited for the whole timeout. While an overdue one has not
    /// reported yet, `NEVER`: it is about to.
    pub fn next_deadline(&self) -> Option<Nanos> {
        if self.count == 0 {
            return None;
        }
        let in_time = self.slots.range((self.in_time - self.first) as usize..);
        let next = in_time.into_iter().find(|slot| slot.seat.is_some());
        Some(next.map_or(Nanos::NEVER, |slot| slot.started + self.timeout))
    }

    /// Before this nothing that is in flight, or that starts from `now` on, has started.
    pub fn watermark(&self, now: Nanos) -> Nanos {
        self.slots.front().map_or(now, |slot| slot.started)
    }

    /// Requests that were started so far.
    pub fn started(&self) -> u64 {
        self.first + self.slots.len() as u64
    }

    /// The most that were in flight at once.
    pub fn peak(&self) -> u64 {
        self.peak
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(in_flight: &mut InFlight, node: u32, started: u64) -> (Ticket, Rc<Seat>) {
        let seat = Rc::new(Seat::default());
        (in_flight.begin(NodeId(node), Nanos(started), seat.clone()), seat)
    }

    #[test]
    fn the_watermark_is_the_oldest_start_still_in_flight() {
        let mut in_flight = InFlight::new(Nanos::from_secs(1));
        let (first, _) = begin(&mut in_flight, 0, 10);
        let (second, _) = begin(&mut in_flight, 0, 20);
        in_flight.end(second);
        assert_eq!(in_flight.watermark(Nanos(30)), Nanos(10));
        in_flight.end(first);
        assert_eq!(in_flight.watermark(Nanos(30)), Nanos(30));
        assert_eq!((in_flight.started(), in_flight.peak()), (2, 2));
    }

    #[test]
    fn only_what_is_overdue_is_given_up() {
        let mut in_flight = InFlight::new(Nanos(100));
        let (_, first) = begin(&mut in_flight, 0, 0);
        let (_, second) = begin(&mut in_flight, 1, 50);
        assert_eq!(in_flight.next_deadline(), Some(Nanos(100)));
        in_flight.give_up_overdue(Nanos(100));
        assert!(first.is_given_up() && !second.is_given_up());
        assert_eq!(in_flight.next_deadline(), Some(Nanos(150)));
        in_flight.give_up_node(NodeId(1));
        assert!(second.is_given_up());
    }

    #[test]
    fn a_seat_that_serves_another_request_by_now_is_left_alone() {
        let mut in_flight = InFlight::new(Nanos(100));
        let (_, _oldest) = begin(&mut in_flight, 0, 0);
        let (answered, seat) = begin(&mut in_flight, 0, 10);
        in_flight.end(answered);
        in_flight.give_up_overdue(Nanos(110));
        assert!(!seat.is_given_up());
    }
}
