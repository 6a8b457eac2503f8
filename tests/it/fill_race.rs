//! The stale fill: a reader reads the row, a writer commits a new one and tells the cache, and only then
//! the reader's fill arrives.

use cacheduel::model::{Nanos, Version};
use futures_util::future::join;

use crate::stage::{LOAD, Node, Stage, beside, play};

/// Plays the race and returns what is read right after it, and what is read `later`.
async fn race(stage: &Stage, name: &str, options: &str, later: Nanos) -> [Version; 2] {
    let [reader, writer] = [stage.node(name, options).await, stage.node(name, options).await];
    beside(writer.maintain(), async {
        let write = async {
            stage.pass(Nanos(LOAD.0 / 2)).await;
            writer.write(stage.draft(1)).await
        };
        let (read, written) = join(reader.version(), write).await;
        assert_eq!((read, written), (Version(0), Version(1)), "the read began before the write");
        let right_after = reader.version().await;
        stage.pass(later).await;
        [right_after, reader.version().await]
    })
    .await
}

fn played(name: &str, options: &str, later: Nanos) -> [Version; 2] {
    play(async |stage| race(stage, name, options, later).await)
}

const OLD: Version = Version(0);
const NEW: Version = Version(1);
const SECOND: Nanos = Nanos::from_secs(1);

#[test]
fn plain_strategies_put_the_old_row_back_and_keep_it_until_the_ttl() {
    for name in ["cache-aside", "read-through", "write-through", "refresh-ahead", "two-tier"] {
        assert_eq!(played(name, "ttl = \"5s\"", SECOND), [OLD, OLD], "{name}");
        assert_eq!(played(name, "ttl = \"5s\"", Nanos::from_secs(6)), [OLD, NEW], "{name}");
    }
}

#[test]
fn versions_and_leases_prevent_it() {
    assert_eq!(played("versioned", "", SECOND), [NEW, NEW]);
    for name in ["cache-aside", "read-through", "write-through", "stale-while-revalidate"] {
        assert_eq!(played(name, "stampede = \"lease\"", SECOND), [NEW, NEW], "{name}");
    }
}

#[test]
fn a_queued_write_is_not_overwritten_by_a_fill() {
    assert_eq!(played("write-behind", "", SECOND), [NEW, NEW]);
}

#[test]
fn the_second_delete_takes_the_old_row_away_after_its_delay() {
    assert_eq!(played("delayed-double-delete", "delay = \"200ms\"", SECOND), [OLD, NEW]);
    let too_soon = "delay = \"10ms\"";
    assert_eq!(played("delayed-double-delete", too_soon, SECOND), [OLD, OLD], "a fill outlasts it");
}

#[test]
fn a_tombstone_that_a_fill_outlives_protects_nothing() {
    assert_eq!(played("versioned", "tombstone-ttl = \"10ms\"", SECOND), [OLD, OLD]);
}

#[test]
fn deletions_race_like_any_write() {
    play(async |stage| {
        let [plain, versioned] =
            [stage.node("cache-aside", "").await, stage.node("versioned", "").await];
        let deletion =
            || cacheduel::model::Draft::deletion(crate::stage::KEY, stage.draft(1).writer);
        for (node, still_there) in [(plain, true), (versioned, false)] {
            let write = async |node: &Node| {
                stage.pass(Nanos(LOAD.0 / 2)).await;
                node.write(deletion()).await
            };
            join(node.read(), write(&node)).await.0.unwrap();
            assert_eq!(!node.read().await.unwrap().is_absent(), still_there);
            // Away with what the first of them left.
            node.write(stage.draft(2)).await;
        }
    });
}
