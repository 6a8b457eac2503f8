//! One call, as the node that makes it sees it.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

use futures_util::future::select;

use super::Shared;
use super::command::{Command, Reply};
use super::server::{Asked, Connecting, Look};
use crate::backend::Delivery;
use crate::model::{Fault, FaultKind, Nanos, Outcome};

/// The least time that making a connection gets.
const CONNECT_TIMEOUT_MIN: Nanos = Nanos::from_millis(100);
/// There and back for the connection itself, and once more for the greeting.
const CONNECT_ROUND_TRIPS: u32 = 2;

const UNAVAILABLE: Fault = Fault::cache(FaultKind::Unavailable);
const TIMEOUT: Fault = Fault::cache(FaultKind::Timeout);

/// A call that was sent. Dropped, it is given up.
struct Sent<'a> {
    shared: &'a Shared,
    call: usize,
    connection: usize,
    is_exclusive: bool,
    is_over: bool,
}

/// A connection that is being made. Dropped, it is left to somebody else.
struct Attempt<'a> {
    shared: &'a Shared,
    connection: usize,
    is_over: bool,
}

impl Shared {
    /// Makes a call over a connection, which is made anew if it must be.
    pub async fn call(
        &self,
        connection: usize,
        is_exclusive: bool,
        command: Command,
    ) -> Outcome<Reply> {
        let now = self.now();
        let deadline = now + self.timeout;
        let asked = self.server().ask(command, connection, now);
        let (call, look) = match asked {
            Asked::AtOnce(outcome) => return outcome,
            Asked::Sent(call, look) => (call, look),
            Asked::Unconnected(command) => {
                // In a box, for it is rare, and every call's future would have to have room for it.
                Box::pin(self.connected(connection, deadline)).await?;
                let now = self.now();
                self.server().sent(command, connection, now)
            }
        };
        let sent = Sent { shared: self, call, connection, is_exclusive, is_over: false };
        sent.answer(look, deadline).await
    }

    /// Waits up to `wait` for events, on a connection of its own.
    pub async fn await_events(
        &self,
        connection: usize,
        max: usize,
        wait: Nanos,
        idle: Nanos,
    ) -> Outcome<Vec<Delivery>> {
        let deadline = self.now() + wait + self.timeout;
        self.connected(connection, deadline).await?;
        let (breaks, round_trip) = {
            let mut server = self.server();
            (server.breaks(), server.draw() + server.slowness() + server.slowness())
        };
        let there = Nanos(round_trip.0 / 2);
        self.travel(there, breaks).await?;
        let claimed = self.block(breaks, max, wait, idle, deadline).await?;
        self.travel(round_trip - there, breaks).await?;
        Ok(claimed)
    }

    /// What the server does with a call that may wait.
    async fn block(
        &self,
        breaks: u64,
        max: usize,
        wait: Nanos,
        idle: Nanos,
        deadline: Nanos,
    ) -> Outcome<Vec<Delivery>> {
        let until = self.now() + wait;
        loop {
            // From here on it hears of what is published, so nothing comes unheard after the look.
            let (published, changed) = (pin!(self.published.notified()), self.changed.notified());
            let now = self.now();
            let next = {
                let mut server = self.server();
                server.advance(now);
                if server.breaks() != breaks {
                    return Err(UNAVAILABLE);
                }
                if server.is_listening().is_some() {
                    let claimed = server.state.claim_events(max, idle, now);
                    if !claimed.is_empty() || now >= until {
                        return Ok(claimed);
                    }
                    server.state.events.next_idle(idle).map_or(until, |next| next.min(until))
                } else if now >= deadline {
                    return Err(TIMEOUT);
                } else {
                    deadline
                }
            };
            let changed = pin!(changed);
            select(published, select(changed, self.clock.sleep_until(next))).await;
        }
    }

    /// Waits for what is on its way, unless the connection breaks.
    async fn travel(&self, span: Nanos, breaks: u64) -> Outcome<()> {
        let until = self.now() + span;
        while self.now() < until {
            self.changed(until).await;
            if self.server().breaks() != breaks {
                return Err(UNAVAILABLE);
            }
        }
        Ok(())
    }

    /// Returns when the connection is up.
    pub async fn connected(&self, connection: usize, deadline: Nanos) -> Outcome<()> {
        let give_up = self.now() + deadline.since(self.now()).max(CONNECT_TIMEOUT_MIN);
        loop {
            let begun = self.server().begin(connection, self.now());
            match begun {
                Connecting::IsUp => return Ok(()),
                Connecting::Fails => return Err(UNAVAILABLE),
                Connecting::IsWaitedFor if self.now() >= give_up => return Err(UNAVAILABLE),
                Connecting::IsWaitedFor => self.changed(give_up).await,
                Connecting::IsDue => break,
            }
        }
        let mut attempt = Attempt { shared: self, connection, is_over: false };
        let has_connected = self.connect(give_up).await;
        attempt.is_over = true;
        if has_connected {
            self.server().connected(connection);
        } else {
            self.server().not_connected(connection, self.now());
        }
        self.changed.notify_waiters();
        if has_connected && self.now() < deadline { Ok(()) } else { Err(UNAVAILABLE) }
    }

    async fn connect(&self, give_up: Nanos) -> bool {
        for _ in 0..CONNECT_ROUND_TRIPS {
            let span = {
                let mut server = self.server();
                server.draw() + server.slowness() + server.slowness()
            };
            if span > Nanos::ZERO {
                self.clock.sleep(span).await;
            }
            loop {
                match self.server().is_listening() {
                    Some(true) => break,
                    Some(false) => return false,
                    None if self.now() >= give_up => return false,
                    None => {}
                }
                self.changed(give_up).await;
            }
        }
        true
    }

    /// Returns when something has happened to the server or to a connection, or at `until`.
    async fn changed(&self, until: Nanos) {
        select(pin!(self.changed.notified()), self.clock.sleep_until(until)).await;
    }

    /// Returns when what would have arrived at `due` can have arrived.
    pub async fn in_reach(&self, due: Nanos) {
        loop {
            let changed = self.changed.notified();
            if !self.server().holds_back(due) {
                return;
            }
            changed.await;
        }
    }
}

impl Sent<'_> {
    /// The answer, unless it takes until `deadline`. `look` is what was found just now.
    async fn answer(mut self, mut look: Look, deadline: Nanos) -> Outcome<Reply> {
        loop {
            let until = match look {
                Look::Over(outcome) => {
                    self.is_over = true;
                    return outcome;
                }
                Look::NotBefore(instant) => instant.min(deadline),
                Look::Unknown => deadline,
            };
            if self.shared.now() >= deadline {
                return Err(TIMEOUT);
            }
            self.changed(until).await;
            let now = self.shared.now();
            look = self.shared.server().look(self.call, now);
        }
    }

    /// Returns when something has happened to the call, or at `until`.
    async fn changed(&self, until: Nanos) {
        let mut sleep = pin!(self.shared.clock.sleep_until(until));
        poll_fn(|context| {
            if sleep.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            match self.shared.server().has_changed(self.call, context.waker()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        })
        .await;
    }
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut server = self.shared.server();
        server.give_up(self.call);
        // The next call would get the answer to this one.
        if self.is_exclusive {
            server.close(self.connection);
        }
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.shared.server().close(self.connection);
            self.shared.changed.notify_waiters();
        }
    }
}
