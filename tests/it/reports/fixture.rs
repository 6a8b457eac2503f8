//! A Record such as a run might leave behind, with figures from formulas: the same every time.

use std::collections::BTreeMap;

use cacheduel::judge::{Audit, Findings, FreshnessPoint, StalenessBucket};
use cacheduel::measure::{
    Bucket, Cause, Coded, Coding, Failed, Latency, Load, Lookups, Measures, NodeTier, Requests,
};
use cacheduel::model::{
    CacheCounters, Distribution, Fault, FaultKind, Nanos, Op, Purpose, ServedBy, Server,
    StoreCounters,
};
use cacheduel::record::{
    Calibration, Check, Contender, FORMAT, Host, LagAt, Pace, PlanFacts, Prediction, Record, Run,
    Standing, Stock,
};
use cacheduel::scenario::Scenario;

const SOURCE: &str = r#"question = "Which strategy keeps a product catalogue fast, and fresh enough to sell from?"
notes = "A catalogue of 10,000 products, read ten times for every update."
repeats = 3
prefer = "read-latency"

[dataset]
entity = "product"
keys = 10000

[workload]
seed = 42
reads = 0.9
popularity = { zipf = { exponent = 0.99 } }
arrival = { poisson = { rate = 1000.0 } }
warm-up = "5s"
duration = "10s"
nodes = 2

[strategies.no-cache]
[strategies.cache-aside]
[strategies.write-through]
[strategies.write-behind]
[strategies.ttl]
ttl = "30s"
[strategies.event-invalidation]

[thresholds]
read-p99 = "5ms"
stale-share = 0.01
lost-writes = 0
errors = 0.01
"#;

const WINDOW_SECONDS: u64 = 10;
const READS: u64 = 9_000;
const UPDATES: u64 = 1_000;

/// What a strategy's figures follow from.
struct Character {
    name: &'static str,
    hit_ratio: f64,
    /// Median microseconds of a hit.
    hit: f64,
    /// Median microseconds of an update.
    update: f64,
    stale: f64,
    /// The oldest stale read, in milliseconds.
    age: u64,
    lost: u64,
    background: Option<Purpose>,
}

const CHARACTERS: [Character; 6] = [
    Character {
        name: "no-cache",
        hit_ratio: 0.0,
        hit: 0.0,
        update: 2_400.0,
        stale: 0.0,
        age: 0,
        lost: 0,
        background: None,
    },
    Character {
        name: "cache-aside",
        hit_ratio: 0.912,
        hit: 190.0,
        update: 2_700.0,
        stale: 0.000_4,
        age: 38,
        lost: 0,
        background: None,
    },
    Character {
        name: "write-through",
        hit_ratio: 0.948,
        hit: 240.0,
        update: 2_900.0,
        stale: 0.001_2,
        age: 900,
        lost: 0,
        background: None,
    },
    Character {
        name: "write-behind",
        hit_ratio: 0.951,
        hit: 260.0,
        update: 310.0,
        stale: 0.0,
        age: 0,
        lost: 17,
        background: Some(Purpose::Flush),
    },
    Character {
        name: "ttl",
        hit_ratio: 0.967,
        hit: 180.0,
        update: 2_450.0,
        stale: 0.031,
        age: 29_600,
        lost: 0,
        background: None,
    },
    Character {
        name: "event-invalidation",
        hit_ratio: 0.934,
        hit: 188.0,
        update: 2_650.0,
        stale: 0.002_3,
        age: 120,
        lost: 0,
        background: Some(Purpose::Relay),
    },
];

/// All six strategies, three repeats each.
pub fn record() -> Record {
    let names: Vec<_> = CHARACTERS.iter().map(|character| character.name).collect();
    with_contenders(&names)
}

fn calibration() -> Calibration {
    let pace = |rate, cpu| Pace { rate, cpu };
    let micros = Nanos::from_micros;
    Calibration {
        clients: 32,
        harness: pace(118_000.0, 8_200.0),
        bare: Some(pace(131_000.0, 7_400.0)),
        leanest: None,
        alone: pace(1_210_000.0, 820.0),
        lags: vec![LagAt { rate: 500.0, p50: micros(38), p99: micros(81), cpu_share: 0.02 }],
    }
}

