//! The recorded traces that come with the scenarios, and what exact LRU and FIFO caches make of them.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::path::{Path, PathBuf};

use cacheduel::workload::trace::Trace;

/// A recorded trace and its known facts.
pub struct Golden {
    pub file: &'static str,
    pub requests: usize,
    pub distinct: u32,
    /// Capacity in entries, and the hits of exact LRU over the whole trace from an empty cache.
    pub lru_hits: [(usize, usize); 8],
    /// The same of exact FIFO.
    pub fifo_hits: [(usize, usize); 8],
}

/// The hits were counted by stack distances (Mattson and others, 1970) in another language. For
/// `web12` the cache2k project publishes LRU hit ratios of 33.23 %, 49.01 %, 66.85 % and 76.48 % at
/// 75, 300, 1,200 and 3,000 entries, which these counts give to the last digit. For `web07` its
/// author published a chart, whose bars at the same capacities are as long as these counts make
/// them, to within the 0.04 percentage points that the drawing resolves. Those of FIFO were counted by
/// a queue and a set, in another language too.
pub const GOLDEN: [Golden; 2] = [
    Golden {
        file: "web07.trc.bin.gz",
        requests: 76_118,
        distinct: 20_484,
        lru_hits: [
            (75, 23_706),
            (100, 25_427),
            (300, 31_895),
            (1_000, 38_368),
            (1_200, 39_314),
            (2_000, 42_245),
            (3_000, 44_559),
            (5_000, 47_702),
        ],
        fifo_hits: [
            (75, 22_188),
            (100, 23_719),
            (300, 29_688),
            (1_000, 36_300),
            (1_200, 37_333),
            (2_000, 40_288),
            (3_000, 42_741),
            (5_000, 46_083),
        ],
    },
    Golden {
        file: "web12.trc.bin.gz",
        requests: 95_607,
        distinct: 13_756,
        lru_hits: [
            (75, 31_769),
            (100, 34_631),
            (300, 46_860),
            (1_000, 61_882),
            (1_200, 63_917),
            (2_000, 69_371),
            (3_000, 73_125),
            (5_000, 77_153),
        ],
        fifo_hits: [
            (75, 30_331),
            (100, 33_007),
            (300, 44_075),
            (1_000, 58_152),
            (1_200, 60_192),
            (2_000, 65_632),
            (3_000, 69_782),
            (5_000, 74_536),
        ],
    },
];

/// Reads a trace that comes with the scenarios.
pub fn load(file: &str) -> Trace {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios/traces");
    Trace::load(&[PathBuf::from(file)], &directory).unwrap()
}

/// LRU as it is defined: a hit makes an entry the newest, a miss evicts the oldest.
fn lru_hits(requests: &[u32], capacity: usize) -> usize {
    let mut used_at: HashMap<u32, usize> = HashMap::new();
    let mut by_age: BTreeMap<usize, u32> = BTreeMap::new();
    let mut hits = 0;
    for (now, &key) in requests.iter().enumerate() {
        if let Some(before) = used_at.insert(key, now) {
            hits += 1;
            by_age.remove(&before);
        } else if by_age.len() == capacity
            && let Some((_, victim)) = by_age.pop_first()
        {
            used_at.remove(&victim);
        }
        by_age.insert(now, key);
    }
    hits
}

/// FIFO as it is defined: a hit changes nothing, a miss evicts who came first.
fn fifo_hits(requests: &[u32], capacity: usize) -> usize {
    let (mut held, mut by_arrival) = (HashSet::new(), VecDeque::new());
    let mut hits = 0;
    for &key in requests {
        if held.contains(&key) {
            hits += 1;
            continue;
        }
        if held.len() == capacity
            && let Some(victim) = by_arrival.pop_front()
        {
            held.remove(&victim);
        }
        held.insert(key);
        by_arrival.push_back(key);
    }
    hits
}

#[test]
fn the_traces_hold_what_their_readme_says() {
    for golden in GOLDEN {
        let trace = load(golden.file);
        assert_eq!(trace.requests().len(), golden.requests, "{}", golden.file);
        assert_eq!(trace.distinct(), golden.distinct, "{}", golden.file);
    }
}

#[test]
fn an_exact_lru_hits_as_often_as_is_known() {
    for golden in GOLDEN {
        let trace = load(golden.file);
        for (capacity, expected) in golden.lru_hits {
            let hits = lru_hits(trace.requests(), capacity);
            assert_eq!(hits, expected, "{} at {capacity} entries", golden.file);
        }
    }
}

#[test]
fn an_exact_fifo_hits_as_often_as_is_known() {
    for golden in GOLDEN {
        let trace = load(golden.file);
        for (capacity, expected) in golden.fifo_hits {
            let hits = fifo_hits(trace.requests(), capacity);
            assert_eq!(hits, expected, "{} at {capacity} entries", golden.file);
        }
    }
}
