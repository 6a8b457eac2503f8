//! Strategies with a bug planted in them, through the whole harness: each must be found out by the
//! figure that names it, and the same strategy without its bug by none.

mod cached;
mod deleting;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use cacheduel::backend::{Ctx, Store};
use cacheduel::clock::SimClock;
use cacheduel::experiment::{self, Environment};
use cacheduel::model::{Draft, Key, Nanos, Outcome, Value, Version};
use cacheduel::record::Run;
use cacheduel::scenario;
use cacheduel::strategy::Strategy;
use cacheduel::strategy::parts::entry::{self, Held, Stamp};
use cacheduel::strategy::parts::format::Format;
use futures_util::future::BoxFuture;

use crate::simulated::profile;

const SCENARIO: &str = r#"
question = "Is the bug found?"
[dataset]
entity = "counter"
keys = 50
size = "200B"
[workload]
seed = 3
reads = 0.8
popularity = "uniform"
arrival = { poisson = { rate = 500 } }
duration = "10s"
clients = 10
[strategies.no-cache]
"#;

/// What is wrong with the strategy.
#[derive(Clone, Copy, PartialEq)]
enum Bug {
    None,
    /// Every entry that was ever cached is served for ever.
    ServesOldValues,
    /// Every tenth write is acknowledged and dropped.
    LosesWrites,
    /// Of two writes to a key, the later is acknowledged under the earlier one's version.
    ReversesWrites,
    /// Every hundredth answer is another key's.
    MixesUpKeys,
}

/// A cache without expiry that every write deletes from, on one node.
struct Planted {
    bug: Bug,
    writes: AtomicU64,
    reads: AtomicU64,
    held: Mutex<Vec<(Key, Version)>>,
}

impl Planted {
    fn build(bug: Bug) -> Box<dyn Strategy> {
        Box::new(Self {
            bug,
            writes: AtomicU64::new(0),
            reads: AtomicU64::new(0),
            held: Mutex::default(),
        })
    }

    /// Gives the first of two writes to a key the version that the second one will get, and the
    /// other way round.
    fn reversed(&self, key: Key, version: Version) -> Version {
        let mut held = self.held.lock().unwrap();
        match held.iter().position(|(of, _)| *of == key) {
            None => {
                held.push((key, version));
                version.next()
            }
            Some(place) => held.swap_remove(place).1,
        }
    }
}

#[async_trait]
impl Strategy for Planted {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, mut key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            let count = self.reads.fetch_add(1, Ordering::Relaxed);
            if self.bug == Bug::MixesUpKeys && count % 100 == 99 {
                key = Key((key.0 + 1) % 50);
            }
            if self.bug != Bug::ServesOldValues {
                return Ok(ctx.lookup().store().read(key).await?.value);
            }
            if let Some(held) = ctx.lookup().cache().get(key).await? {
                return match entry::decode(ctx.lookup(), key, held)? {
                    Held::Value(value, _) => Ok(value),
                    Held::Tombstone(_) => unreachable!("nobody writes tombstones here"),
                };
            }
            let value = ctx.fill().store().read(key).await?.value;
            let entry = entry::encode(ctx.fill(), &value, Stamp::NONE, &Format::default());
            ctx.fill().cache().set(key, entry, None).await?;
            Ok(value)
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let count = self.writes.fetch_add(1, Ordering::Relaxed);
        if self.bug == Bug::LosesWrites && count % 10 == 9 {
            return Ok(ctx.write().store().version(draft.key).await?.next());
        }
        let version = ctx.write().store().write(&draft).await?;
        Ok(if self.bug == Bug::ReversesWrites {
            self.reversed(draft.key, version)
        } else {
            version
        })
    }
}

fn run(bug: Bug) -> Run {
    run_strategy(&|| Planted::build(bug))
}

fn run_strategy(build: &(dyn Fn() -> Box<dyn Strategy> + Sync)) -> Run {
    run_scenario(SCENARIO, build)
}

/// The same keys, a fifth of which have no row at first, under every kind of operation.
fn run_deleting(bug: deleting::Bug) -> Run {
    let scenario = SCENARIO.replace("keys = 50", "keys = 50\nabsent = 0.2").replace(
        "reads = 0.8",
        "reads = 0.6\ninserts = 0.05\ndeletes = 0.1\nread-modify-writes = 0.1",
    );
    run_scenario(&scenario, &|| deleting::Deleting::build(bug))
}

fn run_scenario(text: &str, build: &(dyn Fn() -> Box<dyn Strategy> + Sync)) -> Run {
    let loaded = scenario::parse("planted", text).unwrap();
    let clock = SimClock::new();
    let profile = profile(200, 1_000, 500, 2_000);
    let environment = Environment::simulated(&loaded.scenario, &clock, &profile);
    clock.block_on(experiment::run_strategy(&loaded, &environment, build)).unwrap()
}

#[test]
fn without_a_bug_nothing_is_found() {
    let run = run(Bug::None);
    let findings = &run.findings;
    assert!(findings.reads > 3_500 && findings.writes > 800, "{findings:?}");
    assert_eq!(findings.definitely_stale + findings.dirty_reads + findings.order_violations, 0);
    assert_eq!(findings.monotonic_violations + findings.read_your_writes_violations, 0);
    assert_eq!(findings.duplicate_versions + findings.corrupt + findings.phantom_absent, 0);
    assert_eq!((run.audit.lost_writes, run.audit.stale, run.audit.corrupt), (0, 0, 0));
}

