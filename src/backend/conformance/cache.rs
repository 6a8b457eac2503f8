//! What every cache must do: the promises of [`Cache`] and [`CacheHost`], one by one.

mod breakages;
mod bus;
mod claims;
mod entries;
mod events;
mod guarded;
mod host;
mod queue;

use std::fmt::Debug;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use futures_util::future::BoxFuture;

use crate::backend::{Cache, CacheHost, Entry, Error};
use crate::clock::Clock;
use crate::model::{Fault, Key, Nanos, NodeId};

/// An expiry that comes about while a check runs. Nothing may depend on its not having come yet.
const SOON: Nanos = Nanos::from_millis(60);
/// Twice as long, and then some.
const LATER: Nanos = Nanos::from_millis(150);
/// Later than any check ends.
const NEVER_HERE: Nanos = Nanos::from_secs(3_600);
/// How long something that must come about may take: no more than a guard against waiting forever.
const PATIENCE: Nanos = Nanos::from_secs(60);
const POLL: Nanos = Nanos::from_millis(10);

/// Checks `host` on every promise, from an empty cache each time.
///
/// # Panics
/// At the first promise that is broken, with its name and what was found.
pub async fn check(host: &dyn CacheHost, clock: &Clock) {
    check_all(PROMISES, host, clock).await;
}

/// Checks what `host` comes to when it is broken on purpose. It keeps nothing beyond its process.
///
/// # Panics
/// As [`check`].
pub async fn check_breakages(host: &dyn CacheHost, clock: &Clock) {
    check_all(BREAKAGES, host, clock).await;
}

/// Checks that a `host` with an append-only file brings back what it had acknowledged.
///
/// # Panics
/// As [`check`].
pub async fn check_persistence(host: &dyn CacheHost, clock: &Clock) {
    check_all(PERSISTENCE, host, clock).await;
}

async fn check_all(promises: &[(&str, Check)], host: &dyn CacheHost, clock: &Clock) {
    for (promise, check) in promises {
        let setup = Setup { host, clock };
        let kept = match host.reset().await {
            Ok(()) => check(setup).await,
            Err(error) => Err(error.into()),
        };
        if let Err(Broken(found)) = kept {
            panic!("the {} cache breaks a promise: {promise}: {found}", host.server().kind);
        }
    }
}

const BREAKAGES: &[(&str, Check)] = &[
    ("killed, it refuses; started anew, it is empty", |on| {
        Box::pin(breakages::killed_is_empty(on))
    }),
    ("flushed, it is empty", |on| Box::pin(breakages::flushed_is_empty(on))),
    ("paused, it does not answer; resumed, it has lost nothing", |on| {
        Box::pin(breakages::paused_answers_later(on))
    }),
    ("unreachable, it does not answer; in reach again, it has lost nothing", |on| {
        Box::pin(breakages::unreachable_answers_later(on))
    }),
    ("with its connections reset it has lost nothing", |on| {
        Box::pin(breakages::reset_loses_nothing(on))
    }),
    ("over a slow network it takes longer", |on| Box::pin(breakages::slow_takes_longer(on))),
    ("listeners learn that their connections are lost", |on| {
        Box::pin(breakages::listeners_learn(on))
    }),
];

const PERSISTENCE: &[(&str, Check)] =
    &[("killed and started anew, it holds what it had acknowledged", |on| {
        Box::pin(breakages::killed_keeps_what_it_appended(on))
    })];

