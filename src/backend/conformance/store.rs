//! What every [`Store`] and its [`StoreHost`] must do, sentence by sentence.

mod concurrency;
mod deletions;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};

use crate::backend::{
    Applied, Dataset, EVERY_KEY, Event, Origin, Read, Row, Store, StoreHost, VersionedDraft,
};
use crate::model::{Aggregate, Draft, Fault, FaultKind, Key, NodeId, Value, Version, Writer};

/// Holds `host`, whose reads are answered by `origin`, to the whole contract. Each check starts
/// from a freshly loaded store.
///
/// # Panics
/// At the first sentence of the contract that does not hold, with that sentence.
pub async fn check(host: &dyn StoreHost, origin: Origin) {
    for (name, run) in CHECKS.iter().chain(deletions::CHECKS).chain(concurrency::CHECKS) {
        tracing::debug!(name, "checking a store");
        run(Subject::fresh(host, origin).await).await;
    }
}

/// Lists checks by the names of their functions.
macro_rules! checks {
    ($($name:ident),* $(,)?) => {
        &[$((stringify!($name), |subject| $name(subject).boxed())),*]
    };
}
use checks;

/// One sentence of the contract, or a few that belong together.
type Check = fn(Subject<'_>) -> BoxFuture<'_, ()>;

const CHECKS: &[(&str, Check)] = checks![
    every_row_starts_as_version_0,
    an_absent_key_has_no_value_and_the_initial_version,
    a_write_adds_one_to_the_version,
    a_write_of_an_absent_key_makes_its_row,
    a_write_leaves_other_rows_and_the_outbox_alone,
    nodes_see_each_others_writes,
    concurrent_writers_get_consecutive_versions,
    an_event_tells_the_version_of_its_write,
    the_outbox_is_read_from_its_oldest_row,
    the_outbox_loses_only_the_rows_that_are_named,
    a_trimmed_sequence_is_not_used_again,
    a_batch_sets_rows_to_the_versions_given,
    a_batch_never_takes_a_row_back,
    a_batch_of_many_rows_is_applied_whole,
    a_write_goes_on_from_where_a_batch_left_the_version,
    the_audit_shows_every_row_in_the_order_of_keys,
    the_audit_sees_a_body_that_does_not_match_its_checksum,
    a_reset_restores_the_dataset,
    a_reset_can_bring_another_dataset,
    a_handle_from_before_a_reset_is_unavailable,
];

/// How many keys the suite's dataset has.
const KEYS: u64 = 10;
/// The first key that is in no dataset of the suite.
const ABSENT: Key = Key(1_000);

/// A host on which the dataset was just loaded, and two nodes on it.
struct Subject<'a> {
    host: &'a dyn StoreHost,
    origin: Origin,
    dataset: Numbers,
    store: Arc<dyn Store>,
    other: Arc<dyn Store>,
}

impl<'a> Subject<'a> {
    async fn fresh(host: &'a dyn StoreHost, origin: Origin) -> Self {
        let dataset = Numbers { keys: KEYS, children: origin.children() };
        host.reset(&dataset).await.expect("a reset works");
        let store = host.connect(NodeId(0)).await.expect("a node can connect");
        let other = host.connect(NodeId(1)).await.expect("a second node can connect");
        Self { host, origin, dataset, store, other }
    }

    /// What a read must bring where `draft` was committed as `version`.
    fn read_of(&self, draft: &Draft, version: Version) -> Read {
        let mut value = draft.at(version);
        let mut rows = 1;
        if let Origin::Aggregation { rows: children } = self.origin
            && !draft.is_deletion()
        {
            let loaded = draft.key.0 < self.dataset.keys;
            let children = if loaded { children } else { 0 };
            let amount = |child| self.dataset.child_amount(draft.key, child);
            value.aggregate =
                Some(Aggregate { rows: children, total: (0..children).map(amount).sum() });
            rows += children;
        }
        Read { value, rows }
    }

    async fn assert_row(&self, draft: &Draft, version: Version, sentence: &str) {
        let read = self.store.read(draft.key).await;
        assert_eq!(read, Ok(self.read_of(draft, version)), "{sentence}");
        assert_eq!(self.store.version(draft.key).await, Ok(version), "{sentence}");
    }

    async fn assert_untouched(&self, key: Key, sentence: &str) {
        self.assert_row(&self.dataset.initial(key), Version::INITIAL, sentence).await;
    }

