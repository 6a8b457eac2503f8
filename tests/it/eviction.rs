//! Each of Redis's policies, as a real server carries it out when it is full, and its twin as well.

use cacheduel::backend::twin::TwinCacheHost;
use cacheduel::backend::{Cache, CacheHost, CacheOptions, Eviction};
use cacheduel::model::{Fault, FaultKind, Key, Nanos, NodeId, Size};

use crate::private_servers::World;

const LIMIT: Size = Size(6 << 20);
const ENTRY: usize = 10_000;
/// Entries that together need about twice as much as there is.
const FLOOD: u64 = 1_000;
const LONG: Nanos = Nanos::from_secs(3_600);

const ALL_KEYS: [Eviction; 3] =
    [Eviction::AllkeysLru, Eviction::AllkeysLfu, Eviction::AllkeysRandom];
const VOLATILE: [Eviction; 4] =
    [Eviction::VolatileLru, Eviction::VolatileLfu, Eviction::VolatileRandom, Eviction::VolatileTtl];

/// A real server and its twin.
async fn hosts(world: &World, eviction: Eviction) -> [Box<dyn CacheHost>; 2] {
    let options = CacheOptions { maxmemory: Some(LIMIT), eviction, ..CacheOptions::default() };
    let twin = TwinCacheHost::new(&options, world.clock.clone()).unwrap();
    let hosts: [Box<dyn CacheHost>; 2] =
        [Box::new(world.managed_host(&options).await), Box::new(twin)];
    for host in &hosts {
        assert_eq!(host.server().settings["maxmemory-policy"], eviction.name());
        assert_eq!(host.server().settings["maxmemory-samples"], "5");
        host.reset().await.unwrap();
    }
    hosts
}

async fn evicted(host: &dyn CacheHost) -> u64 {
    host.counters().await.unwrap().unwrap().evicted_keys
}

async fn set(cache: &dyn Cache, key: u64, ttl: Option<Nanos>) -> Result<(), Fault> {
    cache.set(Key(key), vec![0; ENTRY].into(), ttl).await
}

async fn held(host: &dyn CacheHost, keys: std::ops::Range<u64>) -> usize {
    let keys: Vec<Key> = keys.map(Key).collect();
    let states = host.state(&keys).await.unwrap();
    states.iter().filter(|state| state.entry.is_some()).count()
}

#[tokio::test]
async fn a_policy_for_all_keys_makes_room_whether_entries_expire_or_not() {
    for policy in ALL_KEYS {
        for ttl in [None, Some(LONG)] {
            let world = World::new();
            for host in hosts(&world, policy).await {
                let cache = host.connect(NodeId(0)).await.unwrap();
                for key in 0..FLOOD {
                    set(&*cache, key, ttl).await.unwrap();
                }
                let left = held(&*host, 0..FLOOD).await as u64;
                assert!(left > 0, "{policy:?}");
                // The streams of the run have no expiry, and are the policy's to take as well.
                let gone = evicted(&*host).await;
                let expected = FLOOD - left..=FLOOD - left + 2;
                assert!(expected.contains(&gone), "{policy:?} {gone} {left}");
            }
        }
    }
}

#[tokio::test]
async fn a_volatile_policy_takes_what_expires_and_refuses_when_nothing_does() {
    for policy in VOLATILE {
        let world = World::new();
        for host in hosts(&world, policy).await {
            takes_what_expires(&*host, policy).await;
        }
    }
}

async fn takes_what_expires(host: &dyn CacheHost, policy: Eviction) {
    let cache = host.connect(NodeId(0)).await.unwrap();
    let lasting = 50;
    for key in 0..lasting {
        set(&*cache, key, None).await.unwrap();
    }
    for key in lasting..FLOOD {
        set(&*cache, key, Some(LONG)).await.unwrap();
    }
    assert!(evicted(host).await > 0, "{policy:?}");
    assert_eq!(held(host, 0..lasting).await as u64, lasting, "{policy:?}");
    // What has no expiry pushes out all that has, and then there is no room.
    let mut refused = None;
    for key in FLOOD..3 * FLOOD {
        if let Err(fault) = set(&*cache, key, None).await {
            refused = Some(fault);
            break;
        }
    }
    assert_eq!(refused, Some(Fault::cache(FaultKind::Refused)), "{policy:?}");
    assert_eq!(held(host, lasting..FLOOD).await, 0, "{policy:?}");
    assert_eq!(held(host, 0..lasting).await as u64, lasting, "{policy:?}");
}

#[tokio::test]
async fn without_eviction_entries_are_refused_and_all_others_stay() {
    let world = World::new();
    for host in hosts(&world, Eviction::Noeviction).await {
        let cache = host.connect(NodeId(0)).await.unwrap();
        let mut kept = 0;
        while set(&*cache, kept, Some(LONG)).await.is_ok() {
            kept += 1;
            assert!(kept < FLOOD, "it takes more than its limit");
        }
        assert_eq!(held(&*host, 0..kept).await as u64, kept);
        assert_eq!(evicted(&*host).await, 0);
        assert!(cache.delete(Key(0)).await.unwrap(), "it deletes");
    }
}

#[tokio::test]
async fn volatile_ttl_takes_first_what_expires_first() {
    let world = World::new();
    for host in hosts(&world, Eviction::VolatileTtl).await {
        let cache = host.connect(NodeId(0)).await.unwrap();
        let half = 200;
        for key in 0..half {
            set(&*cache, key, Some(LONG)).await.unwrap();
        }
        let last = 3 * half + 50;
        for key in half..last {
            set(&*cache, key, Some(Nanos::from_secs(36_000))).await.unwrap();
        }
        let (soon, late) = (held(&*host, 0..half).await, held(&*host, half..last).await);
        // It looks at a few at a time: some that expire late may go, as long as others are left.
        assert!(4 * soon < late, "{soon} of those that expire soon, {late} of the others");
    }
}

#[tokio::test]
async fn lru_and_lfu_keep_what_is_used() {
    for policy in [Eviction::AllkeysLru, Eviction::AllkeysLfu] {
        let world = World::new();
        for host in hosts(&world, policy).await {
            keeps_what_is_used(&world, &*host, policy).await;
        }
    }
}

async fn keeps_what_is_used(world: &World, host: &dyn CacheHost, policy: Eviction) {
    let cache = host.connect(NodeId(0)).await.unwrap();
    let (used, unused) = (0..100_u64, 100..300_u64);
    for key in used.start..unused.end {
        set(&*cache, key, None).await.unwrap();
    }
    // The clock of LRU ticks once a second: what was used within the same one is as old.
    world.pass(Nanos::from_millis(2_100)).await;
    for key in used.clone().cycle().take(5_000) {
        cache.get(Key(key)).await.unwrap();
    }
    for key in FLOOD..FLOOD + 400 {
        set(&*cache, key, None).await.unwrap();
    }
    let share = |kept: usize, of: u64| kept as f64 / of as f64;
    let kept = share(held(host, used).await, 100);
    let lost = share(held(host, unused).await, 200);
    assert!(evicted(host).await > 0 && kept > lost + 0.2, "{policy:?}: {kept} and {lost}");
}