/// Some of the strategies only.
pub fn with_contenders(names: &[&str]) -> Record {
    let chosen = CHARACTERS.iter().filter(|character| names.contains(&character.name));
    let scenario: Scenario = toml::from_str(SOURCE).expect("the fixture's scenario is right");
    Record {
        format: FORMAT,
        tool: "cacheduel 0.1.0".into(),
        name: "catalogue".into(),
        started: "2026-11-20T09:30:00Z".into(),
        took: Nanos::from_secs(295),
        host: Host {
            os: "Linux".into(),
            kernel: "6.12.0".into(),
            cpu: "Example CPU 3.2 GHz".into(),
            cores: 8,
            memory: 16 << 30,
        },
        scenario,
        source: SOURCE.into(),
        plan: PlanFacts {
            hash: "9f2c41d07be85a36".into(),
            keys: 10_000,
            requests: 15_000,
            read_share: 0.9007,
            update_share: 0.0993,
            distinct_keys: 4_871,
            top_percent_share: 0.5321,
            ..PlanFacts::default()
        },
        cache: server(
            "redis",
            "8.2.1",
            &[("appendonly", "no"), ("maxmemory-policy", "noeviction")],
        ),
        store: server("sqlite", "3.50.4", &[("journal_mode", "wal"), ("synchronous", "FULL")]),
        profile: None,
        beside: None,
        calibration: Some(calibration()),
        pairing: None,
        contenders: chosen.map(contender).collect(),
        checks: vec![check("server counters", Standing::Ok, "cache and tap agree on every count")],
    }
}

/// A record whose runs brought nothing at all.
pub fn hollow() -> Record {
    let mut record = with_contenders(&["no-cache", "ttl"]);
    for run in record.contenders.iter_mut().flat_map(|contender| &mut contender.runs) {
        run.measures = Measures::default();
        run.findings = Findings::default();
    }
    record
}

/// Each strategy twice, the second time under a long name and a little slower.
pub fn crowded() -> Record {
    let mut record = record();
    let mut second = record.contenders.clone();
    for contender in &mut second {
        contender.label.push_str("@with-a-name-of-its-own");
        for latency in contender.runs.iter_mut().flat_map(|run| &mut run.measures.latency) {
            latency.response.record(Nanos::from_millis(30));
        }
    }
    record.contenders.extend(second);
    record
}

/// The same run on the in-memory twin.
pub fn embedded(mut record: Record) -> Record {
    record.cache = server("embedded", "0.1.0", &[]);
    record
}

/// The same with a run whose generator was late.
pub fn invalid(mut record: Record) -> Record {
    let ttl = record.contenders.iter_mut().find(|contender| contender.label == "ttl");
    let detail = "p99 12.3 ms, at most 1 ms: the generator did not start requests on time";
    let checks = &mut ttl.expect("the record has ttl").runs[1].checks;
    checks.push(check("dispatch lag", Standing::Invalid, detail));
    record
}

/// `samples` response times with a median near `micros` and a heavy tail of this exponent.
pub fn distribution(samples: u64, micros: f64, tail: f64) -> Distribution {
    let mut distribution = Distribution::new();
    for index in 0..samples {
        let beyond = 1.0 - (index as f64 + 0.5) / samples as f64;
        distribution.record(Nanos((micros * 1e3 * (2.0 * beyond).powf(-tail)) as u64));
    }
    distribution
}

fn server(kind: &str, version: &str, settings: &[(&str, &str)]) -> Server {
    let settings = settings.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    Server {
        kind: kind.into(),
        version: version.into(),
        managed: true,
        address: String::new(),
        settings: settings.collect::<BTreeMap<_, _>>(),
    }
}

fn check(name: &str, standing: Standing, detail: &str) -> Check {
    Check { name: name.into(), standing, detail: detail.into() }
}

