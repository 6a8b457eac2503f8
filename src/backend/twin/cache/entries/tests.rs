use proptest::prelude::*;

use super::*;
use crate::backend::{Eviction, Victim};

const NOW: Nanos = Nanos::ZERO;
const NO_LIMITS: Limits = Limits { keys: usize::MAX, bytes: u64::MAX };

fn entries(limits: Limits, eviction: Eviction, victim: Victim) -> Entries {
    Entries::new(limits, Policy::new(eviction, victim, 7), Cycle::new(7))
}

fn of_keys(keys: usize, eviction: Eviction, victim: Victim) -> Entries {
    entries(Limits { keys, ..NO_LIMITS }, eviction, victim)
}

fn entry() -> Entry {
    "entry".into()
}

fn fill(entries: &mut Entries, keys: impl IntoIterator<Item = u64>) {
    for key in keys {
        entries.set(Key(key), entry(), Nanos::NEVER, NOW).unwrap();
    }
}

fn held(entries: &Entries, keys: std::ops::Range<u64>, now: Nanos) -> usize {
    keys.filter(|&key| entries.peek(Key(key), now).is_some()).count()
}

#[test]
fn the_least_recently_used_entry_goes_and_no_other() {
    let mut entries = of_keys(3, Eviction::AllkeysLru, Victim::Exact);
    fill(&mut entries, [1, 2, 3]);
    entries.get(Key(1), NOW);
    fill(&mut entries, [4]);
    let held = [1, 2, 3, 4].map(|key| entries.peek(Key(key), NOW).is_some());
    assert_eq!(held, [true, false, true, true]);
    assert_eq!(entries.counts().evicted, 1);
}

#[test]
fn who_came_first_goes_however_much_it_is_used() {
    let mut entries = of_keys(3, Eviction::AllkeysFifo, Victim::Exact);
    fill(&mut entries, [1, 2, 3]);
    entries.get(Key(1), NOW);
    fill(&mut entries, [1, 4]);
    let held = |entries: &Entries| [1, 2, 3, 4].map(|key| entries.peek(Key(key), NOW).is_some());
    assert_eq!(held(&entries), [false, true, true, true]);
    fill(&mut entries, [1]);
    assert_eq!(held(&entries), [true, false, true, true], "who comes back comes last");
}

#[test]
fn of_entries_that_expire_the_least_recently_used_goes_and_the_others_stay() {
    let mut entries = of_keys(3, Eviction::VolatileLru, Victim::Exact);
    fill(&mut entries, [1]);
    for key in [2, 3] {
        entries.set(Key(key), entry(), Nanos(9), NOW).unwrap();
    }
    entries.get(Key(2), NOW);
    fill(&mut entries, [4]);
    assert_eq!(held(&entries, 3..4, NOW), 0);
    // What gets an expiry may go, and what loses it may not.
    entries.expire(Key(2), Nanos::NEVER, NOW);
    assert!(entries.set(Key(5), entry(), Nanos::NEVER, NOW).is_err());
    entries.expire(Key(1), Nanos(9), NOW);
    fill(&mut entries, [5]);
    assert_eq!(held(&entries, 1..2, NOW), 0);
}

#[test]
fn a_full_cache_that_evicts_nothing_refuses_new_keys_only() {
    let mut entries = of_keys(2, Eviction::Noeviction, Victim::BestOf(5));
    fill(&mut entries, [1, 2]);
    assert!(entries.set(Key(3), entry(), Nanos::NEVER, NOW).is_err());
    fill(&mut entries, [2]);
    assert!(entries.remove(Key(1), NOW));
    fill(&mut entries, [3]);
}

#[test]
fn a_cache_without_memory_left_refuses_whatever_takes_more() {
    let limits = Limits { bytes: size::EMPTY + 1_000, ..NO_LIMITS };
    let mut entries = entries(limits, Eviction::Noeviction, Victim::BestOf(5));
    let mut kept = 0;
    loop {
        entries.prepare(NOW);
        if entries.set(Key(kept), vec![0; 100].into(), Nanos::NEVER, NOW).is_err() {
            break;
        }
        kept += 1;
    }
    // 208 bytes and a pointer each: the fifth goes beyond the limit, and the sixth is refused.
    assert_eq!(kept, 5);
    assert!(entries.set(Key(0), entry(), Nanos::NEVER, NOW).is_err(), "what is there is replaced");
    assert!(entries.remove(Key(0), NOW));
    entries.prepare(NOW);
    fill(&mut entries, [9]);
}

#[test]
fn an_expired_entry_takes_room_until_it_is_come_upon() {
    let mut entries = of_keys(2, Eviction::AllkeysLru, Victim::Exact);
    fill(&mut entries, [1]);
    entries.set(Key(2), entry(), Nanos(10), NOW).unwrap();
    let memory = entries.used_memory();
    assert_eq!(entries.peek(Key(2), Nanos(10)), None);
    assert_eq!(entries.used_memory(), memory, "nobody has come upon it");
    assert_eq!(entries.get(Key(2), Nanos(10)), None);
    assert!(entries.used_memory() < memory);
    entries.set(Key(3), entry(), Nanos::NEVER, Nanos(10)).unwrap();
    assert!(entries.peek(Key(1), Nanos(10)).is_some());
    let counts = entries.counts();
    assert_eq!((counts.evicted, counts.expired, counts.misses), (0, 1, 1));
}

