//! Whole runs on the twins under virtual time: the same plan, strategies, driver and judge as in a
//! real run, and figures that are equal to the last count.

use std::sync::LazyLock;

use cacheduel::backend::delay::StoreDelays;
use cacheduel::clock::SimClock;
use cacheduel::experiment::{self, Environment, Latencies, Silent};
use cacheduel::model::{Fault, Nanos, Op};
use cacheduel::record::{Contender, Prediction, Record, Standing};
use cacheduel::scenario::{self, Loaded};

const SCENARIO: &str = r#"
question = "What do six strategies make of the same load?"
[dataset]
entity = "product"
keys = 500
size = "512B"
[workload]
seed = 7
reads = 0.9
popularity = { zipf = { exponent = 0.9 } }
arrival = { poisson = { rate = 1000 } }
warm-up = "6s"
duration = "30s"
nodes = 2
[store]
delay = "4ms"
[strategies]
no-cache = {}
cache-aside = { ttl = "3s" }
write-through = { ttl = "3s" }
write-behind = { ttl = "3s" }
ttl = { ttl = "3s" }
event-invalidation = { ttl = "3s" }
"#;

const LATENCIES: Latencies = Latencies {
    round_trip: Nanos::from_micros(200),
    store: StoreDelays {
        read: Nanos::from_millis(1),
        version: Nanos::from_micros(300),
        write: Nanos::from_millis(2),
    },
};

pub fn simulate(loaded: &Loaded, latencies: Latencies) -> Record {
    let clock = SimClock::new();
    let environment = Environment::simulated(&loaded.scenario, &clock, latencies);
    clock.block_on(experiment::run(loaded, &environment, &Silent)).unwrap()
}

fn run_six() -> Record {
    simulate(&scenario::parse("six", SCENARIO).unwrap(), LATENCIES)
}

/// The run that most tests look at, made once for all of them.
fn six() -> &'static Record {
    static SIX: LazyLock<Record> = LazyLock::new(run_six);
    &SIX
}

fn contender<'a>(record: &'a Record, label: &str) -> &'a Contender {
    record.contenders.iter().find(|contender| contender.label == label).unwrap()
}

#[test]
fn the_same_seed_gives_the_same_figures() {
    let (one, other) = (six(), run_six());
    assert_eq!(one.plan, other.plan);
    assert_eq!(one.contenders, other.contenders);
}

#[test]
fn another_seed_gives_other_figures() {
    let mut loaded = scenario::parse("six", SCENARIO).unwrap();
    loaded.scenario.workload.seed = 8;
    let other = simulate(&loaded, LATENCIES);
    assert_ne!(six().contenders, other.contenders);
}

#[test]
fn a_run_without_faults_is_valid_and_loses_nothing() {
    let record = six();
    assert!(record.standing() <= Standing::Ok, "{:?}", record.standing());
    for contender in &record.contenders {
        let run = &contender.runs[0];
        assert_eq!(run.audit.lost_writes, 0, "{}", contender.label);
        assert_eq!(run.audit.ahead + run.audit.phantom + run.audit.corrupt, 0);
        assert_eq!(run.findings.dirty_reads + run.findings.order_violations, 0);
        assert_eq!(run.findings.corrupt + run.findings.phantom_absent, 0);
        assert_eq!(run.measures.requests.failed, []);
        assert_eq!(run.measures.requests.answered, run.measures.requests.intended);
    }
}

#[test]
fn every_strategy_is_asked_the_same() {
    let record = six();
    let asked = |contender: &Contender| {
        let requests = &contender.runs[0].measures.requests;
        (requests.reads, requests.writes)
    };
    let first = asked(&record.contenders[0]);
    assert!(first.0 > 25_000 && first.1 > 2_500, "{first:?}");
    assert!(record.contenders.iter().all(|contender| asked(contender) == first));
}

#[test]
fn the_control_never_hits_and_is_never_stale() {
    let record = six();
    let control = contender(record, "no-cache");
    let findings = &control.runs[0].findings;
    assert_eq!(control.hit_ratio(), Some(0.0));
    assert_eq!((findings.definitely_stale, findings.monotonic_violations), (0, 0));
    assert_eq!(findings.read_your_writes_violations, 0);
}

#[test]
fn expiry_bounds_staleness_and_invalidation_nearly_ends_it() {
    let record = six();
    let ttl = contender(record, "ttl");
    let stale = ttl.stale_share().unwrap();
    let load = Nanos::from_millis(4 + 1) + Nanos::from_micros(400);
    assert!(stale > 0.05, "{stale}");
    let bound = Nanos::from_secs(3) + load;
    assert!(ttl.staleness_max().0 as f64 <= bound.0 as f64 * 1.001, "{}", ttl.staleness_max());
    for label in ["cache-aside", "write-through", "event-invalidation"] {
        let share = contender(record, label).stale_share().unwrap();
        assert!(share < stale / 10.0, "{label}: {share} against {stale}");
    }
}