fn contender(character: &Character) -> Contender {
    let predictions = match character.name {
        "ttl" => vec![
            prediction("hit ratio", "sum p_i lambda_i T / (1 + lambda_i T)", 0.9661, 0.967, 0.0009),
            prediction("stale share of hits", "1 - (1 - e^(-x)) / x", 0.0334, 0.031, 0.0006),
        ],
        "cache-aside" => {
            vec![prediction(
                "hit ratio",
                "sum p_i lambda_i / (lambda_i + mu_i)",
                0.9131,
                0.912,
                0.0012,
            )]
        }
        _ => Vec::new(),
    };
    Contender {
        label: character.name.into(),
        strategy: character.name.into(),
        summary: "read: cache, else store and fill; write: as its name says".into(),
        risk: "what its name does not say".into(),
        when: "its name says so".into(),
        twin_of: None,
        runs: (0..3).map(|repeat| run(character, repeat)).collect(),
        predictions,
    }
}

fn prediction(
    quantity: &str,
    formula: &str,
    predicted: f64,
    measured: f64,
    standard_error: f64,
) -> Prediction {
    Prediction {
        quantity: quantity.into(),
        formula: formula.into(),
        predicted,
        measured,
        standard_error,
        caveat: None,
    }
}

fn run(character: &Character, repeat: u32) -> Run {
    // Repeats differ by a few per cent, as they do.
    let drift = [1.0, 1.05, 0.97][repeat as usize];
    let hits = (READS as f64 * character.hit_ratio) as u64;
    let stale = (READS as f64 * character.stale).round() as u64;
    Run {
        requests: 12_000,
        repeat,
        position: repeat,
        measures: measures(character, drift, hits),
        findings: findings(character, stale),
        audit: Audit {
            keys: 1_000,
            absent: 310,
            equal: 690,
            lost_writes: if repeat == 0 { character.lost } else { 0 },
            ..Audit::default()
        },
        stock: Stock { entries: 690, bytes: 725_000, ..Stock::default() },
        cache_counters: Some(CacheCounters {
            keyspace_hits: hits,
            keyspace_misses: READS - hits,
            expired_keys: 4_200,
            used_memory: 3_400_000,
            network_in: 2_600_000,
            network_out: 13_000_000,
            cpu: Nanos::from_millis(480),
            ..CacheCounters::default()
        }),
        store_counters: StoreCounters::default(),
        faults: Vec::new(),
        drain: Nanos::from_millis(80),
        generator_cpu: Some(0.31),
        resident: None,
        checks: vec![
            check("dispatch lag", Standing::Ok, "p99 0.21 ms, at most 1 ms"),
            check("pool counters", Standing::NotApplicable, "the store keeps no such counter"),
        ],
    }
}

fn measures(character: &Character, drift: f64, hits: u64) -> Measures {
    let misses = READS - hits;
    let hit = character.hit * drift;
    let (miss, update) = (1_100.0 * drift, character.update * drift);
    let latency = |op, served_by, samples, micros, tail| Latency {
        op,
        served_by,
        response: distribution(samples, micros, tail),
        service: distribution(samples, micros * 0.98, tail),
    };
    Measures {
        window: Nanos::from_secs(WINDOW_SECONDS),
        bucket: Nanos::from_secs(1),
        requests: Requests {
            undelivered: 0,
            intended: READS + UPDATES + 3,
            answered: READS + UPDATES,
            reads: READS,
            writes: UPDATES,
            failed: vec![Failed {
                op: Op::Read,
                fault: Fault::cache(FaultKind::Timeout),
                count: 3,
            }],
            in_flight_peak: 23,
        },
        latency: vec![
            latency(Op::Read, ServedBy::Cache, hits, hit, 0.22),
            latency(Op::Read, ServedBy::Store, misses, miss, 0.25),
            latency(Op::Update, ServedBy::Store, UPDATES, update, 0.3),
        ],
        lookups: Lookups { hits, misses, ..Lookups::default() },
        node: NodeTier::default(),
        coding: coding(misses),
        cache: Load::default(),
        store: store_load(character, misses),
        lag: distribution(READS, 20.0, 0.2),
        lag_outside_faults: None,
        timeline: (0..WINDOW_SECONDS)
            .map(|second| bucket(second, misses, (hit, miss, update)))
            .collect(),
    }
}

