//! What a store must do with deletions: an absence is a version of the row as any other.

use futures_util::FutureExt;

use super::{ABSENT, Check, KEYS, Subject, checks, draft, versioned};
use crate::backend::{Applied, EVERY_KEY, Event, Row, VersionedDraft};
use crate::model::{Draft, Key, Version, Writer};

pub(super) const CHECKS: &[(&str, Check)] = checks![
    a_deletion_is_read_as_an_absence_with_its_version_and_writer,
    a_write_after_a_deletion_brings_the_row_back,
    a_deletion_of_no_row_is_a_version_too,
    an_event_tells_the_version_of_its_deletion,
    a_batch_carries_deletions,
    the_audit_shows_deleted_rows_with_their_version_and_writer,
    a_reset_brings_deleted_rows_back,
];

async fn a_deletion_is_read_as_an_absence_with_its_version_and_writer(subject: Subject<'_>) {
    let deletion = Draft::deletion(Key(3), Writer(7));
    let version = subject.store.write(&deletion).await;
    assert_eq!(version, Ok(Version(1)), "a deletion gets the row's next version");
    let sentence = "a deletion is read as an absence with its version and writer";
    subject.assert_row(&deletion, Version(1), sentence).await;
    subject.assert_untouched(Key(2), "a deletion changes no other row").await;
    assert_eq!(subject.outbox().await, [], "a plain deletion leaves no event");

    let again = Draft::deletion(Key(3), Writer(8));
    let version = subject.other.write(&again).await;
    assert_eq!(version, Ok(Version(2)), "a second deletion is a version of its own");
    subject.assert_row(&again, Version(2), sentence).await;
}

async fn a_write_after_a_deletion_brings_the_row_back(subject: Subject<'_>) {
    for key in [Key(3), ABSENT] {
        let first = subject.store.write(&Draft::deletion(key, Writer(1))).await;
        assert_eq!(first, Ok(Version(1)));
        let back = draft(key, 2);
        let version = subject.store.write(&back).await;
        assert_eq!(version, Ok(Version(2)), "versions go on where the deletion left them");
        let sentence = "a write brings a deleted row back, with the children that it has";
        subject.assert_row(&back, Version(2), sentence).await;
    }
}

async fn a_deletion_of_no_row_is_a_version_too(subject: Subject<'_>) {
    let deletion = Draft::deletion(ABSENT, Writer(5));
    let version = subject.store.write(&deletion).await;
    assert_eq!(version, Ok(Version(1)), "versions of a new key start from 1");
    let sentence = "a deletion of no row leaves its version behind";
    subject.assert_row(&deletion, Version(1), sentence).await;
}

async fn an_event_tells_the_version_of_its_deletion(subject: Subject<'_>) {
    let deletion = Draft::deletion(Key(4), Writer(1));
    let version = subject.store.write_with_event(&deletion).await.expect("a deletion works");
    subject.assert_row(&deletion, version, "a deletion with an event deletes the row").await;
    let events: Vec<_> =
        subject.outbox().await.iter().map(|&Event { key, version, .. }| (key, version)).collect();
    assert_eq!(events, [(Key(4), version)], "a deletion has its event, with its version");
}

async fn a_batch_carries_deletions(subject: Subject<'_>) {
    let deletion = |key, version| VersionedDraft {
        draft: Draft::deletion(key, Writer(version)),
        version: Version(version),
    };
    let writes = [deletion(Key(1), 3), versioned(Key(2), 2), deletion(ABSENT, 1)];
    let applied = subject.store.apply_batch(&writes).await;
    assert_eq!(applied, Ok(Applied { written: 3, passed: 0 }), "every row was older");
    for write in &writes {
        subject.assert_row(&write.draft, write.version, "a batch carries deletions").await;
    }

    let late = [versioned(Key(1), 2), deletion(Key(2), 1)];
    let applied = subject.store.apply_batch(&late).await;
    let passed = Ok(Applied { written: 0, passed: 2 });
    assert_eq!(
        applied, passed,
        "a late write does not undo a deletion, nor a late deletion a write"
    );
    subject.assert_row(&writes[0].draft, Version(3), "the deletion stands").await;
    subject.assert_row(&writes[1].draft, Version(2), "the write stands").await;
}

async fn the_audit_shows_deleted_rows_with_their_version_and_writer(subject: Subject<'_>) {
    for (key, writer) in [(Key(0), 1), (ABSENT, 2)] {
        let deletion = Draft::deletion(key, Writer(writer));
        subject.store.write(&deletion).await.expect("a deletion works");
    }
    let rows = subject.host.rows(EVERY_KEY).await.expect("the rows can be read");
    let deleted = |key, writer| Row { key, version: Version(1), writer, intact: true };
    let sentence = "the audit shows deleted rows, with version and writer of the deletion";
    assert_eq!(rows.len() as u64, KEYS + 1, "{sentence}");
    assert_eq!(rows.first(), Some(&deleted(Key(0), Writer(1))), "{sentence}");
    assert_eq!(rows.last(), Some(&deleted(ABSENT, Writer(2))), "{sentence}");
}

async fn a_reset_brings_deleted_rows_back(subject: Subject<'_>) {
    let deletion = Draft::deletion(Key(6), Writer(1));
    subject.store.write(&deletion).await.expect("a deletion works");
    let again = Subject::fresh(subject.host, subject.origin).await;
    again.assert_untouched(Key(6), "after a reset every row is as it was loaded").await;
}
