//! Streams of finished requests, 100,000 a second over many keys: what a judge has to bear.

use std::path::Path;

use cacheduel::model::{
    ClientId, Key, Nanos, NodeId, Op, Sample, Share, Span, Touches, Version, Writer,
};
use cacheduel::workload::{Arrival, Plan, Popularity, Profile, WorkloadOptions, Zipf};

use super::dataset::products;

pub const KEYS: u64 = 100_000;
const REQUESTS: u64 = 500_000;
/// Between two starts, and from a start to its end.
const GAP: Nanos = Nanos::from_micros(10);
const TAKES: Nanos = Nanos::from_millis(1);

/// What a stream is made of.
#[derive(Clone, Copy)]
pub struct Mix {
    /// One of so many requests is a write.
    pub writes: u64,
    /// One of so many reads returns the version before the current one, if there is any.
    pub stale: u64,
}

pub const MIXES: [(&str, Mix); 3] = [
    ("fresh-read-heavy", Mix { writes: 50, stale: u64::MAX }),
    ("write-heavy", Mix { writes: 2, stale: u64::MAX }),
    ("stale-heavy", Mix { writes: 10, stale: 2 }),
];

/// The requests of a correct store behind a cache that may be one version late, each with the
/// watermark that comes after it. All take equally long, and effect half way.
pub fn of(mix: Mix) -> Vec<(Sample, Nanos)> {
    let plan = plan();
    let mut latest = vec![(Version::INITIAL, Writer::LOAD, Writer::LOAD); KEYS as usize];
    let sample = |number: u64| {
        let key = plan.request(number).key;
        let started = Nanos(number * GAP.0);
        let (version, writer, before) = &mut latest[key.0 as usize];
        let mut sample = blank(number, key, started);
        if number.is_multiple_of(mix.writes) {
            (*version, *before) = (version.next(), *writer);
            *writer = Writer::of_request(number);
            sample.op = Op::Update;
            sample.written = Some(*version);
        } else if number % mix.stale == 1 && *version > Version::INITIAL {
            sample.seen = Some(Version(version.0 - 1));
            sample.seen_writer = Some(*before);
        } else {
            sample.seen = Some(*version);
            sample.seen_writer = Some(*writer);
        }
        (sample, started + GAP)
    };
    (0..REQUESTS).map(sample).collect()
}

fn blank(number: u64, key: Key, started: Nanos) -> Sample {
    Sample {
        request: number,
        key,
        op: Op::Read,
        node: NodeId(0),
        client: ClientId((number * 7 % 100) as u32),
        intended: started,
        started,
        wrote_from: started,
        ended: started + TAKES,
        seen: None,
        seen_writer: None,
        absent: false,
        written: None,
        fault: None,
        touches: Touches::default(),
    }
}

fn plan() -> Plan {
    let workload = WorkloadOptions {
        seed: 3,
        reads: Share(0.9),
        inserts: Share(0.0),
        deletes: Share(0.0),
        read_modify_writes: Share(0.0),
        own_reads: None,
        prefill: false,
        popularity: Popularity::Zipf(Zipf { exponent: 0.99 }),
        arrival: Arrival::Poisson(Profile::Rate(2_000.0)),
        warm_up: Span::default(),
        duration: Span::from_secs(1),
        nodes: 1,
        clients: 100,
        timeout: Span::from_secs(5),
    };
    Plan::new(&products(KEYS), &workload, Path::new("")).expect("the options are sound")
}
