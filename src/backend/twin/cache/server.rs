//! The server's one thread, and the network to it.
//!
//! Commands arrive half a round trip after they were sent, and are carried out in the order in which they
//! arrive, each when those before it are done. Nothing has to happen at that very moment: a server that
//! nobody looks at may as well do its work later. So it is caught up with by whoever looks at it next,
//! mostly by a caller whose answer is about due; every step is made in its order, and as of its own time.
//! A call that nobody who was sent later got ahead of takes one timer that way, and others two.

mod calls;
mod connection;
mod line;
mod outage;

use std::mem;
use std::task::Waker;

use rand_chacha::ChaCha8Rng;

use self::calls::Calls;
pub(super) use self::connection::Connecting;
use self::connection::{Connection, Direction};
use self::line::Line;
pub(super) use self::outage::Trouble;
use super::command::{Command, Reply, Wanted};
use super::state::State;
use super::times::{RoundTrips, Service};
use crate::model::{CacheTimes, Fault, FaultKind, Nanos, Outcome};

/// The server as it is caught up with.
pub(super) struct Server {
    pub state: State,
    service: Service,
    round_trips: RoundTrips,
    line: Line,
    calls: Calls,
    connections: Vec<Connection>,
    /// When the thread has done all that it was given so far.
    free_at: Nanos,
    trouble: Trouble,
    /// Whether there ever was any.
    was_troubled: bool,
    /// How often all connections broke.
    breaks: u64,
    /// What varies by chance in a bad network, in each direction: answers are sent when somebody looks,
    /// and must not change what is drawn for calls.
    jitter: [ChaCha8Rng; 2],
}

/// A call under way.
#[derive(Default)]
struct Call {
    stage: Stage,
    connection: usize,
    /// How long it keeps the server's thread.
    service: Nanos,
    /// The way of the answer.
    way_back: Nanos,
    /// The answer cannot be there before this, as far as was known when it was sent.
    not_before: Nanos,
    /// Nobody waits for the answer any more. It is carried out all the same.
    is_given_up: bool,
    /// Of its caller, who looks again when something has happened to it.
    waker: Option<Waker>,
}

#[derive(Default)]
enum Stage {
    Sent {
        arrives: Nanos,
        command: Command,
    },
    Answered {
        served: Nanos,
        arrives: Nanos,
        outcome: Outcome<Reply>,
    },
    /// Its connection broke.
    Lost,
    /// Nobody waits for it, nor does it wait for anything.
    #[default]
    Over,
}

/// When a caller is to look for its answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// It cannot be there before this.
    NotBefore(Nanos),
    /// Nobody can say when.
    Unknown,
}

impl Look {
    /// When to look again; at `latest` in any case.
    pub fn before(self, latest: Nanos) -> Nanos {
        match self {
            Self::NotBefore(instant) => instant.min(latest),
            Self::Unknown => latest,
        }
    }
}

/// What becomes of a command at first.
pub(super) enum Asked {
    /// It was carried out, and nothing takes any time.
    AtOnce(Outcome<Reply>),
    /// It was sent, and this is what there is to know of it.
    Sent(usize, Look),
    /// The connection is to be made first.
    Unconnected(Command),
}

const UNAVAILABLE: Fault = Fault::cache(FaultKind::Unavailable);

impl Call {
    const fn is_under_way(&self) -> bool {
        !matches!(self.stage, Stage::Over)
    }
}

impl Server {
    pub fn new(state: State, times: &CacheTimes, seed: u64) -> Self {
        Self {
            state,
            service: Service::new(times),
            round_trips: RoundTrips::new(times.round_trip, seed),
            line: Line::default(),
            calls: Calls::default(),
            connections: Vec::new(),
            free_at: Nanos::ZERO,
            trouble: Trouble::None,
            was_troubled: false,
            breaks: 0,
            jitter: outage::jitter(),
        }
    }

    /// Whether calls are answered at once, without any of what follows.
    pub fn is_instant(&self) -> bool {
        !self.was_troubled && self.service == Service::NONE && self.round_trips.is_instant()
    }

    pub fn round_trips(&self) -> &RoundTrips {
        &self.round_trips
    }

    pub fn draw(&mut self) -> Nanos {
        self.round_trips.draw()
    }

    pub const fn breaks(&self) -> u64 {
        self.breaks
    }

    /// Sends a command over a connection, if that is up. Its caller waits in `waker`, as in
    /// [`look_for`](Self::look_for).
    pub fn ask(&mut self, command: Command, connection: usize, now: Nanos, waker: &Waker) -> Asked {
        if self.is_instant() {
            return Asked::AtOnce(self.state.execute(command, now));
        }
        if !self.is_up(connection) {
            return Asked::Unconnected(command);
        }
        let number = self.send(command, connection, now);
        self.calls[number].waker = Some(waker.clone());
        Asked::Sent(number, self.look(&self.calls[number], now).expect("it has just been sent"))
    }