/// Plain JSON with a header of 24 bytes: each entry is made once and read ten times.
fn coding(misses: u64) -> Coding {
    let coded = |count: u64, micros| Coded {
        count,
        plain_bytes: count * 1_000,
        kept_bytes: count * 1_024,
        busy: Nanos::from_micros(count * micros),
    };
    Coding { encoded: coded(misses, 3), decoded: coded(misses * 10, 2) }
}

fn store_load(character: &Character, misses: u64) -> Load {
    let cause = |purpose, background, calls, reads| Cause {
        purpose,
        background,
        calls,
        reads,
        rows: calls,
        bytes: calls * 1_024,
        busy: Nanos::from_micros(calls * 300),
        reading: Nanos::from_micros(reads * 300),
        failed: 0,
    };
    let mut causes = vec![cause(Purpose::Fill, false, misses, misses)];
    match character.background {
        Some(Purpose::Flush) => causes.push(cause(Purpose::Flush, true, 90, 0)),
        Some(purpose) => {
            causes.push(cause(Purpose::Write, false, UPDATES, 0));
            causes.push(cause(purpose, true, 400, 200));
        }
        None => causes.push(cause(Purpose::Write, false, UPDATES, 0)),
    }
    Load {
        causes,
        concurrent_peak: 6,
        burst_peak: 41,
        origin_burst_peak: 29,
        throttled: 0,
        duplicate_fills: misses / 90,
    }
}

fn bucket(second: u64, misses: u64, (hit, miss, update): (f64, f64, f64)) -> Bucket {
    let ripple = 1.0 + 0.15 * f64::from(second as u32 % 4) - 0.2;
    let missed = ((misses / WINDOW_SECONDS) as f64 * ripple) as u64;
    let missed = missed.min(READS / WINDOW_SECONDS);
    let mut reads = distribution(missed, miss, 0.25);
    reads.merge(&distribution(READS / WINDOW_SECONDS - missed, hit, 0.22));
    Bucket {
        requests: (READS + UPDATES) / WINDOW_SECONDS,
        failed: u64::from(second == 3) * 3,
        hits: READS / WINDOW_SECONDS - missed,
        misses: missed,
        store_reads: missed,
        store_burst: missed / 8,
        store_writes: UPDATES / WINDOW_SECONDS,
        stale_served: 0,
        loads: missed,
        duplicate_loads: missed / 90,
        lag_max: Nanos::from_micros(140),
        reads,
        writes: distribution(UPDATES / WINDOW_SECONDS, update, 0.3),
    }
}

fn findings(character: &Character, stale: u64) -> Findings {
    let possible = stale + u64::from(stale > 0) * 12;
    let oldest = (character.age * 1_000) as f64;
    let mut ages = Distribution::new();
    for index in 0..stale {
        let place = (index as f64 + 1.0) / stale as f64;
        ages.record(Nanos((oldest * 1e3 * place * place * place) as u64));
    }
    let span = |index: u32| Nanos::from_micros(100 << (2 * index));
    let freshness = (0..10).map(|index| {
        let reads = 40 + 90 * u64::from(index);
        let fades = 1.0 - f64::from(index) / 10.0;
        let young = span(index) < Nanos::from_millis(character.age);
        let chance = (character.stale * 12.0).min(0.9) * fades * f64::from(u8::from(young));
        FreshnessPoint {
            since_write: if index == 9 { Nanos::NEVER } else { span(index) },
            reads,
            stale: (reads as f64 * chance) as u64,
        }
    });
    Findings {
        reads: READS,
        writes: UPDATES,
        definitely_stale: stale,
        possibly_stale: possible,
        age_at_most: ages.clone(),
        age_at_least: ages,
        monotonic_violations: stale / 20,
        read_your_writes_violations: stale / 30,
        freshness: freshness.collect(),
        timeline: (0..WINDOW_SECONDS)
            .map(|_| StalenessBucket {
                reads: READS / WINDOW_SECONDS,
                definitely_stale: stale / WINDOW_SECONDS,
                possibly_stale: possible / WINDOW_SECONDS,
            })
            .collect(),
        ..Findings::default()
    }
}
