//! What each client has seen itself: monotonic reads, and reads of one's own writes.
//!
//! A client can have several requests in flight (an open loop deals requests out to clients), so
//! only an operation that ended before a read began obliges that read. Both kinds of instants are
//! therefore replayed in the order of time behind the watermark, and one highest version per client
//! and key is enough, however the requests overlap.
//!
//! Whoever goes back behind what he has seen reads a definitely stale value, so only such reads are
//! asked about, and version 0 obliges to nothing: memory is one entry of 24 bytes per client and key
//! of which the client has seen a written version.

use std::collections::{BTreeMap, HashMap, VecDeque};

use crate::model::{ClientId, Key, Nanos, Version};

/// How an operation showed its client a version.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    Read,
    Written,
}

/// Broken guarantees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) monotonic_reads: u64,
    pub(super) own_writes: u64,
}

#[derive(Default)]
pub(super) struct Sessions {
    highest: HashMap<(Key, ClientId), Highest>,
    /// Operations that have ended, in that order, and are not yet in `highest`.
    ended: VecDeque<Ended>,
    /// Stale reads by the instant of their start, with a number that tells equal instants apart.
    stale: BTreeMap<(Nanos, u64), StaleRead>,
    asked: u64,
}

/// The highest versions that a client has read and written. Higher ones than fit are kept as the
/// highest that fits, which can only hide a violation.
#[derive(Clone, Copy, Default)]
struct Highest {
    read: u32,
    written: u32,
}

struct Ended {
    key: Key,
    client: ClientId,
    version: u32,
    shown: Shown,
    at: Nanos,
}

struct StaleRead {
    key: Key,
    client: ClientId,
    version: Version,
}

impl Sessions {
    /// A client's operation ended at `at` and showed it `version`. Called in the order of `at`.
    pub(super) fn saw(
        &mut self,
        key: Key,
        client: ClientId,
        version: Version,
        shown: Shown,
        at: Nanos,
    ) {
        if version > Version::INITIAL {
            let version = u32::try_from(version.0).unwrap_or(u32::MAX);
            self.ended.push_back(Ended { key, client, version, shown, at });
        }
    }

    /// A definitely stale read of `version` that began at `started`.
    pub(super) fn ask(&mut self, key: Key, client: ClientId, version: Version, started: Nanos) {
        self.asked += 1;
        self.stale.insert((started, self.asked), StaleRead { key, client, version });
    }

    /// Replays everything before `watermark`; nothing that is still to come lies there.
    pub(super) fn advance(&mut self, watermark: Nanos) -> Broken {
        let mut broken = Broken::default();
        while let Some((&(started, _), _)) = self.stale.first_key_value()
            && started < watermark
        {
            // An operation that ended in the very instant at which the read began obliges nothing.
            self.take_in_before(started);
            if let Some((_, read)) = self.stale.pop_first() {
                self.check(&read, &mut broken);
            }
        }
        self.take_in_before(watermark);
        broken
    }

    fn take_in_before(&mut self, instant: Nanos) {
        while let Some(ended) = self.ended.pop_front_if(|ended| ended.at < instant) {
            let highest = self.highest.entry((ended.key, ended.client)).or_default();
            let of_its_kind = match ended.shown {
                Shown::Read => &mut highest.read,
                Shown::Written => &mut highest.written,
            };
            *of_its_kind = ended.version.max(*of_its_kind);
        }
    }

    fn check(&self, read: &StaleRead, broken: &mut Broken) {
        let highest = self.highest.get(&(read.key, read.client)).copied().unwrap_or_default();
        broken.monotonic_reads += u64::from(read.version.0 < u64::from(highest.read));
        broken.own_writes += u64::from(read.version.0 < u64::from(highest.written));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Key = Key(1);
    const CLIENT: ClientId = ClientId(1);

    #[test]
    fn an_entry_is_24_bytes() {
        assert_eq!(size_of::<((Key, ClientId), Highest)>(), 24);
    }

    #[test]
    fn only_an_operation_that_ended_before_the_read_began_obliges_it() {
        for (started, broken) in [(10, 0), (11, 1)] {
            let mut sessions = Sessions::default();
            sessions.saw(KEY, CLIENT, Version(2), Shown::Read, Nanos(10));
            sessions.ask(KEY, CLIENT, Version(1), Nanos(started));
            let expected = Broken { monotonic_reads: broken, own_writes: 0 };
            assert_eq!(sessions.advance(Nanos::NEVER), expected);
        }
    }

    #[test]
    fn what_another_client_saw_obliges_nobody_else() {
        let mut sessions = Sessions::default();
        sessions.saw(KEY, ClientId(2), Version(2), Shown::Written, Nanos(10));
        sessions.ask(KEY, CLIENT, Version(1), Nanos(20));
        assert_eq!(sessions.advance(Nanos::NEVER), Broken::default());
    }

    #[test]
    fn overlapping_operations_are_replayed_in_the_order_of_time() {
        let mut sessions = Sessions::default();
        sessions.saw(KEY, CLIENT, Version(2), Shown::Written, Nanos(25));
        assert_eq!(sessions.advance(Nanos(20)), Broken::default());
        sessions.ask(KEY, CLIENT, Version(1), Nanos(26));
        sessions.ask(KEY, CLIENT, Version(1), Nanos(24));
        assert_eq!(sessions.advance(Nanos(25)), Broken::default());
        assert_eq!(sessions.advance(Nanos(27)), Broken { monotonic_reads: 0, own_writes: 1 });
    }
}
