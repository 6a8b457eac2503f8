//! What each client has seen itself: monotonic reads, and reads of one's own writes.
//!
//! A client can have several requests in flight (an open loop deals requests out to clients), so
//! only an operation that ended before a read began obliges that read. Both kinds of instants are
//! therefore replayed in the order of time behind the watermark, and one highest version per client
//! and key is enough, however the requests overlap.
//!
//! Whoever goes back behind what he has seen reads a definitely stale value, so only such reads are
//! asked about, and version 0 obliges to nothing.

use super::pairs::{Pairs, Shown};
use crate::model::{Agenda, ClientId, Nanos, Version};

/// Broken guarantees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) monotonic_reads: u64,
    pub(super) own_writes: u64,
    /// Pairs of client and key of which was forgotten what the client had seen.
    pub(super) forgotten: u64,
}

pub(super) struct Sessions {
    highest: Pairs,
    /// Stale reads, by when they started.
    stale: Agenda<StaleRead>,
    broken: Broken,
}

struct StaleRead {
    key: u32,
    client: ClientId,
    version: Version,
}

impl Sessions {
    /// Which remember at most so many pairs of client and key.
    pub(super) fn new(pairs: usize) -> Self {
        let (stale, broken) = (Agenda::default(), Broken::default());
        Self { highest: Pairs::new(pairs), stale, broken }
    }

    /// A definitely stale read of `version` that began at `started`.
    pub(super) fn ask(&mut self, key: u32, client: ClientId, version: Version, started: Nanos) {
        self.stale.put(started, StaleRead { key, client, version });
    }

    /// It will soon be told what a client saw of this key.
    pub(super) fn expect(&self, key: u32, client: ClientId) {
        self.highest.expect(key, client);
    }

    /// A client's operation that ended at `at` showed it `version`. Called in the order of `at`, when
    /// the watermark is past it.
    pub(super) fn saw(
        &mut self,
        key: u32,
        client: ClientId,
        version: Version,
        shown: Shown,
        at: Nanos,
    ) {
        // An operation that ended in the very instant at which a read began obliges nothing.
        self.answer_up_to(at);
        if version > Version::INITIAL {
            let version = u32::try_from(version.0).unwrap_or(u32::MAX);
            self.highest.show(key, client, version, shown);
        }
    }

    /// Everything that ended before `watermark` has been told; nothing is still to come from there.
    pub(super) fn advance(&mut self, watermark: Nanos) {
        if let Some(last) = watermark.0.checked_sub(1) {
            self.answer_up_to(Nanos(last));
        }
    }

    /// What was found so far.
    pub(super) const fn broken(&self) -> Broken {
        Broken { forgotten: self.highest.forgotten(), ..self.broken }
    }

    /// Answers what was asked of reads that began at `instant` or before.
    fn answer_up_to(&mut self, instant: Nanos) {
        while let Some((_, read)) = self.stale.take_due(instant) {
            let highest = self.highest.seen(read.key, read.client);
            self.broken.monotonic_reads += u64::from(read.version.0 < u64::from(highest.read));
            self.broken.own_writes += u64::from(read.version.0 < u64::from(highest.written));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: u32 = 1;
    const CLIENT: ClientId = ClientId(1);

    fn broken(sessions: &mut Sessions, watermark: u64) -> (u64, u64) {
        sessions.advance(Nanos(watermark));
        (sessions.broken().monotonic_reads, sessions.broken().own_writes)
    }

    #[test]
    fn only_an_operation_that_ended_before_the_read_began_obliges_it() {
        for (started, violations) in [(10, 0), (11, 1)] {
            let mut sessions = Sessions::new(8);
            sessions.ask(KEY, CLIENT, Version(1), Nanos(started));
            sessions.saw(KEY, CLIENT, Version(2), Shown::Read, Nanos(10));
            assert_eq!(broken(&mut sessions, 100), (violations, 0));
        }
    }

    #[test]
    fn what_another_client_saw_obliges_nobody_else() {
        let mut sessions = Sessions::new(8);
        sessions.saw(KEY, ClientId(2), Version(2), Shown::Written, Nanos(10));
        sessions.ask(KEY, CLIENT, Version(1), Nanos(20));
        assert_eq!(broken(&mut sessions, 100), (0, 0));
    }

    #[test]
    fn overlapping_operations_are_replayed_in_the_order_of_time() {
        let mut sessions = Sessions::new(8);
        sessions.ask(KEY, CLIENT, Version(1), Nanos(26));
        sessions.ask(KEY, CLIENT, Version(1), Nanos(24));
        assert_eq!(broken(&mut sessions, 25), (0, 0));
        sessions.saw(KEY, CLIENT, Version(2), Shown::Written, Nanos(25));
        assert_eq!(broken(&mut sessions, 26), (0, 0));
        assert_eq!(broken(&mut sessions, 27), (0, 1));
    }
}
