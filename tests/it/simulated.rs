//! Whole runs on the twins under virtual time: the same plan, strategies, driver and judge as in a
//! real run, and figures that are equal to the last count.

use std::num::NonZeroUsize;
use std::sync::LazyLock;

use cacheduel::clock::SimClock;
use cacheduel::experiment::{self, Environment, Progress, Silent, Stop};
use cacheduel::model::{CacheTimes, Fault, Nanos, Op, Profile, Span, Spread, StoreTimes};
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

/// Nothing but constants, in microseconds: to the cache and back, a read, a version, a COMMIT.
pub const fn profile(round_trip: u64, read: u64, version: u64, commit: u64) -> Profile {
    const fn always(micros: u64) -> Spread {
        Spread::constant(Span::from_micros(micros))
    }
    Profile {
        cache: CacheTimes {
            round_trip: always(round_trip),
            service: Span::ZERO,
            script: Span::ZERO,
        },
        store: StoreTimes {
            read: always(read),
            aggregation: Spread::ZERO,
            version: always(version),
            commit: always(commit),
            unsynced: Some(always(commit)),
            batch_row: Span::ZERO,
            replication_lag: None,
        },
        source: String::new(),
        client: Spread::ZERO,
    }
}

/// What most tests take.
pub const USUAL: Profile = profile(200, 1_000, 300, 2_000);

pub fn simulate(loaded: &Loaded, profile: &Profile) -> Record {
    let clock = SimClock::new();
    let environment = Environment::simulated(&loaded.scenario, &clock, profile);
    clock.block_on(experiment::run(loaded, &environment, &Silent)).unwrap()
}

fn run_six() -> Record {
    simulate(&scenario::parse("six", SCENARIO).unwrap(), &USUAL)
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
    let other = simulate(&loaded, &USUAL);
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
    simulate(&loaded, &USUAL)
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
    // Where writes take turns, as in SQLite, some would be given up too.
    let many_writers = "nodes = 2\ntimeout = \"4500us\"\n[store]\nserver = \"postgres\"";
    let record = control_with("nodes = 2\n[store]", many_writers);
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
    let record = simulate(&loaded, &USUAL);
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

/// As the command line does it.
fn on_threads(loaded: &Loaded, threads: usize) -> Record {
    let threads = NonZeroUsize::new(threads).unwrap();
    experiment::simulate(loaded, &Profile::default(), threads, &Silent, &Stop::new()).unwrap()
}

#[test]
fn the_record_is_the_same_on_any_number_of_threads_and_says_that_it_was_simulated() {
    let mut loaded = scenario::parse("six", SCENARIO).unwrap();
    loaded.scenario.repeats = 2;
    loaded.scenario.workload.warm_up = Span::from_secs(1);
    loaded.scenario.workload.duration = Span::from_secs(3);
    let (one, four) = (on_threads(&loaded, 1), on_threads(&loaded, 4));
    assert_eq!(one.contenders, four.contenders);
    assert_eq!((one.plan, one.checks), (four.plan, four.checks));
    assert_eq!(four.contenders[5].runs.iter().map(|run| run.position).collect::<Vec<_>>(), [5, 6]);
    assert_eq!(four.profile, Some(Profile::default()));
    assert_eq!((four.cache.kind.as_str(), four.store.kind.as_str()), ("simulated", "simulated"));
}

#[test]
fn a_simulation_that_is_asked_to_end_keeps_what_there_is_and_says_so() {
    /// Asks for the end as soon as the third run begins.
    struct Impatient(Stop);
    impl Progress for Impatient {
        fn begin(&self, _: &str, _: u32, position: u32, _: u32) {
            if position == 2 {
                self.0.ask("enough");
            }
        }

        fn advance(&self, _: Nanos) {}
    }
    let mut loaded = scenario::parse("six", SCENARIO).unwrap();
    loaded.scenario.workload.duration = Span::from_secs(1);
    let impatient = Impatient(Stop::new());
    let (profile, stop) = (Profile::default(), &impatient.0);
    let record =
        experiment::simulate(&loaded, &profile, NonZeroUsize::MIN, &impatient, stop).unwrap();
    let labels: Vec<_> = record.contenders.iter().map(|one| one.label.as_str()).collect();
    assert_eq!(labels, ["no-cache", "cache-aside", "write-through"]);
    assert_eq!(record.standing(), Standing::Invalid);
    let check = record.checks.iter().find(|check| check.name == "complete").unwrap();
    assert_eq!(check.detail, "3 of 6 runs were made: enough");
}
