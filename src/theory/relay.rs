//! How long events wait in an outbox for the relay that carries them away.
//!
//! The relay looks, carries what it has found, and looks again at once; where it has found nothing it
//! rests first. Events that come as a Poisson process wait for the end of the gap between two looks in
//! which they come, and long gaps catch more of them than short ones do.

/// What the relay takes for what it does, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relay {
    /// From a look that found nothing to the next.
    pub idle: f64,
    /// From a look that found something to the next.
    pub busy: f64,
}

/// Moments of how long an event waits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wait {
    pub mean: f64,
    pub mean_square: f64,
}

impl Relay {
    /// The wait where `events` come a second: `E[g^2] / (2 E[g])` over the gaps `g`, and for its square
    /// `E[g^3] / (3 E[g])`. Half of an idle gap where events are rare.
    ///
    /// Whether a gap is idle follows from whether the one before it was without an event: a chain of two
    /// states.
    pub fn wait(&self, events: f64) -> Wait {
        let none_in = |gap: f64| libm::exp(-events * gap);
        let (idle, busy) = (none_in(self.busy), 1.0 - none_in(self.idle));
        let moment = |power: i32| idle * self.idle.powi(power) + busy * self.busy.powi(power);
        Wait { mean: moment(2) / (2.0 * moment(1)), mean_square: moment(3) / (3.0 * moment(1)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theory::simulation::{Chance, assert_agrees};

    /// The waits of events, the first power of them or the second, and how many there were.
    fn play(chance: &mut Chance, relay: Relay, events: f64, power: i32) -> (f64, f64) {
        let (mut sum, mut count, mut found) = (0.0, 0.0, 0.0);
        let mut look = 0.0;
        for time in chance.events(events, 400.0) {
            while look < time {
                look += if found > 0.0 { relay.busy } else { relay.idle };
                found = 0.0;
            }
            sum += (look - time).powi(power);
            count += 1.0;
            found += 1.0;
        }
        (sum, count)
    }

    #[test]
    fn the_wait_agrees_with_simulation() {
        let relay = Relay { idle: 0.1, busy: 0.03 };
        for events in [1.0, 15.0, 80.0] {
            let wait = relay.wait(events);
            assert_agrees(wait.mean * 100.0, |chance| {
                let (sum, count) = play(chance, relay, events, 1);
                (sum * 100.0, count)
            });
            assert_agrees(wait.mean_square * 1e3, |chance| {
                let (sum, count) = play(chance, relay, events, 2);
                (sum * 1e3, count)
            });
        }
    }

    #[test]
    fn rare_events_wait_for_half_of_a_period() {
        let wait = Relay { idle: 0.1, busy: 0.03 }.wait(1e-9);
        assert!((wait.mean - 0.05).abs() < 1e-9, "{wait:?}");
        let wait = Relay { idle: 0.1, busy: 0.03 }.wait(1e9);
        assert!((wait.mean - 0.015).abs() < 1e-9, "one look follows the other: {wait:?}");
    }
}
