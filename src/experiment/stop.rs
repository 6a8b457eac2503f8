//! The request to end an experiment before its time.

use tokio::sync::watch;

/// Asks an experiment to come to an end: what it has measured by then is kept.
pub struct Stop(watch::Sender<Option<String>>);

impl Stop {
    /// Nobody has asked for anything yet.
    pub fn new() -> Self {
        Self(watch::Sender::new(None))
    }

    /// Asks for the end, because of `reason`.
    pub fn ask(&self, reason: impl Into<String>) {
        self.0.send_replace(Some(reason.into()));
    }

    /// Why the end was asked for, if it was.
    pub fn reason(&self) -> Option<String> {
        self.0.borrow().clone()
    }

    /// Waits until the end is asked for.
    pub async fn asked(&self) {
        // The sender is right here: it cannot be gone.
        let _ = self.0.subscribe().wait_for(Option::is_some).await;
    }
}

impl Default for Stop {
    fn default() -> Self {
        Self::new()
    }
}
