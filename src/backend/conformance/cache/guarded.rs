//! Entries that are set under a condition.

use bytes::Bytes;

use super::{Broken, Kept, LATER, SOON, Setup, ensure, ensure_eq, entry};
use crate::backend::{Cache, Entry};
use crate::model::{Fault, FaultKind, Key, Nanos};

/// Versions that compare wrongly as text, as single bytes or as signed or 32-bit numbers.
const RISING: [u64; 13] =
    [0, 1, 9, 10, 127, 128, 255, 256, 65_535, 1 << 31, 1 << 32, (1 << 40) + 1, (1 << 53) - 1];
/// An entry that is one byte too short for a version.
const UNVERSIONED: &[u8] = b"\xff\xff\xff\xff\xff\xff\xff";

pub(super) async fn sets_if_newer(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let cache = &*cache;
    ensure(cache.set_if_newer(Key(1), entry(3, b"a"), None).await?, "there was none")?;
    ensure_eq(cache.get(Key(1)).await?, Some(entry(3, b"a")), "what was set")?;
    for pair in RISING.windows(2) {
        let (older, newer) = (entry(pair[0], b"older"), entry(pair[1], b"newer"));
        cache.set(Key(1), newer.clone(), None).await?;
        let set = cache.set_if_newer(Key(1), older.clone(), None).await?;
        ensure(!set, &format!("version {} replaced {}", pair[0], pair[1]))?;
        ensure_eq(cache.get(Key(1)).await?, Some(newer.clone()), "the entry, which is newer")?;
        cache.set(Key(1), older, None).await?;
        let set = cache.set_if_newer(Key(1), newer.clone(), None).await?;
        ensure(set, &format!("version {} did not replace {}", pair[1], pair[0]))?;
        ensure_eq(cache.get(Key(1)).await?, Some(newer), "the entry")?;
    }
    cache.set(Key(1), entry(5, b"first"), None).await?;
    ensure(cache.set_if_newer(Key(1), entry(5, b"second"), None).await?, "an equal one stayed")?;
    ensure_eq(cache.get(Key(1)).await?, Some(entry(5, b"second")), "the entry, of equal version")?;
    cache.set(Key(2), UNVERSIONED.into(), None).await?;
    let set = cache.set_if_newer(Key(2), entry(0, b""), None).await?;
    ensure(set, "an entry without a version stayed")
}

pub(super) async fn invalidates(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let cache = &*cache;
    ensure(cache.invalidate(Key(1), entry(3, b"gone"), None).await?, "there was none")?;
    ensure_eq(cache.get(Key(1)).await?, Some(entry(3, b"gone")), "the tombstone")?;
    for pair in RISING.windows(2) {
        let (older, newer) = (entry(pair[0], b"row"), entry(pair[1], b"row"));
        cache.set(Key(1), newer.clone(), None).await?;
        for version in pair {
            let put = cache.invalidate(Key(1), entry(*version, b"gone"), None).await?;
            ensure(!put, &format!("the tombstone of {version} covered version {}", pair[1]))?;
        }
        ensure_eq(cache.get(Key(1)).await?, Some(newer), "the entry, which is not older")?;
        cache.set(Key(1), older, None).await?;
        let put = cache.invalidate(Key(1), entry(pair[1], b"gone"), None).await?;
        ensure(put, &format!("the tombstone of {} did not cover {}", pair[1], pair[0]))?;
        let found = cache.get(Key(1)).await?;
        ensure_eq(found, Some(entry(pair[1], b"gone")), "the tombstone")?;
    }
    cache.set(Key(2), UNVERSIONED.into(), None).await?;
    ensure(cache.invalidate(Key(2), entry(0, b""), None).await?, "one without a version stayed")
}

