//! The request to end: what was measured by then is kept, and servers of others are left as they were.

use std::io;
use std::pin::pin;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Interrupted;
use crate::experiment::{Environment, Error, Stop};
use crate::model::Nanos;

/// How long a run that was asked to end may take for it.
const PATIENCE: Nanos = Nanos::from_secs(15);

/// The signals that ask the tool to end. From here on they do not end it by themselves.
pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hang_up: Signal,
}

impl Signals {
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for one of them.
    pub async fn next(&mut self) -> Interrupted {
        tokio::select! {
            _ = self.interrupt.recv() => Interrupted::ByUser,
            _ = self.terminate.recv() => Interrupted::BySystem,
            _ = self.hang_up.recv() => Interrupted::BySystem,
        }
    }
}

/// Waits for `running`, or asks it by `stop` to end where a signal asks for that.
///
/// # Errors
/// What ended it before its time: an error of its own, or the signal.
pub async fn or_interrupted(
    running: impl Future<Output = Result<(), Error>>,
    stop: &Stop,
    environment: &Environment,
    signals: &mut Signals,
) -> anyhow::Result<()> {
    let mut running = pin!(running);
    let interrupted = tokio::select! {
        ended = &mut running => return Ok(ended?),
        interrupted = signals.next() => interrupted,
    };
    stop.ask(interrupted.to_string());
    let given_up = tokio::select! {
        ended = &mut running => { ended?; false }
        () = environment.clock().sleep(PATIENCE) => true,
        _ = signals.next() => true,
    };
    if given_up {
        // What is the run's own goes with the environment; a server of others keeps what it has.
        environment.clear().await.context("something of the run is left in a server")?;
    }
    Err(interrupted.into())
}