const PROMISES: &[(&str, Check)] = &[
    ("an entry reads back as it was set", |on| Box::pin(entries::reads_back(on))),
    ("an entry is gone once its expiry has passed, and no other is", |on| {
        Box::pin(entries::expires(on))
    }),
    ("a set restarts the expiry", |on| Box::pin(entries::set_restarts_expiry(on))),
    ("set_if_absent sets what is absent", |on| Box::pin(entries::sets_if_absent(on))),
    ("set_if_absent leaves an entry and its expiry as they are", |on| {
        Box::pin(entries::keeps_present(on))
    }),
    ("delete says whether there was an entry", |on| Box::pin(entries::deletes(on))),
    ("delete_if_older deletes older versions only", |on| Box::pin(entries::deletes_if_older(on))),
    ("set_if_newer replaces what is not newer, and nothing else", |on| {
        Box::pin(guarded::sets_if_newer(on))
    }),
    ("invalidate puts a tombstone over older versions only", |on| {
        Box::pin(guarded::invalidates(on))
    }),
    ("an entry without a version is refused where versions are compared", |on| {
        Box::pin(guarded::refuses_unversioned(on))
    }),
    ("compare_and_set replaces what begins as expected, and nothing else", |on| {
        Box::pin(guarded::compares(on))
    }),
    ("a guarded set restarts the expiry, and what stays keeps its own", |on| {
        Box::pin(guarded::keeps_expiries(on))
    }),
    ("a lock is one taker's until its token releases it", |on| Box::pin(claims::locks_once(on))),
    ("a lock expires by itself", |on| Box::pin(claims::lock_expires(on))),
    ("of all who miss, one has the lease and fills once", |on| Box::pin(claims::leases_once(on))),
    ("a delete voids the lease", |on| Box::pin(claims::deletes_void(on))),
    ("what was set during a lease stays", |on| Box::pin(claims::writer_wins(on))),
    ("a lease expires by itself", |on| Box::pin(claims::lease_expires(on))),
    ("a reset frees locks and leases", |on| Box::pin(claims::reset_frees(on))),
    ("without a counter and a seed a write leaves no trace", |on| {
        Box::pin(queue::leaves_no_trace(on))
    }),
    ("versions start from the seed and go on from there", |on| {
        Box::pin(queue::counts_versions(on))
    }),
    ("a queued entry has its version in place", |on| Box::pin(queue::puts_version_in_place(on))),
    ("a queued entry does not expire", |on| Box::pin(queue::does_not_expire(on))),
    ("writes are claimed in order, and each by one worker", |on| Box::pin(queue::in_order(on))),
    ("a write is handed out again until it is settled", |on| Box::pin(queue::until_settled(on))),
    ("settling gives an expiry to unchanged entries only", |on| {
        Box::pin(queue::settles_unchanged(on))
    }),
    ("settling without an expiry gives none", |on| Box::pin(queue::settles_without_expiry(on))),
    ("events come as they were published, in order", |on| Box::pin(events::in_order(on))),
    ("each event goes to one consumer", |on| Box::pin(events::once(on))),
    ("a consumer that waits gets an event that comes later", |on| Box::pin(events::awaited(on))),
    ("a consumer that waits in vain gets nothing", |on| Box::pin(events::in_vain(on))),
    ("an event is handed out again until it is settled", |on| Box::pin(events::until_settled(on))),
    ("a consumer that waits takes over what another has left", |on| {
        Box::pin(events::taken_over(on))
    }),
    ("whoever listens hears every broadcast from then on, in order", |on| {
        Box::pin(bus::broadcasts(on))
    }),
    ("a listener that waits hears what comes later", |on| Box::pin(bus::broadcast_awaited(on))),
    ("a change of what was read is told once, and no other", |on| {
        Box::pin(bus::tracks_changes(on))
    }),
    ("what changes nothing is not told", |on| Box::pin(bus::leaves_untouched(on))),
    ("an expiry is told once it is come upon", |on| Box::pin(bus::tracks_expiry(on))),
    ("each node is told of what it read itself", |on| Box::pin(bus::each_reader(on))),
    ("tracking lasts as long as its subscription", |on| Box::pin(bus::untracked(on))),
    ("a reset is told", |on| Box::pin(bus::told_of_reset(on))),
    ("the server counts hits and misses", |on| Box::pin(host::counts(on))),
    ("what has expired counts as that, and as a miss", |on| Box::pin(host::counts_expiries(on))),
    ("what is deleted gives its memory back", |on| Box::pin(host::gives_memory_back(on))),
    ("the state is what is held under each key", |on| Box::pin(host::state(on))),
    ("a reset leaves nothing, and handles that work", |on| Box::pin(host::resets(on))),
];

type Check = for<'a> fn(Setup<'a>) -> BoxFuture<'a, Kept>;

/// What came of a check.
type Kept = Result<(), Broken>;

/// How a promise was broken.
struct Broken(String);

impl From<Fault> for Broken {
    fn from(fault: Fault) -> Self {
        Self(format!("a call failed: {fault:?}"))
    }
}

impl From<Error> for Broken {
    fn from(error: Error) -> Self {
        Self(error.to_string())
    }
}

/// What a check works on.
#[derive(Clone, Copy)]
struct Setup<'a> {
    host: &'a dyn CacheHost,
    clock: &'a Clock,
}

impl Setup<'_> {
    async fn node(self, number: u32) -> Result<Arc<dyn Cache>, Error> {
        self.host.connect(NodeId(number)).await
    }

    async fn pass(self, span: Nanos) {
        self.clock.sleep(span).await;
    }

    /// Waits until the entry is gone.
    async fn gone(self, cache: &dyn Cache, key: Key) -> Kept {
        let deadline = self.clock.now() + PATIENCE;
        while cache.get(key).await?.is_some() {
            if self.clock.now() > deadline {
                return Err(Broken(format!("{key:?} should have expired")));
            }
            self.pass(POLL).await;
        }
        Ok(())
    }
}

fn ensure(holds: bool, otherwise: &str) -> Kept {
    if holds { Ok(()) } else { Err(Broken(otherwise.into())) }
}

fn ensure_eq<T: PartialEq + Debug>(found: T, expected: T, what: &str) -> Kept {
    if found == expected {
        Ok(())
    } else {
        Err(Broken(format!("{what}: found {found:?}, expected {expected:?}")))
    }
}

/// An entry as strategies make them: its version, and whatever they put behind it.
fn entry(version: u64, body: &[u8]) -> Entry {
    let mut entry = BytesMut::new();
    entry.put_u64(version);
    entry.put_slice(body);
    entry.freeze().into()
}
