//! The run's clock. Time is a parameter everywhere else: nothing outside this module asks the
//! machine what time it is, or sleeps.

mod alone;
mod simulated;
mod sleep;
mod wall;

pub use alone::{Guard, Guarded, Owner};
pub use simulated::SimClock;
pub use sleep::Sleep;
pub use wall::{WallClock, utc_now};

use crate::model::Nanos;

/// A source of time and of waiting.
pub trait Clock: Send + Sync {
    /// Now, counted from when the clock was made. Never goes backwards.
    fn now(&self) -> Nanos;

    /// The same time, counted from now on: that of one block of a run.
    fn since_now(&self) -> Box<dyn Clock>;

    /// Returns at `deadline` or as soon after it as the clock can; at once if it has passed.
    fn sleep_until(&self, deadline: Nanos) -> Sleep<'_>;

    /// CPU time that the calling thread has used so far; zero where time is virtual.
    fn cpu(&self) -> Nanos;

    /// Where time is virtual, who has it to itself.
    fn owner(&self) -> Option<&Owner> {
        None
    }

    /// Where time is virtual, has it pass until the next sleeper is woken, or to `latest` if that is
    /// earlier, and says whether it has. For an executor that was woken and has come to rest: it need not
    /// return for time to pass. Refused where somebody beside it may be able to run, and where neither will
    /// ever be.
    fn skip_ahead(&self, _latest: Nanos) -> bool {
        false
    }
}

impl dyn Clock + '_ {
    /// Waits for `span` from now.
    pub async fn sleep(&self, span: Nanos) {
        self.sleep_until(self.now() + span).await;
    }
}