pub(super) async fn refuses_unversioned(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let refused = Err(Fault::cache(FaultKind::Refused));
    let unversioned = Entry::from(UNVERSIONED);
    cache.set(Key(2), entry(1, b"held"), None).await?;
    for key in [1, 2].map(Key) {
        let set = cache.set_if_newer(key, unversioned.clone(), None).await;
        ensure_eq(set, refused, "a set")?;
        let put = cache.invalidate(key, unversioned.clone(), None).await;
        ensure_eq(put, refused, "an invalidation")?;
    }
    ensure_eq(cache.get(Key(1)).await?, None, "where there was nothing")?;
    ensure_eq(cache.get(Key(2)).await?, Some(entry(1, b"held")), "the entry that was there")
}

pub(super) async fn compares(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let held = entry(7, b"\r\n\0held");
    let bytes = held.clone().into_bytes();
    let others = [entry(8, b""), bytes.slice(1..).into(), entry(7, b"\r\n\0held and more")];
    cache.set(Key(1), held.clone(), None).await?;
    for expected in others.map(Entry::into_bytes) {
        let set = cache.compare_and_set(Key(1), expected, entry(9, b"new"), None).await?;
        ensure(!set, "it does not begin like that")?;
    }
    ensure_eq(cache.get(Key(1)).await?, Some(held.clone()), "the entry that is another")?;
    for length in [0, 1, 8, held.len()] {
        cache.set(Key(1), held.clone(), None).await?;
        let new = entry(9, &[length as u8]);
        let set = cache.compare_and_set(Key(1), bytes.slice(..length), new.clone(), None).await?;
        ensure(set, &format!("it does begin with its own first {length} bytes"))?;
        ensure_eq(cache.get(Key(1)).await?, Some(new), "what was set")?;
    }
    for expected in [Bytes::new(), bytes] {
        let set = cache.compare_and_set(Key(2), expected, entry(9, b"new"), None).await?;
        ensure(!set, "there was no entry")?;
    }
    ensure_eq(cache.get(Key(2)).await?, None, "where there was no entry")
}

pub(super) async fn keeps_expiries(on: Setup<'_>) -> Kept {
    let cache = on.node(0).await?;
    let cache = &*cache;
    let (staying, replaced, prolonged) =
        ([0, 1, 2].map(Key), [3, 4, 5].map(Key), [6, 7, 8].map(Key));
    for key in staying.into_iter().chain(replaced) {
        cache.set(key, entry(5, b"held"), None).await?;
    }
    ensure_eq(set_guarded(cache, staying, 4, Some(SOON)).await?, [false; 3], "what was set")?;
    ensure_eq(set_guarded(cache, replaced, 6, Some(SOON)).await?, [true; 3], "what was set")?;
    for key in replaced {
        on.gone(cache, key).await?;
    }
    for key in prolonged {
        cache.set(key, entry(5, b"held"), Some(SOON)).await?;
    }
    let set = set_guarded(cache, prolonged, 6, None).await?;
    on.pass(LATER).await;
    for key in staying {
        let found = cache.get(key).await?;
        ensure_eq(found, Some(entry(5, b"held")), "one that stayed, after the other's expiry")?;
    }
    for (key, set) in prolonged.into_iter().zip(set) {
        // On a machine that stalls an entry may be gone before it is compared with.
        ensure_eq(cache.get(key).await?.is_some(), set, "whether it outlived its old expiry")?;
    }
    ensure(set[0] && set[1], "what is absent gives way too")
}

/// Sets each key by another of the guarded steps. What is held must be of version 5.
async fn set_guarded(
    cache: &dyn Cache,
    keys: [Key; 3],
    version: u64,
    ttl: Option<Nanos>,
) -> Result<[bool; 3], Broken> {
    let new = entry(version, b"new");
    let expected = entry(if version < 5 { 4 } else { 5 }, b"").into_bytes();
    Ok([
        cache.set_if_newer(keys[0], new.clone(), ttl).await?,
        cache.invalidate(keys[1], new.clone(), ttl).await?,
        cache.compare_and_set(keys[2], expected, new, ttl).await?,
    ])
}
