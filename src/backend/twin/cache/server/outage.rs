//! A server that cannot be used as it should be.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::connection::{Connection, Direction};
use super::{Server, Stage};
use crate::model::{Nanos, Toxics};

/// What varies by chance is drawn from this, for each direction by itself. It is no part of a plan: any
/// number serves, as long as it is the same in every run.
const JITTER_SEEDS: [u64; 2] = [0, 1];

/// What is wrong with the server, or with the network to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Trouble {
    #[default]
    None,
    /// Its process is gone, and nobody listens.
    Killed,
    /// Its process has stood still since then. What is sent to it waits.
    Paused(Nanos),
    /// Nothing has got through since then, in either direction. What is sent waits.
    Unreachable(Nanos),
    /// Everything takes longer.
    Slow(Toxics),
}

pub(super) fn jitter() -> [ChaCha8Rng; 2] {
    JITTER_SEEDS.map(ChaCha8Rng::seed_from_u64)
}

impl Trouble {
    /// Whether nothing is carried out.
    pub const fn is_silent(self) -> bool {
        matches!(self, Self::Paused(_) | Self::Unreachable(_) | Self::Killed)
    }

    /// Whether an answer that would be there at `arrives` is held back. What the server was busy with
    /// until `served` it may not have finished.
    pub fn holds(self, served: Nanos, arrives: Nanos) -> bool {
        match self {
            Self::Paused(since) => served > since,
            Self::Unreachable(since) => arrives > since,
            Self::None | Self::Killed | Self::Slow(_) => false,
        }
    }
}

impl Server {
    /// From now on the server is in `trouble`, and was not before.
    pub fn begin_trouble(&mut self, trouble: Trouble, now: Nanos) {
        self.advance(now);
        self.trouble = trouble;
        self.was_troubled = true;
    }

    /// From now on all is well. What was held back goes on its way.
    pub fn end_trouble(&mut self, now: Nanos) {
        match std::mem::take(&mut self.trouble) {
            Trouble::Paused(since) => self.resume(since, now),
            Trouble::Unreachable(since) => self.reach(since, now),
            Trouble::Killed => self.free_at = now,
            Trouble::None | Trouble::Slow(_) => {}
        }
        self.wake_all();
    }

    /// The thread goes on where it was, so much later.
    fn resume(&mut self, since: Nanos, now: Nanos) {
        let span = now - since;
        for call in self.calls.iter_mut() {
            if let Stage::Answered { served, arrives, .. } = &mut call.stage
                && *served > since
            {
                *served += span;
                *arrives += span;
            }
        }
        self.free_at = now.max(self.free_at + span);
        self.state.entries.skip_cycles(now);
    }

    /// All that was on its way arrives at once.
    fn reach(&mut self, since: Nanos, now: Nanos) {
        for call in self.calls.iter_mut() {
            if let Stage::Answered { arrives, .. } = &mut call.stage
                && *arrives > since
            {
                *arrives = now.max(*arrives);
            }
        }
        self.free_at = now.max(self.free_at);
        self.state.entries.run_cycles(now);
    }

    /// Breaks every connection. What was on its way is lost, and so are answers that had not arrived.
    pub fn break_connections(&mut self, now: Nanos) {
        self.advance(now);
        self.was_troubled = true;
        self.breaks += 1;
        self.line.clear();
        self.calls.retain(|call| !call.is_given_up);
        for call in self.calls.iter_mut() {
            let is_there = matches!(call.stage, Stage::Answered { arrives, .. } if arrives <= now);
            if !is_there {
                call.stage = Stage::Lost;
            }
        }
        self.connections.iter_mut().for_each(Connection::break_off);
        self.state.disconnect();
        self.wake_all();
    }

    fn wake_all(&mut self) {
        for call in self.calls.iter_mut() {
            if let Some(waker) = call.waker.take() {
                waker.wake();
            }
        }
    }

    /// What a bad network adds to so many bytes: to their way, and to the time that they take up.
    #[inline]
    pub(super) fn slow(&mut self, direction: Direction, bytes: usize) -> (Nanos, Nanos) {
        match self.trouble {
            Trouble::Slow(toxics) => self.slow_by(toxics, direction, bytes),
            _ => (Nanos::ZERO, Nanos::ZERO),
        }
    }

    fn slow_by(&mut self, toxics: Toxics, direction: Direction, bytes: usize) -> (Nanos, Nanos) {
        let jitter = toxics.jitter.nanos().0;
        let varied = self.jitter[direction as usize].random_range(0..=2 * jitter);
        let latency = (toxics.latency.nanos().0 + varied).saturating_sub(jitter);
        let sending = toxics.bandwidth.map_or(0.0, |rate| bytes as f64 * 1e9 / rate.0 as f64);
        (Nanos(latency), Nanos(sending as u64))
    }

    /// What a bad network adds to the way of a notice.
    pub fn slowness(&mut self) -> Nanos {
        self.slow(Direction::There, 0).0
    }

    /// Whether what would arrive at `due` is held back.
    pub fn holds_back(&self, due: Nanos) -> bool {
        matches!(self.trouble, Trouble::Unreachable(since) if due > since)
    }
}
