//! Subscriptions: the bus between nodes, and the notices of tracked keys.

use std::pin::pin;

use futures_util::future::{BoxFuture, Either, select, try_join};

use super::{Broken, Kept, NEVER_HERE, PATIENCE, SOON, Setup, ensure, ensure_eq, entry};
use crate::backend::{Cache, Notice, Subscription, Token};
use crate::model::{Fault, FaultKind, Key, Nanos, Outcome, Version};

const UNAVAILABLE: Fault = Fault::cache(FaultKind::Unavailable);

/// A key whose notice says that none other was on its way.
const MARKER: Key = Key(u64::MAX);

pub(super) async fn broadcasts(on: Setup<'_>) -> Kept {
    let (one, other) = (on.node(0).await?, on.node(1).await?);
    one.broadcast(Key(1)).await?;
    let mut listeners = [one.subscribe().await?, other.subscribe().await?, one.subscribe().await?];
    let keys = [2, 3, 3, u64::MAX, 0].map(Key);
    for key in keys {
        one.broadcast(key).await?;
    }
    for listener in &mut listeners {
        for key in keys {
            ensure_eq(on.notice(&mut **listener).await?, Notice::Changed(key), "the notice")?;
        }
    }
    let [gone, kept, _] = &mut listeners;
    *gone = other.subscribe().await?;
    other.broadcast(Key(7)).await?;
    for listener in [gone, kept] {
        let notice = on.notice(&mut **listener).await?;
        ensure_eq(notice, Notice::Changed(Key(7)), "the notice after another has left")?;
    }
    ensure_eq(one.get(Key(7)).await?, None, "a broadcast is no entry")
}

pub(super) async fn broadcast_awaited(on: Setup<'_>) -> Kept {
    let (one, other) = (on.node(0).await?, on.node(1).await?);
    let mut listener = one.subscribe().await?;
    for _ in 0..3 {
        // To give up waiting must not lose what comes then.
        let giving_up = pin!(on.pass(SOON));
        ensure(
            matches!(select(listener.next(), giving_up).await, Either::Right(_)),
            "a notice, or an end, came from nowhere",
        )?;
    }
    let waiting = on.notice(&mut *listener);
    let telling = async {
        on.pass(SOON).await;
        Ok(other.broadcast(Key(5)).await?)
    };
    let (notice, ()) = try_join(waiting, telling).await?;
    ensure_eq(notice, Notice::Changed(Key(5)), "what the waiting listener got")
}

pub(super) async fn tracks_changes(on: Setup<'_>) -> Kept {
    let (reader, writer) = (on.node(0).await?, on.node(1).await?);
    let mut changes = reader.track().await?;
    for (name, change) in CHANGES {
        let (tracked, untracked) = (Key(1), Key(2));
        for key in [tracked, untracked] {
            writer.set(key, entry(5, b"held"), None).await?;
        }
        let found = reader.get_tracked(tracked).await?;
        ensure_eq(found, Some(entry(5, b"held")), "what was read")?;
        // One of them twice: whoever was told once is not owed another.
        for key in [tracked, untracked, tracked] {
            change(&*writer, key).await?;
            writer.set(key, entry(5, b"held"), None).await?;
        }
        on.only(&*reader, &mut *changes, Some(tracked), name).await?;
    }
    reader.get_tracked(Key(3)).await?;
    reader.set(Key(3), entry(1, b""), None).await?;
    on.only(&*reader, &mut *changes, Some(Key(3)), "its own set of what was absent").await
}

type Change = for<'a> fn(&'a dyn Cache, Key) -> BoxFuture<'a, Kept>;

/// Each changes an entry of version 5.
const CHANGES: &[(&str, Change)] = &[
    ("a set", |cache, key| Box::pin(async move { Ok(cache.set(key, entry(6, b""), None).await?) })),
    ("a delete", |cache, key| Box::pin(async move { ensure(cache.delete(key).await?, "deleted") })),
    ("delete_if_older", |cache, key| {
        Box::pin(async move { ensure(cache.delete_if_older(key, Version(6)).await?, "deleted") })
    }),
    ("set_if_newer", |cache, key| {
        Box::pin(async move { ensure(cache.set_if_newer(key, entry(5, b""), None).await?, "set") })
    }),
    ("invalidate", |cache, key| {
        Box::pin(async move { ensure(cache.invalidate(key, entry(6, b""), None).await?, "put") })
    }),
    ("compare_and_set", |cache, key| {
        Box::pin(async move {
            let expected = entry(5, b"held").into_bytes();
            ensure(cache.compare_and_set(key, expected, entry(5, b""), None).await?, "set")
        })
    }),
    ("lease_delete", |cache, key| {
        Box::pin(async move { ensure(cache.lease_delete(key).await?, "deleted") })
    }),
    ("lease_set", |cache, key| {
        Box::pin(async move {
            cache.lease_delete(key).await?;
            cache.lease_get(key, Token(1), NEVER_HERE).await?;
            ensure(cache.lease_set(key, Token(1), entry(6, b""), None).await?, "set")
        })
    }),
    ("a queued write", |cache, key| {
        Box::pin(async move {
            cache.enqueue_write(key, entry(0, b""), Some(Version(5))).await?;
            Ok(())
        })
    }),
];

