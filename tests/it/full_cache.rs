//! Every strategy on a Redis that is out of memory and evicts nothing: reads are answered, nothing old
//! stays, nothing hangs, and what cannot be kept is not acknowledged.

use std::sync::Arc;

use cacheduel::backend::redis::RedisHost;
use cacheduel::backend::twin::TwinCacheHost;
use cacheduel::backend::{Cache, CacheHost, CacheOptions, Entry, Leased, Token};
use cacheduel::clock::SimClock;
use cacheduel::model::{Fault, FaultKind, Key, Nanos, NodeId, Version};
use cacheduel::strategy::Spec;
use futures_util::future::{Either, select};

use crate::private_servers::{PATIENCE, World};
use crate::stage::{KEY, Stage, beside};

/// Strategies whose writes do not touch the entry, or not at once.
const LEAVES_ENTRIES: [&str; 2] = ["ttl", "write-behind"];

struct Full {
    world: World,
    host: Arc<RedisHost>,
    stage: Stage,
}

impl Full {
    /// A server that is not full yet.
    async fn new() -> Self {
        let world = World::new();
        let host = Arc::new(world.managed_host(&CacheOptions::default()).await);
        let clock = world.clock.clone();
        let stage = Stage::on(host.clone(), clock, Nanos::ZERO).await;
        Self { world, host, stage }
    }

    /// From here on it uses more memory than it may, whatever is deleted.
    fn fill(&self) {
        let url = self.host.managed().unwrap().url();
        let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
        let mut set = redis::cmd("CONFIG");
        set.arg("SET").arg("maxmemory").arg(1).exec(&mut connection).unwrap();
        let refused = redis::cmd("SET").arg("more").arg("x").exec(&mut connection).unwrap_err();
        assert_eq!(refused.code(), Some("OOM"), "{refused}");
    }

    async fn cache(&self) -> Arc<dyn Cache> {
        self.host.connect(NodeId(9)).await.unwrap()
    }

    /// What comes of it, unless it hangs.
    async fn in_time<T>(&self, what: impl Future<Output = T>) -> T {
        match select(std::pin::pin!(what), std::pin::pin!(self.world.pass(PATIENCE))).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right(_) => panic!("it hangs"),
        }
    }
}

#[tokio::test]
async fn a_read_is_answered_where_its_fill_is_refused() {
    let guards = ["none", "coalesce", "lock", "lease", "early", "coalesce+lock", "coalesce+lease"];
    for about in Spec::ALL {
        for guard in guards.iter().filter(|_| about.name != "no-cache") {
            let full = Full::new().await;
            let options = format!("stampede = \"{guard}\"");
            let options = if has_guards(about.name) { options.as_str() } else { "" };
            let node = full.stage.node(about.name, options).await;
            full.fill();
            for _ in 0..2 {
                let version = full.in_time(node.version()).await;
                assert_eq!(version, Version(0), "{} {guard}", about.name);
            }
            let held = full.cache().await.get(KEY).await.unwrap();
            assert_eq!(held, None, "{} {guard} was not refused", about.name);
            if options.is_empty() {
                break;
            }
        }
    }
}

/// Whether the strategy lets one choose a guard.
fn has_guards(strategy: &str) -> bool {
    let options: toml::Table = "stampede = \"lease\"".parse().unwrap();
    matches!(Spec::read_options(strategy, options), Some(Ok(_)))
}

#[tokio::test]
async fn a_write_leaves_nothing_old_where_the_cache_is_full() {
    for about in Spec::ALL.iter().filter(|about| !LEAVES_ENTRIES.contains(&about.name)) {
        for guard in ["", "stampede = \"lease\""] {
            if !guard.is_empty() && !has_guards(about.name) {
                continue;
            }
            let full = Full::new().await;
            let node = full.stage.node(about.name, guard).await;
            assert_eq!(node.version().await, Version(0));
            full.fill();
            let written = full.in_time(node.write(full.stage.draft(1))).await;
            assert_eq!(written, Version(1), "{}", about.name);
            full.in_time(node.drain()).await.unwrap();
            let version = full.in_time(node.version()).await;
            assert_eq!(version, Version(1), "{} {guard}", about.name);
        }
    }
}

