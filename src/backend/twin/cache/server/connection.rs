//! Connections to the server, and what becomes of them.

use super::{Server, Trouble};
use crate::model::Nanos;

/// A link to a dead server tries to reach it at most this often; calls in between fail at once.
const RETRY_PAUSE: Nanos = Nanos::from_millis(50);

/// From a node to the server, or from there to it.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    There,
    Back,
}

/// One connection of a node. Nothing overtakes anything on it.
#[derive(Default)]
pub(super) struct Connection {
    pub link: Link,
    /// Calls under way, those given up included.
    pub calls: usize,
    /// Until when what was sent so far takes up its bandwidth, in each direction.
    sending: [Nanos; 2],
    /// When the last of what was sent so far arrives, in each direction.
    arrived: [Nanos; 2],
    /// Before this no answer comes to what was sent last, as far as anybody knows.
    answered: Nanos,
}

/// How a connection is.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Link {
    #[default]
    Up,
    /// It broke, and nobody has noticed: the next call does, and fails.
    Broken,
    /// Somebody makes it anew.
    Connecting,
    /// It is to be made anew, from then on.
    Down(Nanos),
}

/// What a call finds of its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connecting {
    IsUp,
    /// The call fails at once.
    Fails,
    /// Somebody else is at it.
    IsWaitedFor,
    /// It is this call's to make.
    IsDue,
}

impl Connection {
    /// When what is sent `now` arrives at the server.
    pub fn carry(&mut self, now: Nanos, sending: Nanos, way: Nanos) -> Nanos {
        self.pass(Direction::There, now, sending, way)
    }

    /// When what the server sends `now` arrives.
    pub fn bring(&mut self, now: Nanos, sending: Nanos, way: Nanos) -> Nanos {
        self.pass(Direction::Back, now, sending, way)
    }

    /// When the answer to what was sent last can be there, which by itself could be at `answered`: not
    /// before the answers to all that was sent earlier.
    pub fn not_before(&mut self, answered: Nanos) -> Nanos {
        self.answered = self.answered.max(answered).max(self.arrived[Direction::Back as usize]);
        self.answered
    }

    fn pass(&mut self, direction: Direction, now: Nanos, sending: Nanos, way: Nanos) -> Nanos {
        let direction = direction as usize;
        let sent = now.max(self.sending[direction]) + sending;
        self.sending[direction] = sent;
        let arrives = self.arrived[direction].max(sent + way);
        self.arrived[direction] = arrives;
        arrives
    }

    /// It broke. Calls that were under way notice, and if there were none, the next one does.
    pub fn break_off(&mut self) {
        self.link = match self.link {
            Link::Up if self.calls == 0 => Link::Broken,
            Link::Up => Link::Down(Nanos::ZERO),
            other => other,
        };
        (self.calls, self.sending, self.arrived) = (0, [Nanos::ZERO; 2], [Nanos::ZERO; 2]);
        self.answered = Nanos::ZERO;
    }
}

impl Server {
    /// Looks at a connection for a call that is about to use it.
    pub fn begin(&mut self, connection: usize, now: Nanos) -> Connecting {
        let connection = &mut self.connections[connection];
        match connection.link {
            Link::Up => Connecting::IsUp,
            Link::Broken => {
                connection.link = Link::Down(Nanos::ZERO);
                Connecting::Fails
            }
            Link::Down(retry_at) if now < retry_at => Connecting::Fails,
            Link::Down(_) => {
                connection.link = Link::Connecting;
                Connecting::IsDue
            }
            Link::Connecting => Connecting::IsWaitedFor,
        }
    }

    pub fn is_up(&self, connection: usize) -> bool {
        self.connections[connection].link == Link::Up
    }

    /// Whether somebody is there to connect to; `None` where nobody says.
    pub fn is_listening(&self) -> Option<bool> {
        match self.trouble {
            Trouble::Killed => Some(false),
            Trouble::Paused(_) | Trouble::Unreachable(_) => None,
            Trouble::None | Trouble::Slow(_) => Some(true),
        }
    }

    /// The connection has been made.
    pub fn connected(&mut self, connection: usize) {
        self.connections[connection].link = Link::Up;
    }

    /// The connection could not be made: nobody tries again for a while.
    pub fn not_connected(&mut self, connection: usize, now: Nanos) {
        self.connections[connection].link = Link::Down(now + RETRY_PAUSE);
    }

    /// Closes the connection, or gives up making it: the next call makes it anew.
    pub fn close(&mut self, connection: usize) {
        self.connections[connection].link = Link::Down(Nanos::ZERO);
    }
}
