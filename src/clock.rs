//! The run's clock. Time is a parameter everywhere else: nothing outside this module asks the
//! machine what time it is, or sleeps.

mod alone;
mod simulated;
mod sleep;
mod wall;

pub use alone::{Guard, Guarded, Owner};
pub use simulated::SimClock;
pub use sleep::Sleep;
pub use wall::utc_now;

use self::simulated::SimTime;
use self::wall::WallTime;
use crate::model::Nanos;

/// A source of time and of waiting. A clone of it tells the same time.
// Of a known kind, and not anything that tells a time: under virtual time it is looked at a dozen times a
// request, and to call whoever it is would take longer than to look.
#[derive(Clone)]
pub struct Clock(Kind);

#[derive(Clone)]
enum Kind {
    Wall(WallTime),
    Simulated(SimTime),
}

impl Clock {
    /// The monotonic time of the machine, counted from now on.
    pub fn wall() -> Self {
        Self(Kind::Wall(WallTime::new()))
    }

    /// Now, counted from when the clock was made. Never goes backwards.
    pub fn now(&self) -> Nanos {
        match &self.0 {
            Kind::Wall(time) => time.now(),
            Kind::Simulated(time) => time.now(),
        }
    }

    /// The same time, counted from now on: that of one block of a run.
    pub fn since_now(&self) -> Self {
        Self(match &self.0 {
            Kind::Wall(time) => Kind::Wall(time.since_now()),
            Kind::Simulated(time) => Kind::Simulated(time.since_now()),
        })
    }

    /// Returns at `deadline` or as soon after it as the clock can; at once if it has passed.
    pub fn sleep_until(&self, deadline: Nanos) -> Sleep<'_> {
        match &self.0 {
            Kind::Wall(time) => Sleep::of(time.sleep_until(deadline)),
            Kind::Simulated(time) => Sleep::simulated(time.sleep_until(deadline)),
        }
    }

    /// Waits for `span` from now.
    pub fn sleep(&self, span: Nanos) -> Sleep<'_> {
        self.sleep_until(self.now() + span)
    }

    /// CPU time that the calling thread has used so far; zero where time is virtual.
    pub fn cpu(&self) -> Nanos {
        match &self.0 {
            Kind::Wall(_) => wall::cpu(),
            Kind::Simulated(_) => Nanos::ZERO,
        }
    }

    /// Where time is virtual, who has it to itself.
    pub fn owner(&self) -> Option<&Owner> {
        match &self.0 {
            Kind::Wall(_) => None,
            Kind::Simulated(time) => Some(time.owner()),
        }
    }

    /// Where time is virtual, has it pass until the next sleeper is woken, or to `latest` if that is
    /// earlier, and says whether it has. For an executor that was woken and has come to rest: it need not
    /// return for time to pass. Refused where somebody beside it may be able to run, and where neither will
    /// ever be.
    pub fn skip_ahead(&self, latest: Nanos) -> bool {
        match &self.0 {
            Kind::Wall(_) => false,
            Kind::Simulated(time) => time.skip_ahead(latest),
        }
    }
}