#[tokio::test]
async fn events_that_the_stream_has_no_room_for_invalidate_all_the_same() {
    let full = Full::new().await;
    let node = full.stage.node("event-invalidation", "").await;
    let worker = full.stage.node("event-invalidation", "").await;
    assert_eq!(node.version().await, Version(0));
    full.fill();
    node.write(full.stage.draft(1)).await;
    let seen = async {
        while node.version().await != Version(1) {
            full.world.pass(Nanos::from_millis(5)).await;
        }
    };
    full.in_time(beside(worker.background(), seen)).await;
}

#[tokio::test]
async fn a_write_behind_that_cannot_be_queued_fails_and_shows_nowhere() {
    // Once with a counter of the key in the cache, and once without.
    for known in [false, true] {
        let full = Full::new().await;
        let node = full.stage.node("write-behind", "").await;
        let before =
            if known { node.write(full.stage.draft(1)).await } else { node.version().await };
        let queued = usize::from(known);
        full.fill();
        let refused = full.in_time(node.try_write(full.stage.draft(2))).await;
        assert_eq!(refused, Err(Fault::cache(FaultKind::Refused)));
        assert_eq!(node.version().await, before);
        let claimed = full.cache().await.claim_writes(10, Nanos::from_secs(3_600)).await.unwrap();
        assert_eq!(claimed.len(), queued, "only what was acknowledged is queued");
    }
}

#[tokio::test]
async fn what_was_queued_before_still_reaches_the_store() {
    let full = Full::new().await;
    let node = full.stage.node("write-behind", "").await;
    node.write(full.stage.draft(1)).await;
    full.fill();
    full.in_time(node.drain()).await.unwrap();
    let control = full.stage.node("no-cache", "").await;
    assert_eq!(control.version().await, Version(1));
}

#[tokio::test]
async fn a_full_redis_still_takes_tombstones_and_ends_the_lease_of_a_fill_it_refuses() {
    let full = Full::new().await;
    let cache = full.cache().await;
    let granted = cache.lease_get(Key(1), Token(1), Nanos::from_secs(3_600)).await.unwrap();
    assert_eq!(granted, Leased::Granted);
    cache.set(Key(2), entry(4), None).await.unwrap();
    full.fill();
    keeps_to_what_a_full_cache_does(&*cache).await;
    // A lease cannot be taken now, and must not seem to be somebody's.
    let refused = cache.lease_get(Key(1), Token(2), Nanos::from_secs(1)).await;
    assert_eq!(refused, Err(Fault::cache(FaultKind::Refused)));
}

#[test]
fn so_does_a_full_twin() {
    let clock = SimClock::new();
    let options = CacheOptions { max_keys: Some(1), ..CacheOptions::default() };
    let host = TwinCacheHost::new(&options, clock.handle()).unwrap();
    clock.block_on(async {
        let cache = host.connect(NodeId(0)).await.unwrap();
        let granted = cache.lease_get(Key(1), Token(1), Nanos::from_secs(3_600)).await.unwrap();
        assert_eq!(granted, Leased::Granted);
        cache.set(Key(2), entry(4), None).await.unwrap();
        keeps_to_what_a_full_cache_does(&*cache).await;
        let again = cache.lease_get(Key(1), Token(2), Nanos::from_secs(1)).await.unwrap();
        assert_eq!(again, Leased::Granted, "the lease has ended with the refusal");
    });
}

/// A full cache in which key 1 is leased to token 1, and key 2 holds version 4.
async fn keeps_to_what_a_full_cache_does(cache: &dyn Cache) {
    let refused = Err(Fault::cache(FaultKind::Refused));
    assert_eq!(cache.lease_set(Key(1), Token(1), entry(1), None).await, refused);
    assert_eq!(cache.lease_set(Key(1), Token(1), entry(1), None).await, Ok(false), "it has ended");
    for key in [Key(2), Key(3)] {
        let ttl = Some(Nanos::from_secs(3_600));
        assert_eq!(cache.invalidate(key, entry(5), ttl).await, Ok(true), "{key:?}");
        assert_eq!(cache.get(key).await.unwrap(), Some(entry(5)), "{key:?}");
        assert_eq!(cache.invalidate(key, entry(4), ttl).await, Ok(false), "{key:?}");
    }
    assert_eq!(cache.delete_if_older(Key(2), Version(6)).await, Ok(true));
    assert_eq!(cache.lease_delete(Key(3)).await, Ok(true));
}

fn entry(version: u64) -> Entry {
    version.to_be_bytes().to_vec().into()
}