#[test]
fn write_behind_answers_writes_first() {
    let record = six();
    let p50 = |label| contender(record, label).response(Op::Update).quantile(0.5);
    for other in ["no-cache", "cache-aside", "write-through", "ttl", "event-invalidation"] {
        assert!(p50("write-behind") < p50(other), "{other}");
    }
}

/// `SCENARIO` with another line in place of one of its own, and the control alone.
fn control_with(line: &str, instead: &str) -> Record {
    assert!(SCENARIO.contains(line));
    let mut loaded = scenario::parse("control", &SCENARIO.replace(line, instead)).unwrap();
    loaded.scenario.strategies.0.truncate(1);
    simulate(&loaded, LATENCIES)
}

#[test]
fn a_closed_loop_asks_as_fast_as_it_is_answered() {
    let open = r#"arrival = { poisson = { rate = 1000 } }"#;
    let closed = r#"arrival = { closed = { clients = 8, think = "5ms" } }"#;
    let record = control_with(open, closed);
    let control = contender(&record, "no-cache");
    let requests = &control.runs[0].measures.requests;
    // 1 ms and 4 ms for a read, 2 ms for an update, and 5 ms in between.
    let cycle = 0.9 * 10.0 + 0.1 * 7.0;
    let expected = 8.0 * 30_000.0 / cycle;
    let off = requests.answered as f64 / expected - 1.0;
    assert!(off.abs() < 0.01, "{} answers, about {expected} expected", requests.answered);
    assert!(requests.in_flight_peak <= 8);
    assert_eq!(control.runs[0].measures.lag.max(), Nanos::ZERO);
    assert_eq!(control.stale_share(), Some(0.0));
}

#[test]
fn a_request_is_given_up_after_its_timeout_and_counted_as_failed() {
    let record = control_with("nodes = 2", "nodes = 2\ntimeout = \"4500us\"");
    let run = &contender(&record, "no-cache").runs[0];
    let requests = &run.measures.requests;
    let failed: Vec<_> = requests.failed.iter().map(|failed| (failed.op, failed.fault)).collect();
    // A read takes 5 ms, an update 2 ms.
    assert_eq!(failed, [(Op::Read, Fault::GAVE_UP)]);
    assert_eq!((requests.reads, requests.writes), (0, requests.answered));
    assert_eq!(requests.intended, requests.answered + requests.failed[0].count);
    let answered = run.checks.iter().find(|check| check.name == "answered").unwrap();
    assert_eq!(answered.standing, Standing::Warn);
}

#[test]
fn an_expiry_of_a_popular_key_costs_the_reads_that_theory_says() {
    let slow = SCENARIO.replace("delay = \"4ms\"", "delay = \"150ms\"");
    let mut loaded = scenario::parse("stampede", &slow).unwrap();
    loaded.scenario.strategies.0.retain(|one| ["ttl", "cache-aside"].contains(&&*one.label));
    let record = simulate(&loaded, LATENCIES);
    for contender in &record.contenders {
        let found = contender
            .predictions
            .iter()
            .find(|prediction| prediction.quantity == Prediction::READS_PER_EXPIRY);
        let prediction = found.expect("both have a closed form");
        assert!(prediction.measured > 1.3, "{prediction:?}");
        assert_eq!(contender.store_reads_per_expiry(), Some(prediction.measured));
        let off = prediction.deviation().abs();
        assert!(off < 4.0, "{}: {prediction:?} is {off} standard errors off", contender.label);
    }
}

#[test]
fn making_and_reading_entries_is_counted_and_takes_no_virtual_time() {
    for contender in &six().contenders {
        let coding = contender.runs[0].measures.coding;
        let hits = contender.runs[0].measures.lookups.hits;
        if contender.label == "no-cache" {
            assert_eq!((coding.encoded.count, coding.decoded.count), (0, 0));
            assert_eq!(contender.entry_size(), None);
            continue;
        }
        assert!(hits > 1_000, "{}", contender.label);
        assert_eq!(
            coding.decoded.count, 0,
            "{}: plain entries are taken as they are",
            contender.label
        );
        assert!(coding.encoded.count > 1_000, "{}: {coding:?}", contender.label);
        assert_eq!(contender.encode_time(), None);
        let size = contender.entry_size().unwrap();
        assert!((512..600).contains(&size), "{}: {size}", contender.label);
        assert!(contender.memory().unwrap() > 100 * size, "{}", contender.label);
    }
}

#[test]
fn hit_ratios_agree_with_the_closed_forms() {
    for contender in &six().contenders {
        for prediction in &contender.predictions {
            let off = prediction.deviation().abs();
            assert!(off < 4.0, "{}: {prediction:?} is {off} standard errors off", contender.label);
        }
        assert!(!contender.predictions.is_empty(), "{}", contender.label);
    }
}
