//! The run's clock. Time is a parameter everywhere else: nothing outside this module asks the
//! machine what time it is, or sleeps.

mod simulated;
mod wall;

pub use simulated::SimClock;
pub use wall::{WallClock, thread_cpu, utc_now};

use async_trait::async_trait;

use crate::model::Nanos;

/// A source of time and of waiting.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, counted from when the clock was made. Never goes backwards.
    fn now(&self) -> Nanos;

    /// Returns at `deadline` or as soon after it as the clock can; at once if it has passed.
    async fn sleep_until(&self, deadline: Nanos);
}

impl dyn Clock + '_ {
    /// Waits for `span` from now.
    pub async fn sleep(&self, span: Nanos) {
        self.sleep_until(self.now() + span).await;
    }
}