#[test]
fn a_cycle_removes_what_has_expired_until_a_sample_has_little_of_it() {
    let mut entries = of_keys(usize::MAX, Eviction::Noeviction, Victim::BestOf(5));
    let soon = Nanos::from_millis(50);
    for key in 0..2_000 {
        let deadline = if key < 1_000 { soon } else { Nanos::from_secs(3_600) };
        entries.set(Key(key), entry(), deadline, NOW).unwrap();
    }
    fill(&mut entries, 2_000..3_000);
    entries.prepare(Nanos::from_millis(99));
    assert_eq!(entries.counts().expired, 0, "the first cycle is at 100 ms");
    entries.prepare(Nanos::from_millis(100));
    let left = 1_000 - entries.counts().expired;
    assert!((20..500).contains(&left), "{left} of 1,000 are left beside 1,000 that live on");
    assert_eq!(held(&entries, 0..3_000, soon), 2_000);
    entries.prepare(Nanos::from_secs(600));
    assert_eq!(entries.slots.len(), 2_000, "in time all are found");
}

#[test]
fn a_sample_takes_what_expires_first_or_is_used_least() {
    let second = Nanos::from_secs(1);
    let policies = [Eviction::VolatileTtl, Eviction::AllkeysLru, Eviction::AllkeysLfu];
    for eviction in policies {
        let mut entries = of_keys(1_000, eviction, Victim::BestOf(5));
        let late = |key| if key < 500 { second + second } else { Nanos::from_secs(3_600) };
        for key in 0..1_000 {
            entries.set(Key(key), entry(), late(key), NOW).unwrap();
        }
        for key in (500..1_000).cycle().take(10_000) {
            entries.get(Key(key), second);
        }
        for key in 1_000..1_400 {
            entries.set(Key(key), entry(), late(key), second).unwrap();
        }
        let (worse, better) = (held(&entries, 0..500, second), held(&entries, 500..1_000, second));
        // By use, new entries are worth as little as old ones that nobody used.
        assert!(worse < 300 && better > 440, "{eviction:?}: {worse} and {better}");
    }
}

proptest! {
    /// The exact order of use, by a model that searches for it.
    #[test]
    fn eviction_follows_the_order_of_use(
        steps in prop::collection::vec((0_u64..12, 0_u8..4), 0..200),
    ) {
        let mut entries = of_keys(5, Eviction::AllkeysLru, Victim::Exact);
        let mut order: Vec<u64> = Vec::new();
        for (key, step) in steps {
            let held = order.contains(&key);
            prop_assert_eq!(entries.get(Key(key), NOW).is_some(), held);
            order.retain(|&used| used != key);
            if step == 0 {
                prop_assert_eq!(entries.remove(Key(key), NOW), held);
                continue;
            }
            if step > 1 {
                let deadline = if step == 2 { Nanos::NEVER } else { Nanos(9) };
                entries.set(Key(key), entry(), deadline, NOW).unwrap();
            }
            if held || step > 1 {
                order.push(key);
                if order.len() > 5 {
                    order.remove(0);
                }
            }
        }
    }

    /// Whatever is done, under whatever policy, the books agree with what is held.
    #[test]
    fn no_more_is_held_than_fits_and_every_byte_is_counted(
        policy in 0_usize..8,
        steps in prop::collection::vec((0_u64..12, 0_u8..5, 1_usize..400), 0..200),
    ) {
        let policies = [
            (Eviction::AllkeysRandom, Victim::BestOf(5)), (Eviction::AllkeysLru, Victim::Exact),
            (Eviction::AllkeysLru, Victim::BestOf(5)), (Eviction::AllkeysLfu, Victim::BestOf(2)),
            (Eviction::VolatileLru, Victim::Exact), (Eviction::VolatileLfu, Victim::BestOf(5)),
            (Eviction::VolatileRandom, Victim::BestOf(5)), (Eviction::VolatileTtl, Victim::BestOf(5)),
        ];
        let (eviction, victim) = policies[policy];
        let mut entries = of_keys(5, eviction, victim);
        for (at, (key, step, length)) in steps.into_iter().enumerate() {
            let now = Nanos(at as u64);
            let deadline = if step == 1 { now + Nanos(7) } else { Nanos::NEVER };
            match step {
                0 => { entries.remove(Key(key), now); }
                1 | 2 => { let _ = entries.set(Key(key), vec![0; length].into(), deadline, now); }
                3 => { entries.expire(Key(key), now + Nanos(3), now); }
                _ => { entries.get(Key(key), now); }
            }
            prop_assert!(entries.slots.len() <= 5);
            let bytes: u64 = entries.slots.iter().map(Slot::size).sum();
            prop_assert_eq!(entries.memory.entries, bytes);
            for (place, slot) in entries.slots.iter().enumerate() {
                prop_assert_eq!(entries.table.place(slot.key), Some(place));
                prop_assert_eq!(slot.deadline != Nanos::NEVER, place < entries.expiring);
            }
        }
    }
}