#[test]
fn a_strategy_that_serves_old_values_is_caught() {
    let run = run(Bug::ServesOldValues);
    let share = run.findings.definitely_stale as f64 / run.findings.reads as f64;
    assert!(share > 0.5, "{share}");
    assert!(run.findings.read_your_writes_violations > 0);
    assert!(run.findings.age_at_least.max() > Nanos::from_secs(5));
    assert!(run.audit.stale > 40, "left in the cache: {}", run.audit.stale);
    assert_eq!(run.audit.lost_writes, 0, "serving old values loses none");
}

#[test]
fn a_strategy_that_loses_writes_is_caught() {
    let run = run(Bug::LosesWrites);
    let dropped = run.findings.writes / 10;
    // A dropped write's version is given again to the next write of its key, so every one shows: as
    // lost where it was the key's last, as a version given twice where it was not.
    let shown = run.audit.lost_writes + run.findings.duplicate_versions;
    assert!(run.audit.lost_writes > 0, "{:?}", run.audit);
    assert!(shown >= dropped * 9 / 10, "{shown} of about {dropped}");
}

#[test]
fn a_strategy_that_reverses_two_writes_is_caught() {
    assert!(run(Bug::ReversesWrites).findings.order_violations > 100);
}

#[test]
fn a_strategy_that_mixes_up_keys_is_caught() {
    let run = run(Bug::MixesUpKeys);
    assert!(run.findings.corrupt >= run.findings.reads / 110, "{}", run.findings.corrupt);
    let check = run.checks.iter().find(|check| check.name == "corrupt values").unwrap();
    assert_eq!(check.standing.name(), "INVALID");
}

#[test]
fn a_worker_that_settles_before_the_commit_is_caught() {
    let run = run_strategy(&cached::SettlesBeforeCommit::build);
    assert!(run.audit.lost_writes > 0);
    assert!(run.audit.ahead > 0, "the cache still holds what the store never got");
    assert_eq!(run.findings.order_violations + run.findings.duplicate_versions, 0);
}

#[test]
fn sets_in_reverse_order_leave_the_cache_stale() {
    let run = run_strategy(&cached::SetsInReverse::build);
    assert!(run.findings.definitely_stale > 0 && run.findings.read_your_writes_violations > 0);
    assert!(run.audit.stale > 0);
    assert_eq!((run.audit.lost_writes, run.audit.ahead, run.audit.phantom), (0, 0, 0));
    assert_eq!(run.findings.order_violations + run.findings.duplicate_versions, 0);
}

/// A fill that races an invalidation leaves a stale entry; so a few reads are stale even without a
/// bug, but no answer is a phantom.
#[test]
fn absences_and_deletions_are_no_phantoms_by_themselves() {
    let run = run_deleting(deleting::Bug::None);
    let findings = &run.findings;
    assert!(findings.reads > 3_000 && findings.writes > 1_800, "{findings:?}");
    assert_eq!(findings.phantom_absent + findings.phantom_present + findings.dirty_reads, 0);
    assert_eq!(findings.order_violations + findings.duplicate_versions + findings.corrupt, 0);
    assert_eq!((run.audit.lost_writes, run.audit.phantom, run.audit.corrupt), (0, 0, 0));
    assert!(findings.definitely_stale * 20 < findings.reads, "{}", findings.definitely_stale);
}

#[test]
fn a_strategy_that_answers_absent_for_a_live_row_is_caught() {
    let findings = run_deleting(deleting::Bug::SaysAbsent).findings;
    // Four of the five keys are loaded, so to say of them that there never was a row is a phantom.
    assert!(findings.phantom_absent > findings.reads / 20, "{}", findings.phantom_absent);
    assert_eq!(findings.phantom_present, 0);
    assert!(findings.definitely_stale > findings.reads / 20, "once written, it is stale as well");
}

#[test]
fn a_strategy_whose_deletes_do_not_reach_the_cache_is_caught() {
    let run = run_deleting(deleting::Bug::ForgetsDeletes);
    let sound = run_deleting(deleting::Bug::None);
    let stale = run.findings.definitely_stale;
    assert!(stale > 5 * sound.findings.definitely_stale, "{stale}");
    assert!(run.audit.stale > 0, "rows that are deleted are left in the cache");
    assert!(run.findings.read_your_writes_violations > 0);
    assert_eq!(run.findings.phantom_absent + run.findings.phantom_present, 0);
}

#[test]
fn a_row_under_the_version_of_its_deletion_is_caught() {
    let run = run_deleting(deleting::Bug::CachesDeletedRows);
    assert!(run.findings.phantom_present > 100, "{}", run.findings.phantom_present);
    assert_eq!(run.findings.phantom_absent, 0);
}

#[test]
fn updates_that_are_lost_to_others_are_counted() {
    let scenario = |reads: &str, keys: &str| {
        let text = SCENARIO.replace("reads = 0.8", reads).replace("keys = 50", keys);
        run_scenario(&text, &|| Planted::build(Bug::None)).findings
    };
    // Read, 1 ms; write, 2 ms: on one key two of them often overlap.
    let contended = scenario("reads = 0.5\nread-modify-writes = 0.5", "keys = 2");
    assert!(contended.lost_updates > contended.writes / 10, "{}", contended.lost_updates);
    assert_eq!(contended.definitely_stale + contended.order_violations, 0);
    let blind = scenario("reads = 0.5", "keys = 2");
    assert_eq!(blind.lost_updates, 0, "who reads nothing overlooks nothing");
}

#[test]
fn a_stale_read_makes_the_update_after_it_a_lost_one() {
    let text = SCENARIO.replace("reads = 0.8", "reads = 0.5\nread-modify-writes = 0.5");
    let lost = |bug| run_scenario(&text, &|| Planted::build(bug)).findings.lost_updates;
    assert!(lost(Bug::ServesOldValues) > 10 * lost(Bug::None));
}