pub(super) async fn leaves_untouched(on: Setup<'_>) -> Kept {
    let (reader, writer) = (on.node(0).await?, on.node(1).await?);
    let mut changes = reader.track().await?;
    let key = Key(1);
    writer.set(key, entry(5, b"held"), None).await?;
    reader.get_tracked(key).await?;
    writer.get(key).await?;
    writer.set_if_absent(key, entry(6, b""), None).await?;
    writer.set_if_newer(key, entry(4, b""), None).await?;
    writer.invalidate(key, entry(5, b""), None).await?;
    writer.compare_and_set(key, entry(6, b"").into_bytes(), entry(7, b""), None).await?;
    writer.delete_if_older(key, Version(5)).await?;
    writer.lock(key, Token(1), NEVER_HERE).await?;
    writer.unlock(key, Token(1)).await?;
    writer.broadcast(key).await?;
    on.only(&*reader, &mut *changes, None, "what changed nothing").await
}

pub(super) async fn tracks_expiry(on: Setup<'_>) -> Kept {
    let (reader, other) = (on.node(0).await?, on.node(1).await?);
    let mut changes = reader.track().await?;
    // On a machine that stalls the first entry may expire before it is read.
    for (key, ttl) in [(1, SOON), (2, Nanos::from_secs(1)), (3, Nanos::from_secs(10))] {
        reader.set(Key(key), entry(1, b""), Some(ttl)).await?;
        if reader.get_tracked(Key(key)).await?.is_some() {
            on.gone(&*other, Key(key)).await?;
            return on.only(&*reader, &mut *changes, Some(Key(key)), "the expiry").await;
        }
    }
    Err(Broken("an entry expired too soon".into()))
}

pub(super) async fn each_reader(on: Setup<'_>) -> Kept {
    let (one, other) = (on.node(0).await?, on.node(1).await?);
    let (mut to_one, mut to_other) = (one.track().await?, other.track().await?);
    one.get_tracked(Key(1)).await?;
    other.get_tracked(Key(1)).await?;
    other.get_tracked(Key(2)).await?;
    one.set(Key(2), entry(1, b""), None).await?;
    one.set(Key(1), entry(1, b""), None).await?;
    on.only(&*one, &mut *to_one, Some(Key(1)), "what one read").await?;
    for key in [2, 1] {
        let notice = on.notice(&mut *to_other).await?;
        ensure_eq(notice, Notice::Changed(Key(key)), "what the other read")?;
    }
    Ok(())
}

pub(super) async fn untracked(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    ensure_eq(cache.get_tracked(Key(1)).await, Err(UNAVAILABLE), "before it tracked")?;
    let mut first = cache.track().await?;
    cache.get_tracked(Key(1)).await?;
    let mut second = cache.track().await?;
    for asked in ["asked once", "asked again"] {
        let end = on.awaited(&mut *first).await?;
        ensure_eq(end, Err(UNAVAILABLE), &format!("a subscription that was replaced, {asked}"))?;
    }
    // What the first one was owed, the second is not.
    cache.set(Key(1), entry(1, b""), None).await?;
    cache.get_tracked(Key(2)).await?;
    cache.set(Key(2), entry(1, b""), None).await?;
    drop(first);
    on.only(&*cache, &mut *second, Some(Key(2)), "what was read since").await?;
    drop(second);
    let found = cache.get_tracked(Key(1)).await;
    ensure_eq(found, Err(UNAVAILABLE), "once nobody listens")?;
    let mut third = cache.track().await?;
    cache.get_tracked(Key(1)).await?;
    cache.delete(Key(1)).await?;
    on.only(&*cache, &mut *third, Some(Key(1)), "what was read since").await
}

pub(super) async fn told_of_reset(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let mut changes = cache.track().await?;
    cache.set(Key(1), entry(1, b""), None).await?;
    cache.get_tracked(Key(1)).await?;
    on.host.reset().await?;
    // On a server that others use, only what is the run's is removed, one by one.
    let notice = on.notice(&mut *changes).await?;
    ensure(
        matches!(notice, Notice::All | Notice::Changed(Key(1))),
        &format!("after the reset came {notice:?}"),
    )
}

impl Setup<'_> {
    /// The next notice.
    async fn notice(self, subscription: &mut dyn Subscription) -> Result<Notice, Broken> {
        Ok(self.awaited(subscription).await??)
    }

    /// The next notice, or the subscription's end.
    async fn awaited(self, subscription: &mut dyn Subscription) -> Result<Outcome<Notice>, Broken> {
        let waiting = pin!(self.pass(PATIENCE));
        match select(subscription.next(), waiting).await {
            Either::Left((notice, _)) => Ok(notice),
            Either::Right(_) => Err(Broken("a subscription neither tells nor ends".into())),
        }
    }

    /// Ensures that of `what` only one notice comes, of `key`; or none.
    async fn only(
        self,
        reader: &dyn Cache,
        changes: &mut dyn Subscription,
        key: Option<Key>,
        what: &str,
    ) -> Kept {
        reader.get_tracked(MARKER).await?;
        reader.set(MARKER, entry(0, b""), None).await?;
        for expected in key.into_iter().chain([MARKER]) {
            let notice = self.notice(changes).await?;
            ensure_eq(notice, Notice::Changed(expected), &format!("the notice of {what}"))?;
        }
        Ok(())
    }
}
