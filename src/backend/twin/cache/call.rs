//! One call, as the node that makes it sees it.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, select};

use super::command::{Command, Wanted};
use super::links::Turn;
use super::server::{Asked, Connecting, Look};
use super::{Shared, TwinCache};
use crate::backend::Delivery;
use crate::clock::Sleep;
use crate::model::{Fault, FaultKind, Nanos, Outcome};

/// The least time that making a connection gets.
const CONNECT_TIMEOUT_MIN: Nanos = Nanos::from_millis(100);
/// There and back for the connection itself, and once more for the greeting.
const CONNECT_ROUND_TRIPS: u32 = 2;

const UNAVAILABLE: Fault = Fault::cache(FaultKind::Unavailable);
const TIMEOUT: Fault = Fault::cache(FaultKind::Timeout);

/// A call, as a future of what is wanted of its answer. It is what simulated requests wait for, and written by
/// hand: each is polled twice, and a chain of `async` functions would move the command through all of them.
pub struct CacheCall<'a, T> {
    shared: &'a Shared,
    stage: Stage<'a, T>,
}

enum Stage<'a, T> {
    /// `None` once it has begun.
    Begins(Option<(Command, Turn<'a>)>),
    Sent(Sent<'a>),
    /// There is no idle connection, or it is to be made.
    Waits(BoxFuture<'a, Outcome<T>>),
}

/// A call that was sent. Dropped before it has been answered, it is given up.
struct Sent<'a> {
    shared: &'a Shared,
    call: usize,
    deadline: Nanos,
    /// Until it is to be looked for.
    sleep: Sleep<'a>,
    turn: Turn<'a>,
    is_over: bool,
}

/// A connection that is being made. Dropped, it is left to somebody else.
struct Attempt<'a> {
    shared: &'a Shared,
    connection: usize,
    is_over: bool,
}

impl TwinCache {
    /// Makes a call over one of the node's connections. There may be no answer until the timeout.
    pub(super) fn call<T: Wanted>(&self, command: Command) -> CacheCall<'_, T> {
        let shared = &*self.shared;
        match self.links.turn() {
            Ok(turn) => CacheCall { shared, stage: Stage::Begins(Some((command, turn))) },
            Err(pool) => {
                let answer = async move {
                    let turn = pool.turn(&shared.clock).await;
                    CacheCall { shared, stage: Stage::Begins(Some((command, turn))) }.await
                };
                CacheCall { shared, stage: Stage::Waits(Box::pin(answer)) }
            }
        }
    }
}

impl Shared {
    /// Makes a call over a connection that is beside those of a node, and is made anew if it must be.
    pub fn call<T>(&self, connection: usize, command: Command) -> CacheCall<'_, T> {
        CacheCall { shared: self, stage: Stage::Begins(Some((command, Turn::at(connection)))) }
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

impl<'a, T> Stage<'a, T> {
    /// The call is sent.
    #[inline(always)]
    fn send(&mut self, sent: Sent<'a>) -> &mut Sent<'a> {
        *self = Self::Sent(sent);
        match self {
            Self::Sent(sent) => sent,
            _ => unreachable!("it has just been sent"),
        }
    }
}

impl<'a, T> CacheCall<'a, T> {
    /// Sends the command, over a connection that is made first if it must be.
    // By itself: nothing comes back from it yet.
    #[inline(never)]
    fn begin(
        &mut self,
        command: Command,
        turn: Turn<'a>,
        context: &mut Context<'_>,
    ) -> Poll<Outcome<T>>
    where
        T: Wanted,
    {
        let (shared, now) = (self.shared, self.shared.now());
        let deadline = now + shared.timeout;
        let asked = shared.server().ask(command, turn.connection, now, context.waker());
        match asked {
            Asked::AtOnce(outcome) => Poll::Ready(outcome.map(|mut reply| T::take(&mut reply))),
            Asked::Sent(call, look) => {
                let sent = self.stage.send(Sent::new(shared, call, turn, look, deadline));
                ready!(sent.sleep.poll_unpin(context));
                sent.poll(context)
            }
            Asked::Unconnected(command) => {
                self.stage = Stage::Waits(Box::pin(async move {
                    shared.connected(turn.connection, deadline).await?;
                    let now = shared.now();
                    let call = shared.server().send(command, turn.connection, now);
                    let mut sent = Sent::new(shared, call, turn, Look::Unknown, deadline);
                    poll_fn(|context| sent.poll(context)).await
                }));
                self.poll_unpin(context)
            }
        }
    }
}

impl<T: Wanted> Future for CacheCall<'_, T> {
    type Output = Outcome<T>;

    // In place: see `Asking`.
    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        match &mut self.stage {
            Stage::Sent(sent) => sent.poll(context),
            Stage::Waits(answer) => answer.poll_unpin(context),
            Stage::Begins(begins) => {
                let (command, turn) = begins.take().expect("it has not been answered");
                self.begin(command, turn, context)
            }
        }
    }
}

impl<'a> Sent<'a> {
    #[inline(always)]
    fn new(shared: &'a Shared, call: usize, turn: Turn<'a>, look: Look, deadline: Nanos) -> Self {
        let sleep = shared.clock.sleep_until(look.before(deadline));
        Self { shared, call, deadline, sleep, turn, is_over: false }
    }

    /// Waits by what was found, until it is to be looked for again.
    fn wait(&mut self, look: Look, now: Nanos, context: &mut Context<'_>) -> Poll<Outcome<()>> {
        if now >= self.deadline {
            return Poll::Ready(Err(TIMEOUT));
        }
        self.sleep = self.shared.clock.sleep_until(look.before(self.deadline));
        self.sleep.poll_unpin(context).map(Ok)
    }

    #[inline(always)]
    fn poll<T: Wanted>(&mut self, context: &mut Context<'_>) -> Poll<Outcome<T>> {
        loop {
            let now = self.shared.now();
            let mut server = self.shared.server();
            let Some(look) = server.look_for(self.call, now, context.waker()) else {
                self.is_over = true;
                return Poll::Ready(server.take(self.call));
            };
            drop(server);
            ready!(self.wait(look, now, context))?;
        }
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
        if self.turn.is_exclusive() {
            server.close(self.turn.connection);
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
