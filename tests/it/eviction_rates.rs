//! How often a full cache hits: the twin beside the closed forms, and beside a real server that is asked
//! the same.

use bytes::Bytes;
use cacheduel::backend::twin::TwinCacheHost;
use cacheduel::backend::{Cache, CacheHost, CacheOptions, Eviction, Victim};
use cacheduel::clock::SimClock;
use cacheduel::model::{Key, Nanos, NodeId, Size};
use cacheduel::theory::eviction;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::private_servers::World;

/// The shares of the keys, by a Zipf distribution. Neighbours do not lie side by side in a server's table,
/// so the keys need not be shuffled.
fn zipf(keys: u64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=keys).map(|rank| libm::pow(rank as f64, -0.99)).collect();
    let total: f64 = weights.iter().sum();
    weights.into_iter().map(|weight| weight / total).collect()
}

/// Keys at random, the same ones every time.
fn requests(shares: &[f64], count: usize) -> Vec<Key> {
    let mut chance = ChaCha8Rng::seed_from_u64(11);
    let mut sum = 0.0;
    let sums: Vec<f64> = shares
        .iter()
        .map(|share| {
            sum += share;
            sum
        })
        .collect();
    let mut key = || {
        let drawn: f64 = chance.random();
        Key(sums.partition_point(|&sum| sum < drawn).min(shares.len() - 1) as u64)
    };
    (0..count).map(|_| key()).collect()
}

/// Reads through the cache, and the share of hits among those of the second half.
async fn hit_ratio(
    cache: &dyn Cache,
    requests: &[Key],
    entry: &Bytes,
    ttl: impl Fn(Key) -> Option<Nanos>,
    between: impl AsyncFn(),
) -> f64 {
    let half = requests.len() / 2;
    let mut hits = 0;
    for (nth, &key) in requests.iter().enumerate() {
        if cache.get(key).await.unwrap().is_some() {
            hits += usize::from(nth >= half);
        } else {
            cache.set(key, entry.clone().into(), ttl(key)).await.unwrap();
        }
        between().await;
    }
    hits as f64 / (requests.len() - half) as f64
}

/// The hit ratio of a twin that is asked at a steady rate.
fn on_twin(
    options: &CacheOptions,
    requests: &[Key],
    entry: &Bytes,
    ttl: impl Fn(Key) -> Option<Nanos>,
    gap: Nanos,
) -> f64 {
    let clock = SimClock::new();
    let host = TwinCacheHost::new(options, clock.handle()).unwrap();
    clock.block_on(async {
        let cache = host.connect(NodeId(0)).await.unwrap();
        let between = async || clock.sleep(gap).await;
        hit_ratio(&*cache, requests, entry, ttl, between).await
    })
}

/// Redis's clock ticks once a second: what was used within the same second is as old. So at a high rate
/// it evicts as if at random, and at a low one nearly by the order of use.
#[test]
fn sampled_lru_is_nearly_exact_at_a_low_rate_and_nearly_random_at_a_high_one() {
    const CAPACITY: u64 = 2_000;
    let shares = zipf(10_000);
    let requests = requests(&shares, 200_000);
    let on = |eviction, victim, rate| {
        let (max_keys, victim) = (Some(CAPACITY), Some(victim));
        let options = CacheOptions { max_keys, eviction, victim, ..CacheOptions::default() };
        let gap = Nanos(1_000_000_000_u64 / rate);
        on_twin(&options, &requests, &Bytes::from_static(b"entry"), |_| None, gap)
    };
    let sampled = Victim::BestOf(Victim::SAMPLES);
    let exact = on(Eviction::AllkeysLru, Victim::Exact, 1_000);
    let random = on(Eviction::AllkeysRandom, sampled, 1_000);
    let (slow, quick) =
        (on(Eviction::AllkeysLru, sampled, 1_000), on(Eviction::AllkeysLru, sampled, 23_000));
    let figures = format!("exact {exact}, 1,000/s {slow}, 23,000/s {quick}, random {random}");
    // Four standard errors of 100,000 requests are 0.006.
    assert!((exact - eviction::lru(&shares, CAPACITY)).abs() < 0.006, "{figures}");
    assert!((random - eviction::random(&shares, CAPACITY)).abs() < 0.006, "{figures}");
    assert!(slow < exact && exact - slow < 0.02, "{figures}");
    assert!(quick < slow - 0.01 && (quick - random).abs() < 0.02, "{figures}");
}

/// A real server and its twin, asked for the same keys at the same rate, hit as often: within 0.02, by
/// every policy. What an empty server takes differs by a tenth of a megabyte, which is a fiftieth of the
/// entries that have room here; the rest is chance.
#[tokio::test]
async fn a_real_server_and_its_twin_hit_as_often_by_every_policy() {
    const BAND: f64 = 0.02;
    let shares = zipf(40_000);
    let requests = requests(&shares, 60_000);
    let entry = Bytes::from(vec![7; 330]);
    // All keys expire, though not while this runs, and some before others.
    let ttl = |key: Key| Some(Nanos::from_secs(10_000 + key.0 % 97));
    for eviction in [
        Eviction::AllkeysLru,
        Eviction::AllkeysLfu,
        Eviction::AllkeysRandom,
        Eviction::VolatileLru,
        Eviction::VolatileLfu,
        Eviction::VolatileRandom,
        Eviction::VolatileTtl,
    ] {
        let world = World::new();
        let maxmemory = Some(Size(5 << 20));
        let options = CacheOptions { maxmemory, eviction, ..CacheOptions::default() };
        let host = world.managed_host(&options).await;
        host.reset().await.unwrap();
        let cache = host.connect(NodeId(0)).await.unwrap();
        let began = world.clock.now();
        let real = hit_ratio(&*cache, &requests, &entry, ttl, async || {}).await;
        let gap = Nanos((world.clock.now() - began).0 / requests.len() as u64);
        let evicted = host.counters().await.unwrap().unwrap().evicted_keys;
        assert!(evicted > 5_000, "{eviction:?}: {evicted} evictions show little");
        let twin = on_twin(&options, &requests, &entry, ttl, gap);
        assert!((real - twin).abs() < BAND, "{eviction:?}: {real} really, {twin} on the twin");
    }
}
