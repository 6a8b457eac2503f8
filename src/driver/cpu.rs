//! What of its core the load thread uses.

use crate::clock::Clock;
use crate::model::Nanos;
use crate::workload::Plan;

/// The load thread's CPU time as the measured window opens and closes.
pub struct CpuWindow {
    bounds: [Nanos; 2],
    /// When each bound was first seen to have passed, and the CPU time by then.
    read: [Option<(Nanos, Nanos)>; 2],
}

impl CpuWindow {
    pub fn new(plan: &Plan, start: Nanos) -> Self {
        let opens = start + plan.warm_up();
        Self { bounds: [opens, opens + plan.duration()], read: [None; 2] }
    }

    /// The next bound that is to be seen.
    pub fn next(&self) -> Option<Nanos> {
        let unseen = self.bounds.iter().zip(&self.read).find(|(_, read)| read.is_none());
        unseen.map(|(bound, _)| *bound)
    }

    pub fn pass(&mut self, now: Nanos, clock: &Clock) {
        for (bound, read) in self.bounds.iter().zip(&mut self.read) {
            if now >= *bound && read.is_none() {
                *read = Some((now, clock.cpu()));
            }
        }
    }

    /// The share from the opening to the closing. A thread that is overwhelmed sees both too late:
    /// where it saw less than half of the window, what it did until the end counts.
    pub fn share(&self, ended: Nanos, cpu: Nanos) -> f64 {
        let half = Nanos((self.bounds[1] - self.bounds[0]).0 / 2);
        let (opened, closed) = match self.read {
            [Some(opened), Some(closed)] if closed.0 - opened.0 >= half => (opened, closed),
            [Some(opened), _] => (opened, (ended, cpu)),
            _ => ((Nanos::ZERO, Nanos::ZERO), (ended, cpu)),
        };
        (closed.1 - opened.1).as_secs_f64() / (closed.0 - opened.0).as_secs_f64().max(1e-9)
    }
}
