use futures_util::FutureExt;
use futures_util::future::{join, join_all};

use super::*;
use crate::backend::{CacheHost, CacheOptions, Connections, Notice};
use crate::clock::SimClock;
use crate::model::{CacheBreakage, CacheTimes, NodeId, Span, Spread};

const KEY: Key = Key(1);
const UNAVAILABLE: Fault = Fault::cache(FaultKind::Unavailable);

const SEED: u64 = 1;

fn micros(micros: u64) -> Nanos {
    Nanos::from_micros(micros)
}

/// A round trip of 100 us, always, 10 us for each command, and 7 us for a script.
const STEADY: CacheTimes = CacheTimes {
    round_trip: Spread::constant(Span::from_micros(100)),
    service: Span::from_micros(10),
    script: Span::from_micros(7),
};

/// The same, with a network that now and then takes nine times as long.
const UNSTEADY: CacheTimes = CacheTimes {
    round_trip: Spread::log_normal(Span::from_micros(100), Span::from_micros(900)),
    ..STEADY
};

fn host(clock: &SimClock, connections: Connections, times: CacheTimes) -> TwinCacheHost {
    let timeout = Span::from_millis(300);
    let options = CacheOptions { connections, timeout, ..CacheOptions::default() };
    TwinCacheHost::simulated(&options, &times, SEED, clock.handle()).unwrap()
}

/// Plays a scene on a server with one node.
fn play(connections: Connections, scene: impl AsyncFnOnce(&SimClock, &TwinCacheHost, &dyn Cache)) {
    let clock = SimClock::new();
    let host = host(&clock, connections, STEADY);
    clock.block_on(async {
        let cache = host.connect(NodeId(0)).await.unwrap();
        scene(&clock, &host, &*cache).await;
    });
}

#[test]
fn a_cache_that_takes_no_time_answers_at_once_and_allocates_nothing() {
    let clock = SimClock::new();
    let host = host(&clock, Connections::Shared(4), CacheTimes::default());
    let cache = host.connect(NodeId(0)).now_or_never().unwrap().unwrap();
    assert_eq!(cache.set(KEY, "entry".into(), None).now_or_never(), Some(Ok(())));
    let found = || cache.get(KEY).now_or_never();
    assert_eq!(found(), Some(Ok(Some("entry".into()))));
    let allocations = allocation_counter::measure(|| drop(found()));
    assert_eq!(allocations.count_total, 0);
}

#[test]
fn a_call_takes_its_round_trip_and_the_time_of_its_commands() {
    play(Connections::Shared(4), async |clock, _, cache| {
        cache.get(KEY).await.unwrap();
        assert_eq!(clock.now(), micros(110));
        cache.set_if_newer(KEY, vec![0; 8].into(), None).await.unwrap();
        assert_eq!(clock.now(), micros(110 + 127), "a script, and what it calls");
    });
}

#[test]
fn commands_wait_for_those_that_arrived_before() {
    play(Connections::Shared(4), async |clock, _, cache| {
        let calls = (0..5).map(|key| async move {
            cache.get(Key(key)).await.unwrap();
            clock.now()
        });
        let ended = join_all(calls).await;
        assert_eq!(ended, [110, 120, 130, 140, 150].map(micros));
    });
}

#[test]
fn answers_on_one_connection_do_not_overtake_each_other() {
    for (connections, is_in_order) in [(1, true), (64, false)] {
        let clock = SimClock::new();
        let host = host(&clock, Connections::Shared(connections), UNSTEADY);
        let mut ended = clock.block_on(async {
            let cache = &*host.connect(NodeId(0)).await.unwrap();
            let clock = &clock;
            let calls = (0..64).map(|key| async move {
                clock.sleep(Nanos(key)).await;
                cache.get(Key(key)).await.unwrap();
                clock.now()
            });
            join_all(calls).await
        });
        assert_eq!(ended.is_sorted(), is_in_order, "over {connections}");
        // Whatever the order, one thread has done one after the other.
        ended.sort();
        assert!(ended[63] >= micros(640) + ended[0].since(micros(110)).min(micros(1)));
    }
}

#[test]
fn a_pooled_connection_carries_one_call_at_a_time() {
    play(Connections::Pooled(2), async |clock, host, cache| {
        let calls = (0..4).map(|key| async move {
            cache.get(Key(key)).await.unwrap();
            clock.now()
        });
        assert_eq!(join_all(calls).await, [110, 120, 220, 230].map(micros));
        let pool = host.counters().await.unwrap().unwrap().pool;
        assert_eq!((pool.calls, pool.total, pool.max), (4, micros(230), micros(120)));
    });
}

#[test]
fn a_notice_travels_as_an_answer_does() {
    play(Connections::Shared(4), async |clock, host, cache| {
        let mut bus = host.connect(NodeId(1)).await.unwrap().subscribe().await.unwrap();
        // There and back twice to connect, and once more to subscribe.
        assert_eq!(clock.now(), micros(310));
        let heard = async {
            assert_eq!(bus.next().await, Ok(Notice::Changed(KEY)));
            clock.now()
        };
        let (heard, told) = join(heard, cache.broadcast(KEY)).await;
        assert_eq!((heard, told), (micros(310 + 110), Ok(())));
    });
}

