//! What the server is asked to do, and what it answers: each command is one atomic step.

use std::mem;

use bytes::Bytes;

use super::bus::{Incoming, Tracker};
use crate::backend::{Enqueued, Entry, Event, Leased, QueuedWrite, Token};
use crate::model::{Key, Nanos, Version};

/// What the script that queues a write comes to: INCR, SET, XADD.
pub const QUEUE_COMMANDS: u64 = 3;

/// One call, as it is sent. What it writes is in a box: all of them are moved about, and most are small.
pub(super) enum Command {
    Get(Key),
    GetTracked(Key, Tracker),
    Set(Key, Box<Write>),
    SetIfAbsent(Key, Box<Write>),
    SetIfNewer(Key, Box<Write>),
    CompareAndSet(Key, Box<(Bytes, Write)>),
    Delete(Key),
    DeleteIfOlder(Key, Version),
    Invalidate(Key, Box<Write>),
    Lock(Key, Box<(Token, Nanos)>),
    Unlock(Key, Box<Token>),
    LeaseGet(Key, Box<(Token, Nanos)>),
    LeaseSet(Key, Box<(Token, Write)>),
    LeaseDelete(Key),
    EnqueueWrite(Key, Box<(Entry, Option<Version>)>),
    ClaimWrites { max: usize, idle: Nanos },
    SettleWrites(Box<(Vec<QueuedWrite>, Option<Nanos>)>),
    Publish(Vec<Event>),
    SettleEvents(Vec<String>),
    Broadcast(Key),
    Subscribe,
    Track(Option<Tracker>),
}

/// An entry and its time to live.
pub(super) struct Write {
    pub entry: Entry,
    pub ttl: Option<Nanos>,
}

const _: () = assert!(size_of::<Command>() <= 32);

/// What came of a command.
// Yes and no are two of them: beside a `bool`, which one it is would be a byte, and an entry no whole words. See
// `Fault`.
pub(super) enum Reply {
    Done,
    Yes,
    No,
    Entry(Option<Entry>),
    Leased(Leased),
    Enqueued(Enqueued),
    Writes(Vec<QueuedWrite>),
    Listening(Incoming),
    Tracking(Tracker, Incoming),
}

impl Write {
    pub fn of(entry: Entry, ttl: Option<Nanos>) -> Box<Self> {
        Box::new(Self { entry, ttl })
    }
}

impl Command {
    /// How many of Redis's own commands it comes to, those inside of a script included. Each takes its
    /// time on the server's thread.
    pub fn commands(&self) -> u64 {
        match self {
            Self::SetIfNewer(..) | Self::DeleteIfOlder(..) | Self::Unlock(..) => 2,
            Self::LeaseGet(..) | Self::LeaseDelete(..) | Self::Track(_) => 2,
            Self::SettleEvents(_) => 2,
            Self::CompareAndSet(..) | Self::Invalidate(..) => 3,
            Self::EnqueueWrite(..) => QUEUE_COMMANDS,
            Self::LeaseSet(..) => 4,
            Self::SettleWrites(settled) => {
                let (writes, ttl) = &**settled;
                let each = if ttl.is_some() { 4 } else { 2 };
                1.max(each * writes.len() as u64)
            }
            Self::Publish(events) => 1.max(events.len() as u64),
            _ => 1,
        }
    }

    /// Whether it is a script, which has those commands carried out as one.
    pub const fn is_script(&self) -> bool {
        matches!(
            self,
            Self::SetIfNewer(..)
                | Self::CompareAndSet(..)
                | Self::DeleteIfOlder(..)
                | Self::Invalidate(..)
                | Self::Unlock(..)
                | Self::LeaseGet(..)
                | Self::LeaseSet(..)
                | Self::LeaseDelete(_)
                | Self::EnqueueWrite(..)
                | Self::SettleWrites(..)
        )
    }

    /// Bytes of entries that it sends.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Set(_, write)
            | Self::SetIfAbsent(_, write)
            | Self::SetIfNewer(_, write)
            | Self::Invalidate(_, write) => write.entry.len(),
            Self::CompareAndSet(_, swap) => swap.1.entry.len(),
            Self::LeaseSet(_, set) => set.1.entry.len(),
            Self::EnqueueWrite(_, write) => write.0.len(),
            _ => 0,
        }
    }

    /// Whether somebody else may be told of it.
    pub const fn is_told(&self) -> bool {
        matches!(self, Self::Publish(_) | Self::Broadcast(_))
    }
}

impl Reply {
    /// Whether something was done.
    pub const fn whether(is_done: bool) -> Self {
        if is_done { Self::Yes } else { Self::No }
    }

    /// Bytes of entries that it brings.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Entry(Some(entry)) | Self::Leased(Leased::Found(entry)) => entry.len(),
            Self::Writes(writes) => writes.iter().map(|write| write.entry.len()).sum(),
            _ => 0,
        }
    }
}

/// What a caller may want of a reply.
pub(super) trait Wanted {
    /// Takes it out: of an entry, nothing else is moved.
    fn take(reply: &mut Reply) -> Self;
}

impl Wanted for () {
    fn take(_: &mut Reply) {}
}

/// Whether something was done.
impl Wanted for bool {
    fn take(reply: &mut Reply) -> Self {
        matches!(reply, Reply::Yes)
    }
}

impl Wanted for Option<Entry> {
    #[inline(always)]
    fn take(reply: &mut Reply) -> Self {
        match reply {
            Reply::Entry(entry) => entry.take(),
            _ => None,
        }
    }
}

impl Wanted for Reply {
    fn take(reply: &mut Reply) -> Self {
        mem::replace(reply, Self::Done)
    }
}
