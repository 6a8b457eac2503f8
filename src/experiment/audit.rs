//! What a run leaves behind in cache and store, as the judge takes it.

use crate::backend::{self, CacheHost, CacheState, Row, StoreHost};
use crate::judge::{Cached, EndKey};
use crate::model::{Key, Outcome, Version, Writer};
use crate::record::Stock;
use crate::strategy::parts::entry::{self, Held};

/// Keys whose entries are fetched at once.
const ENTRIES: u64 = 1_000;
/// Keys whose rows are.
const ROWS: u64 = 64 * ENTRIES;

/// Tells what is left under the keys `0 .. keys`, some keys at a time, and how much of it there is. A
/// key that looks wrong is looked at again before it counts.
///
/// # Errors
/// If cache or store cannot be looked at. What was told by then counts.
pub async fn end_state(
    cache: &dyn CacheHost,
    store: &dyn StoreHost,
    keys: u64,
    mut tell: impl FnMut(&[EndKey]),
) -> Result<Stock, backend::Error> {
    let mut rows = Vec::new();
    let mut stock = Stock::default();
    for first in (0..keys).step_by(ENTRIES as usize) {
        if first.is_multiple_of(ROWS) {
            rows = store.rows(Key(first)..Key(keys.min(first + ROWS))).await?;
        }
        let batch: Vec<Key> = (first..keys.min(first + ENTRIES)).map(Key).collect();
        let states = cache.state(&batch).await?;
        let mut ends = Vec::with_capacity(states.len());
        for state in &states {
            let held = held(state);
            count(state, held.as_ref(), &mut stock);
            ends.push(end_key(state.key, held, find(&rows, state.key)));
        }
        let suspects: Vec<Key> =
            ends.iter().filter(|end| is_suspect(end)).map(|end| end.key).collect();
        for again in cache.state(&suspects).await? {
            if let Some(end) = ends.iter_mut().find(|end| end.key == again.key) {
                *end = end_key(again.key, held(&again), find(&rows, again.key));
            }
        }
        tell(&ends);
    }
    Ok(stock)
}

/// What the entry holds, if there is one: unpacked once, for all who ask.
fn held(state: &CacheState) -> Option<Outcome<Held>> {
    state.entry.clone().map(|entry| entry::read(state.key, entry))
}

fn count(state: &CacheState, held: Option<&Outcome<Held>>, stock: &mut Stock) {
    let Some(entry) = &state.entry else { return };
    let bytes = entry.len() as u64;
    stock.entries += 1;
    stock.bytes += bytes;
    if let Some(Ok(Held::Value(value, _))) = held
        && value.is_absent()
    {
        stock.nulls += 1;
        stock.null_bytes += bytes;
    }
}

/// The row under `key`, of rows in the order of their keys.
fn find(rows: &[Row], key: Key) -> Option<&Row> {
    // Where none is missing in between, as in most datasets, nothing has to be searched for.
    let nth = key.0.checked_sub(rows.first()?.key.0)?;
    match rows.get(nth as usize) {
        Some(row) if row.key == key => Some(row),
        _ => rows.binary_search_by_key(&key, |row| row.key).ok().map(|place| &rows[place]),
    }
}

/// What a look at one key found. That there never was a row is what the store knows as version 0,
/// and an entry may say so.
fn end_key(key: Key, held: Option<Outcome<Held>>, row: Option<&Row>) -> EndKey {
    let cached = match held {
        None | Some(Ok(Held::Tombstone(_))) => Cached::Absent,
        Some(Ok(Held::Value(value, _))) if value.is_intact(key) => {
            Cached::Holds { version: value.version, writer: value.writer }
        }
        Some(_) => Cached::Corrupt,
    };
    let never_written = (Version::INITIAL, Writer::LOAD);
    EndKey {
        key,
        cached,
        stored: Some(row.map_or(never_written, |row| (row.version, row.writer))),
        stored_intact: row.is_none_or(|row| row.intact),
    }
}

/// Whether it may look otherwise at a second look.
fn is_suspect(end: &EndKey) -> bool {
    match end.cached {
        Cached::Absent => false,
        Cached::Holds { version, .. } => end.stored.is_none_or(|(stored, _)| stored != version),
        Cached::Corrupt => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::Entry;
    use crate::model::{Draft, Value};
    use crate::strategy::parts::entry::Stamp;
    use crate::strategy::parts::format::Format;

    const KEY: Key = Key(3);

    fn holding(entry: Option<Entry>, row: Option<&Row>) -> EndKey {
        end_key(KEY, held(&CacheState { key: KEY, entry }), row)
    }

    fn entry_of(value: &Value) -> Option<Entry> {
        Some(entry::write(value, Stamp::NONE, &Format::default()))
    }

    #[test]
    fn a_null_entry_about_a_key_that_never_had_a_row_is_what_the_store_knows() {
        let end = holding(entry_of(&Value::never_written(KEY)), None);
        assert_eq!(end.cached, Cached::Holds { version: Version::INITIAL, writer: Writer::LOAD });
        assert_eq!(end.stored, Some((Version::INITIAL, Writer::LOAD)));
        assert!(end.stored_intact && !is_suspect(&end));
    }

    #[test]
    fn a_null_entry_about_a_deletion_holds_its_version() {
        let deleted = Draft::deletion(KEY, Writer(4)).at(Version(2));
        let row = Row { key: KEY, version: Version(2), writer: Writer(4), intact: true };
        let end = holding(entry_of(&deleted), Some(&row));
        assert_eq!(end.cached, Cached::Holds { version: Version(2), writer: Writer(4) });
        assert!(!is_suspect(&end));
    }

    #[test]
    fn a_tombstone_holds_nothing_that_could_be_served() {
        let end = holding(Some(entry::tombstone(Version(7))), None);
        assert_eq!(end.cached, Cached::Absent);
    }

    #[test]
    fn a_row_is_found_wherever_others_are_missing() {
        for missing in [vec![], vec![4], vec![6, 7], vec![3, 5, 9]] {
            let row = |key| Row { key, version: Version(1), writer: Writer(1), intact: true };
            let there = |key: &Key| key.0 >= 3 && !missing.contains(&key.0);
            let rows: Vec<Row> = (0..12).map(Key).filter(there).map(row).collect();
            for key in (0..15).map(Key) {
                let expected = there(&key) && key.0 < 12;
                assert_eq!(find(&rows, key).map(|row| row.key), expected.then_some(key));
            }
        }
        assert_eq!(find(&[], KEY), None);
    }

    #[test]
    fn an_entry_about_another_key_is_corrupt() {
        let end = holding(entry_of(&Value::never_written(Key(9))), None);
        assert_eq!(end.cached, Cached::Corrupt);
        assert!(is_suspect(&end));
    }
}