    async fn outbox(&self) -> Vec<Event> {
        self.store.read_outbox(usize::MAX).await.expect("the outbox can be read")
    }
}

/// A dataset whose rows and children can be told apart by sight.
#[derive(Clone)]
struct Numbers {
    keys: u64,
    children: u32,
}

impl Dataset for Numbers {
    fn keys(&self) -> u64 {
        self.keys
    }

    fn initial(&self, key: Key) -> Draft {
        let body = format!(r#"{{"id":{},"of":{}}}"#, key.0, self.keys);
        Draft::new(key, Writer::LOAD, body.into())
    }

    fn children(&self) -> u32 {
        self.children
    }

    /// Both signs, and another total for every key.
    fn child_amount(&self, key: Key, child: u32) -> i64 {
        let magnitude = (key.0 as i64 + 1) * 1_000 + i64::from(child);
        if child.is_multiple_of(3) { -magnitude } else { magnitude }
    }

    fn shared(&self) -> Arc<dyn Dataset> {
        Arc::new(self.clone())
    }
}

async fn every_row_starts_as_version_0(subject: Subject<'_>) {
    for key in (0..KEYS).map(Key) {
        subject.assert_untouched(key, "a loaded row is version 0, as the dataset has it").await;
    }
    assert_eq!(subject.outbox().await, [], "the outbox starts empty");
}

async fn an_absent_key_has_no_value_and_the_initial_version(subject: Subject<'_>) {
    let store = &subject.store;
    let nothing = Read { value: Value::never_written(ABSENT), rows: 0 };
    assert_eq!(store.read(ABSENT).await, Ok(nothing), "a read of no row brings nothing");
    let version = store.version(ABSENT).await;
    assert_eq!(version, Ok(Version::INITIAL), "the version of no row is the initial one");
}

async fn a_write_adds_one_to_the_version(subject: Subject<'_>) {
    for number in 1..=3 {
        let draft = draft(Key(3), number);
        let version = subject.store.write(&draft).await;
        assert_eq!(version, Ok(Version(number)), "a write returns the version it committed");
        let sentence = "the row is what the last write made it";
        subject.assert_row(&draft, Version(number), sentence).await;
    }
}

async fn a_write_of_an_absent_key_makes_its_row(subject: Subject<'_>) {
    for (key, number) in [(ABSENT, 1), (ABSENT, 2)] {
        let draft = draft(key, number);
        let version = subject.store.write(&draft).await;
        assert_eq!(version, Ok(Version(number)), "versions of a new row start from 1");
        subject.assert_row(&draft, Version(number), "a write makes a row that is not there").await;
    }
}

async fn a_write_leaves_other_rows_and_the_outbox_alone(subject: Subject<'_>) {
    subject.store.write(&draft(Key(3), 1)).await.expect("a write works");
    subject.assert_untouched(Key(2), "a write changes no other row").await;
    subject.assert_untouched(Key(4), "a write changes no other row").await;
    assert_eq!(subject.outbox().await, [], "a plain write leaves no event");
}

async fn nodes_see_each_others_writes(subject: Subject<'_>) {
    let draft = draft(Key(5), 1);
    let version = subject.other.write_with_event(&draft).await.expect("a write works");
    subject.assert_row(&draft, version, "an acknowledged write is seen by every node").await;
    assert_eq!(subject.outbox().await.len(), 1, "all nodes share one outbox");
}

async fn concurrent_writers_get_consecutive_versions(subject: Subject<'_>) {
    const WRITERS: u64 = 24;
    let drafts: Vec<_> = (1..=WRITERS).map(|number| draft(Key(0), number)).collect();
    let writes = drafts.iter().enumerate().map(|(number, draft)| {
        let node = if number % 2 == 0 { &subject.store } else { &subject.other };
        if number % 3 == 0 { node.write_with_event(draft) } else { node.write(draft) }
    });
    let versions: Vec<_> = join_all(writes)
        .await
        .into_iter()
        .map(|version| version.expect("concurrent writes work").0)
        .collect();

    let mut sorted = versions.clone();
    sorted.sort_unstable();
    let all: Vec<_> = (1..=WRITERS).collect();
    assert_eq!(sorted, all, "concurrent writers of one key get versions without gap or double");
    let last = versions.iter().position(|&version| version == WRITERS).expect("it is among them");
    let sentence = "the row is that of the writer who was told the last version";
    subject.assert_row(&drafts[last], Version(WRITERS), sentence).await;
}

async fn an_event_tells_the_version_of_its_write(subject: Subject<'_>) {
    let writes = [(Key(1), 1), (Key(2), 2), (Key(1), 3), (ABSENT, 4)];
    let mut told = Vec::new();
    for (key, number) in writes {
        let draft = draft(key, number);
        let version = subject.store.write_with_event(&draft).await.expect("a write works");
        subject.assert_row(&draft, version, "a write with an event writes the row").await;
        told.push((key, version));
    }
    let outbox = subject.outbox().await;
    let events: Vec<_> = outbox.iter().map(|event| (event.key, event.version)).collect();
    assert_eq!(events, told, "each write has its event, with the version it was committed as");
    let ascending = outbox.is_sorted_by(|one, next| one.sequence < next.sequence);
    assert!(ascending, "sequences ascend in the order of commits: {outbox:?}");
}

async fn the_outbox_is_read_from_its_oldest_row(subject: Subject<'_>) {
    let all = with_events(&subject, 5).await;
    for max in [0, 1, 3, 5, 9] {
        let read = subject.store.read_outbox(max).await;
        let expected = all[..max.min(5)].to_vec();
        assert_eq!(read, Ok(expected), "up to {max} rows are read, oldest first");
    }
}

async fn the_outbox_loses_only_the_rows_that_are_named(subject: Subject<'_>) {
    let all = with_events(&subject, 5).await;
    let trimmed = subject.other.trim_outbox(&[all[1], all[3]]).await;
    assert_eq!(trimmed, Ok(()));
    let left = [all[0], all[2], all[4]];
    assert_eq!(subject.outbox().await, left, "only the rows that are named are forgotten");
    let again = subject.store.trim_outbox(&[all[1]]).await;
    assert_eq!(again, Ok(()), "a row can be forgotten twice");
    assert_eq!(subject.store.trim_outbox(&[]).await, Ok(()), "none can be forgotten");
    assert_eq!(subject.outbox().await, left);
}

async fn a_trimmed_sequence_is_not_used_again(subject: Subject<'_>) {
    let all = with_events(&subject, 3).await;
    subject.store.trim_outbox(&all).await.expect("the outbox can be trimmed");
    let next = with_events(&subject, 1).await;
    let sentence = "a sequence is not used again, or a late trim would take the wrong row";
    assert!(next[0].sequence > all[2].sequence, "{sentence}");
}

async fn a_batch_sets_rows_to_the_versions_given(subject: Subject<'_>) {
    let writes = [versioned(Key(1), 7), versioned(Key(2), 1), versioned(ABSENT, 4)];
    let applied = subject.store.apply_batch(&writes).await;
    assert_eq!(applied, Ok(Applied { written: 3, passed: 0 }), "every row was older");
    for write in &writes {
        subject.assert_row(&write.draft, write.version, "a batch sets the version given").await;
    }
    assert_eq!(subject.outbox().await, [], "a batch leaves no events");
    let nothing = subject.store.apply_batch(&[]).await;
    assert_eq!(nothing, Ok(Applied::default()), "a batch can be empty");
}

async fn a_batch_never_takes_a_row_back(subject: Subject<'_>) {
    let first = [versioned(Key(1), 5), versioned(Key(2), 5)];
    let store = &subject.store;
    store.apply_batch(&first).await.expect("a batch works");
    let again = store.apply_batch(&first).await;
    let passed = Ok(Applied { written: 0, passed: 2 });
    assert_eq!(again, passed, "the same batch again changes nothing");

    let mixed = [versioned(Key(1), 4), versioned(Key(2), 6), versioned(Key(2), 6)];
    let applied = store.apply_batch(&mixed).await;
    let expected = Ok(Applied { written: 1, passed: 2 });
    assert_eq!(applied, expected, "only a later version is written, even within one batch");
    subject.assert_row(&first[0].draft, Version(5), "a batch never takes a row back").await;
    subject.assert_row(&mixed[1].draft, Version(6), "a later version is written").await;
}

async fn a_batch_of_many_rows_is_applied_whole(subject: Subject<'_>) {
    // No power of two, and more than any backend will want to send at once.
    let writes: Vec<_> = (0..333).map(|key| versioned(Key(key), 1 + key % 5)).collect();
    let applied = subject.store.apply_batch(&writes).await;
    assert_eq!(applied, Ok(Applied { written: 333, passed: 0 }), "every row was older");
    for write in &writes {
        subject.assert_row(&write.draft, write.version, "every row of a batch is applied").await;
    }
}

async fn a_write_goes_on_from_where_a_batch_left_the_version(subject: Subject<'_>) {
    subject.store.apply_batch(&[versioned(Key(1), 7)]).await.expect("a batch works");
    let version = subject.store.write(&draft(Key(1), 1)).await;
    assert_eq!(version, Ok(Version(8)), "a write adds one to the version that a batch set");
}

async fn the_audit_shows_every_row_in_the_order_of_keys(subject: Subject<'_>) {
    let [far, near] = [Key(ABSENT.0 + 1), ABSENT];
    for (key, number) in [(far, 1), (Key(4), 2), (near, 3)] {
        subject.store.write(&draft(key, number)).await.expect("a write works");
    }
    let version = Version(1);
    let mut expected: Vec<_> = (0..KEYS)
        .map(|key| Row {
            key: Key(key),
            version: Version::INITIAL,
            writer: Writer::LOAD,
            intact: true,
        })
        .collect();
    expected[4] = Row { key: Key(4), version, writer: Writer(2), intact: true };
    expected.push(Row { key: near, version, writer: Writer(3), intact: true });
    expected.push(Row { key: far, version, writer: Writer(1), intact: true });
    let rows = subject.host.rows(EVERY_KEY).await.expect("the rows can be read");
    assert_eq!(rows, expected, "the audit shows every row, in the order of keys");
}

async fn the_audit_sees_a_body_that_does_not_match_its_checksum(subject: Subject<'_>) {
    let mut spoilt = draft(Key(2), 1);
    spoilt.checksum ^= 1;
    subject.store.write(&spoilt).await.expect("a store does not look at checksums");
    let rows = subject.host.rows(EVERY_KEY).await.expect("the rows can be read");
    let broken: Vec<_> = rows.iter().filter(|row| !row.intact).map(|row| row.key).collect();
    assert_eq!(broken, [Key(2)], "the audit compares body and checksum");
    subject.assert_row(&spoilt, Version(1), "a read carries the writer's checksum along").await;
}

async fn a_reset_restores_the_dataset(subject: Subject<'_>) {
    with_events(&subject, 3).await;
    let batch = [versioned(Key(5), 9), versioned(ABSENT, 9)];
    subject.store.apply_batch(&batch).await.expect("a batch works");

    let again = Subject::fresh(subject.host, subject.origin).await;
    for key in (0..KEYS).map(Key) {
        again.assert_untouched(key, "after a reset every row is as it was loaded").await;
    }
    let rows = again.host.rows(EVERY_KEY).await.expect("the rows can be read");
    assert_eq!(rows.len() as u64, KEYS, "after a reset no other row is there");
    assert_eq!(again.outbox().await, [], "after a reset the outbox is empty");
}

async fn a_reset_can_bring_another_dataset(subject: Subject<'_>) {
    let larger = Numbers { keys: KEYS + 1, children: subject.dataset.children };
    subject.host.reset(&larger).await.expect("a reset works");
    let store = subject.host.connect(NodeId(0)).await.expect("a node can connect");
    for key in [Key(0), Key(KEYS)] {
        let value = store.read(key).await.expect("a read works").value;
        assert_eq!(value.body, larger.initial(key).body, "a reset loads the dataset it is given");
    }
}

async fn a_handle_from_before_a_reset_is_unavailable(subject: Subject<'_>) {
    let old = &subject.store;
    let _fresh = Subject::fresh(subject.host, subject.origin).await;
    let unavailable = Fault::store(FaultKind::Unavailable);
    let sentence = "a handle from before a reset fails, and never shows or touches old rows";
    assert_eq!(old.read(Key(0)).await, Err(unavailable), "{sentence}");
    assert_eq!(old.write(&draft(Key(0), 1)).await, Err(unavailable), "{sentence}");
}

/// Makes `count` events and returns the whole outbox.
async fn with_events(subject: &Subject<'_>, count: u64) -> Vec<Event> {
    for number in 1..=count {
        let draft = draft(Key(number % KEYS), number);
        subject.store.write_with_event(&draft).await.expect("a write works");
    }
    subject.outbox().await
}

fn draft(key: Key, number: u64) -> Draft {
    let body = format!(r#"{{"id":{},"number":{number}}}"#, key.0);
    Draft::new(key, Writer(number), Bytes::from(body))
}

fn versioned(key: Key, version: u64) -> VersionedDraft {
    VersionedDraft { draft: draft(key, version), version: Version(version) }
}