#[test]
fn who_waits_for_events_hears_of_them_half_a_round_trip_after_they_are_there() {
    play(Connections::Shared(4), async |clock, _, cache| {
        let event = Event { sequence: 1, key: KEY, version: Version(1) };
        let claimed = async {
            let claimed = cache.claim_events(9, Nanos::from_secs(1), Nanos::from_secs(9)).await;
            (claimed.unwrap().len(), clock.now())
        };
        let published = async {
            clock.sleep(micros(400)).await;
            cache.publish(&[event]).await.unwrap();
        };
        assert_eq!(join(claimed, published).await.0, (1, micros(400 + 50 + 50)));
    });
}

#[test]
fn what_a_paused_server_was_sent_it_does_when_it_goes_on() {
    play(Connections::Shared(4), async |clock, host, cache| {
        host.inject(&CacheBreakage::Paused).await.unwrap();
        let set = cache.set(KEY, "late".into(), None).await;
        assert_eq!(set, Err(Fault::cache(FaultKind::Timeout)));
        assert_eq!(clock.now(), Nanos::from_millis(300));
        host.lift(&CacheBreakage::Paused).await.unwrap();
        assert_eq!(cache.get(KEY).await, Ok(Some("late".into())));
    });
}

#[test]
fn a_call_that_a_pause_does_not_outlast_is_answered() {
    for breakage in [CacheBreakage::Paused, CacheBreakage::Unreachable] {
        play(Connections::Shared(4), async |clock, host, cache| {
            let broken = async {
                // The first answer is on its way back, and the server is at the second.
                clock.sleep(micros(65)).await;
                host.inject(&breakage).await.unwrap();
                clock.sleep(micros(1_000)).await;
                host.lift(&breakage).await.unwrap();
            };
            let get = async || {
                cache.get(KEY).await.unwrap();
                clock.now()
            };
            let ((first, second), ()) = join(join(get(), get()), broken).await;
            let expected = match breakage {
                CacheBreakage::Paused => (micros(110), micros(1_120)),
                _ => (micros(1_065), micros(1_065)),
            };
            assert_eq!((first, second), expected, "{breakage:?}");
        });
    }
}

#[test]
fn a_reset_fails_what_is_under_way_and_what_had_arrived_is_done() {
    play(Connections::Shared(2), async |clock, host, cache| {
        let reset = async {
            clock.sleep(micros(55)).await;
            host.inject(&CacheBreakage::Reset).await.unwrap();
        };
        let late = async {
            clock.sleep(micros(20)).await;
            let set = cache.set(Key(2), "on its way".into(), None).await;
            (set, clock.now())
        };
        let calls = join(cache.set(KEY, "arrived".into(), None), late);
        let ((arrived, late), ()) = join(calls, reset).await;
        assert_eq!((arrived, late), (Err(UNAVAILABLE), (Err(UNAVAILABLE), micros(55))));
        // There and back twice to connect, and once more for the answer.
        assert_eq!(cache.get(KEY).await, Ok(Some("arrived".into())));
        assert_eq!(clock.now(), micros(55 + 310));
        assert_eq!(cache.get(Key(2)).await, Ok(None));
    });
}

#[test]
fn a_dead_server_is_tried_again_after_a_pause() {
    play(Connections::Shared(1), async |clock, host, cache| {
        cache.set(KEY, "entry".into(), None).await.unwrap();
        host.inject(&CacheBreakage::Killed).await.unwrap();
        let mut took = Vec::new();
        for _ in 0..3 {
            let began = clock.now();
            assert_eq!(cache.get(KEY).await, Err(UNAVAILABLE));
            took.push(clock.now() - began);
        }
        // It is broken, it cannot be made anew, and it was tried a moment ago.
        assert_eq!(took, [0, 100, 0].map(micros));
        host.lift(&CacheBreakage::Killed).await.unwrap();
        assert_eq!(cache.get(KEY).await, Err(UNAVAILABLE));
        clock.sleep(Nanos::from_millis(50)).await;
        assert_eq!(cache.get(KEY).await, Ok(None), "its memory is lost");
        let counters = host.counters().await.unwrap().unwrap();
        assert_eq!((counters.keyspace_misses, counters.process.as_str()), (1, "1"));
    });
}

#[test]
fn a_call_that_was_given_up_is_carried_out() {
    play(Connections::Pooled(1), async |clock, _, cache| {
        {
            let mut set = cache.set(KEY, "entry".into(), None);
            assert!((&mut set).now_or_never().is_none());
        }
        assert_eq!(cache.get(KEY).await, Ok(Some("entry".into())));
        assert_eq!(clock.now(), micros(310), "over a connection that was made anew");
    });
}

#[test]
fn the_same_seed_gives_the_same_times() {
    let run = |seed| {
        let clock = SimClock::new();
        let shared = clock.handle();
        let host = TwinCacheHost::simulated(&CacheOptions::default(), &UNSTEADY, seed, shared);
        let host = host.unwrap();
        clock.block_on(async {
            let cache = &*host.connect(NodeId(0)).await.unwrap();
            let clock = &clock;
            join_all((0..50).map(|key| async move {
                cache.get(Key(key)).await.unwrap();
                clock.now()
            }))
            .await
        })
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
