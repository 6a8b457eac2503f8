//! What a store must show to some while others write: transactions, whole or not at all.

use futures_util::FutureExt;
use futures_util::future::join;

use super::{ABSENT, Check, KEYS, Subject, checks, draft, versioned};
use crate::backend::{EVERY_KEY, Row, VersionedDraft};
use crate::model::{Key, Version, Writer};

pub(super) const CHECKS: &[(&str, Check)] = checks![
    a_row_and_its_event_are_seen_together,
    a_batch_is_seen_whole,
    batches_of_the_same_rows_end,
    the_audit_shows_the_rows_of_a_range,
];

async fn a_row_and_its_event_are_seen_together(subject: Subject<'_>) {
    const WRITES: u64 = 20;
    let write = async {
        for number in 1..=WRITES {
            let written = subject.store.write_with_event(&draft(Key(2), number)).await;
            assert_eq!(written, Ok(Version(number)));
        }
    };
    let look = async {
        loop {
            let before = subject.outbox().await.len() as u64;
            let version = subject.other.version(Key(2)).await.expect("a version can be read").0;
            let after = subject.outbox().await.len() as u64;
            let sentence = "a row is never seen without its event, nor an event without its row";
            assert!(
                before <= version && version <= after,
                "{sentence}: {before} {version} {after}"
            );
            if version == WRITES {
                break;
            }
        }
    };
    join(write, look).await;
}

async fn a_batch_is_seen_whole(subject: Subject<'_>) {
    const BATCHES: u64 = 10;
    let apply = async {
        for version in 1..=BATCHES {
            let batch: Vec<_> = (0..KEYS).map(|key| versioned(Key(key), version)).collect();
            subject.store.apply_batch(&batch).await.expect("a batch works");
        }
    };
    let look = async {
        let mut seen = 0;
        while seen < BATCHES {
            for key in [KEYS - 1, 0, KEYS / 2] {
                let version = subject.other.version(Key(key)).await.expect("it can be read").0;
                let sentence = "who has seen one row of a batch sees all others of it from then on";
                assert!(version >= seen, "{sentence}: {version} after {seen}");
                seen = version;
            }
        }
    };
    join(apply, look).await;
}

async fn batches_of_the_same_rows_end(subject: Subject<'_>) {
    let batch = |version: u64, order: &dyn Fn(u64) -> u64| -> Vec<VersionedDraft> {
        (0..50).map(|key| versioned(Key(order(key)), version)).collect()
    };
    let (up, down) = (batch(1, &|key| key), batch(2, &|key| 49 - key));
    let (first, second) =
        join(subject.store.apply_batch(&up), subject.other.apply_batch(&down)).await;
    assert!(first.is_ok() && second.is_ok(), "batches do not wait for each other in a circle");
    for key in (0..50).map(Key) {
        let version = subject.store.version(key).await;
        assert_eq!(version, Ok(Version(2)), "the later version stands, whichever came first");
    }
}

async fn the_audit_shows_the_rows_of_a_range(subject: Subject<'_>) {
    let far = Key(ABSENT.0 + 7);
    for key in [Key(4), ABSENT, far] {
        subject.store.write(&draft(key, 1)).await.expect("a write works");
    }
    let all = subject.host.rows(EVERY_KEY).await.expect("the rows can be read");
    assert_eq!(all.len() as u64, KEYS + 2, "the audit shows every row where it is asked for all");
    for (start, end) in [(0, 0), (0, 4), (4, 5), (3, ABSENT.0), (KEYS, far.0), (far.0, far.0 + 1)] {
        let shown = subject.host.rows(Key(start)..Key(end)).await.expect("the rows can be read");
        let expected: Vec<Row> =
            all.iter().copied().filter(|row| (start..end).contains(&row.key.0)).collect();
        assert_eq!(shown, expected, "the audit shows the rows of a range and no other");
    }
    assert_eq!(all[4].writer, Writer(1));
}