    /// Sends a command over a connection that is up. What has come about by `now` is done.
    pub fn send(&mut self, command: Command, connection: usize, now: Nanos) -> usize {
        let round_trip = self.round_trips.draw();
        let there = Nanos(round_trip.0 / 2);
        let (slow, sending) = self.slow(Direction::There, command.bytes());
        if let Command::Get(key) = command {
            self.state.entries.expect(key);
        }
        let (service, way_back) = (self.service.of(&command), round_trip - there);
        let arrives = self.connections[connection].carry(now, sending, there + slow);
        self.advance(now);
        let number = self.calls.begin();
        let served = self.line.join(number, arrives, service, self.free_at);
        let link = &mut self.connections[connection];
        link.calls += 1;
        let call = &mut self.calls[number];
        call.stage = Stage::Sent { arrives, command };
        call.connection = connection;
        call.service = service;
        call.way_back = way_back;
        call.not_before = link.not_before(served + way_back);
        call.is_given_up = false;
        call.waker = None;
        number
    }

    /// Does all that has come about by `now`.
    pub fn advance(&mut self, now: Nanos) {
        if self.trouble.is_silent() {
            return;
        }
        while let Some((arrives, call)) = self.line.take_due(now) {
            self.serve(call, arrives);
        }
        self.state.entries.run_cycles(now);
    }

    fn serve(&mut self, number: usize, arrived: Nanos) {
        let call = &mut self.calls[number];
        let Stage::Sent { command, .. } = mem::replace(&mut call.stage, Stage::Lost) else {
            return;
        };
        let Call { connection, service, way_back, is_given_up, .. } = *call;
        let starts = arrived.max(self.free_at);
        let served = starts + service;
        self.free_at = served;
        let outcome = self.state.execute(command, served);
        let (slow, sending) = self.slow(Direction::Back, outcome.as_ref().map_or(0, Reply::bytes));
        let arrives = self.connections[connection].bring(served, sending, way_back + slow);
        let call = &mut self.calls[number];
        debug_assert!(call.not_before <= arrives, "its caller comes too late");
        call.stage = Stage::Answered { served, arrives, outcome };
        if is_given_up {
            self.end(number);
        }
    }

    /// Looks for the answer to a call. `None` if it is there by `now`, to be [taken](Self::take); else when to
    /// look again, and `waker` is woken when something happens that its caller cannot know of.
    pub fn look_for(&mut self, number: usize, now: Nanos, waker: &Waker) -> Option<Look> {
        self.advance(now);
        let look = self.look(&self.calls[number], now)?;
        match &mut self.calls[number].waker {
            Some(known) => known.clone_from(waker),
            known => *known = Some(waker.clone()),
        }
        Some(look)
    }

    /// Takes what is wanted of the answer to a call, which is over then.
    #[inline(always)]
    pub fn take<T: Wanted>(&mut self, number: usize) -> Outcome<T> {
        let outcome = match &mut self.calls[number].stage {
            Stage::Answered { outcome: Ok(reply), .. } => Ok(T::take(reply)),
            Stage::Answered { outcome: Err(fault), .. } => Err(*fault),
            Stage::Sent { .. } | Stage::Lost | Stage::Over => Err(UNAVAILABLE),
        };
        self.end(number);
        outcome
    }

    /// When the caller is to look for its answer; `None` if all is over.
    fn look(&self, call: &Call, now: Nanos) -> Option<Look> {
        match &call.stage {
            Stage::Sent { .. } if self.trouble.is_silent() => Some(Look::Unknown),
            // Others wait to be told of it, which is not to be late.
            Stage::Sent { arrives, command }
                if command.is_told() || self.state.entries.is_tracked() =>
            {
                Some(Look::NotBefore(*arrives))
            }
            Stage::Sent { .. } => Some(Look::NotBefore(call.not_before)),
            Stage::Answered { served, arrives, .. } if self.trouble.holds(*served, *arrives) => {
                Some(Look::Unknown)
            }
            Stage::Answered { arrives, .. } => {
                (*arrives > now).then_some(Look::NotBefore(*arrives))
            }
            Stage::Lost | Stage::Over => None,
        }
    }

    /// Nobody waits for the answer any more. What was sent is carried out all the same.
    pub fn give_up(&mut self, number: usize) {
        match self.calls[number].stage {
            Stage::Sent { .. } => {
                self.calls[number].is_given_up = true;
                self.calls[number].waker = None;
            }
            Stage::Answered { .. } | Stage::Lost | Stage::Over => self.end(number),
        }
    }

    fn end(&mut self, number: usize) {
        let call = &self.calls[number];
        // A connection that broke has forgotten its calls.
        if !matches!(call.stage, Stage::Lost) {
            let connection = &mut self.connections[call.connection];
            connection.calls = connection.calls.saturating_sub(1);
        }
        self.calls.end(number);
    }

    /// When somebody may have to be told of what no call brings about.
    pub fn next_notice(&mut self) -> Option<Nanos> {
        let is_watched = self.state.entries.tracking().is_owed();
        let entries = &self.state.entries;
        (is_watched && entries.expiring > 0).then(|| entries.next_cycle())
    }

    /// The connections of a node, which are up.
    pub fn connect(&mut self, count: usize) -> std::ops::Range<usize> {
        let first = self.connections.len();
        self.connections.resize_with(first + count, Connection::default);
        first..first + count
    }
}
