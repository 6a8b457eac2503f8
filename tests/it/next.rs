//! What a Record says of where to look next: each rule on figures that imply it and on such that do not, and
//! whole runs that were made to suffer from it.

use cacheduel::compare::Metric;
use cacheduel::compare::next::{Hint, hints};
use cacheduel::measure::Cause;
use cacheduel::model::{CacheCounters, Distribution, Nanos, Op, Purpose, ServedBy, StoreCounters};
use cacheduel::record::{Check, Latency, Record, Run, Share, Standing};
use cacheduel::report::{html, text};
use cacheduel::scenario;

use super::reports::fixture;
use super::simulated::{USUAL, simulate};

/// One run of one strategy of which nothing is known that a rule would ask for.
fn plain() -> Record {
    let mut record = fixture::with_contenders(&["cache-aside"]);
    record.scenario.strategies.0.retain(|chosen| chosen.label == "cache-aside");
    record.contenders[0].runs.truncate(1);
    let run = run(&mut record);
    run.measures.latency.clear();
    run.measures.store.duplicate_fills = 0;
    run.findings.age_at_least = Distribution::new();
    run.cache_counters = Some(CacheCounters::default());
    run.store_counters = StoreCounters::default();
    run.checks.clear();
    record
}

fn run(record: &mut Record) -> &mut Run {
    &mut record.contenders[0].runs[0]
}

/// The options of the one strategy.
fn with_options(record: &mut Record, options: &str) {
    let text = format!("cache-aside = {{ {options} }}");
    record.scenario.strategies = toml::from_str(&text).unwrap();
}

fn same(count: u64, span: Nanos) -> Distribution {
    let mut distribution = Distribution::new();
    (0..count).for_each(|_| distribution.record(span));
    distribution
}

/// Each read a little slower than the one before.
fn rising(count: u64, first: Nanos) -> Distribution {
    let mut distribution = Distribution::new();
    (0..count).for_each(|step| distribution.record(Nanos(first.0 + step * first.0 / 100)));
    distribution
}

fn reads(served_by: ServedBy, response: Distribution) -> Latency {
    Latency { op: Op::Read, served_by, service: response.clone(), response }
}

fn fills(reads: u64, each: Nanos) -> Cause {
    let reading = Nanos(reads * each.0);
    Cause {
        purpose: Purpose::Fill,
        background: false,
        calls: reads,
        reads,
        rows: reads,
        bytes: 0,
        busy: reading,
        reading,
        failed: 0,
    }
}

fn only(record: &Record) -> Option<Hint> {
    let found = hints(record);
    assert!(found.len() <= 1, "{found:?}");
    found.into_iter().next()
}

/// 960 hits and 40 misses, of which the store's part takes so long.
fn missing(at_store: Nanos) -> Record {
    let mut record = plain();
    let run = run(&mut record);
    run.measures.lookups.hits = 960;
    run.measures.lookups.misses = 40;
    run.measures.latency = vec![
        reads(ServedBy::Cache, same(960, Nanos::from_micros(200))),
        reads(ServedBy::Store, rising(40, Nanos::from_millis(38))),
    ];
    run.measures.store.causes = vec![fills(40, at_store)];
    record
}

#[test]
fn a_p99_that_only_misses_reach_is_the_stores() {
    let hint = only(&missing(Nanos::from_millis(40))).unwrap();
    assert_eq!((hint.metric, hint.strategies.len()), (Metric::ReadP99, 1));
    let expected = "the store's: 4.0 % misses cost 45.";
    assert!(hint.text.contains(expected), "{}", hint.text);
    assert!(hint.text.contains("of all others the p99 is 200 us"), "{}", hint.text);
}

#[test]
fn a_p99_of_misses_that_waited_for_something_else_is_not_the_stores() {
    assert_eq!(only(&missing(Nanos::from_millis(2))), None);
    let mut record = missing(Nanos::from_millis(40));
    // Hits as slow as misses: it is not the store that makes the slowest ones.
    run(&mut record).measures.latency[0] =
        reads(ServedBy::Cache, rising(960, Nanos::from_millis(9)));
    assert_eq!(only(&record), None);
}

#[test]
fn loads_at_once_are_told_with_the_guard_that_would_save_them() {
    let mut record = plain();
    let measures = &mut run(&mut record).measures;
    measures.store.causes = vec![fills(1_000, Nanos::from_millis(1))];
    measures.store.duplicate_fills = 300;
    let guarded = |nodes: u32, guard: &str| {
        let mut record = record.clone();
        record.scenario.workload.nodes = nodes;
        with_options(&mut record, &format!("stampede = \"{guard}\""));
        only(&record).map(|hint| hint.text)
    };
    let told = guarded(1, "none").unwrap();
    assert!(told.starts_with("300 of 1,000 loads of cache-aside (30.0 %)"), "{told}");
    assert!(told.contains("stampede = \"coalesce\""), "{told}");
    assert!(guarded(2, "coalesce").unwrap().contains("stampede = \"coalesce+lock\""));
    assert_eq!(guarded(1, "coalesce"), None, "a guard that is there already saves no more");
    assert_eq!(guarded(2, "coalesce+lock"), None);
    run(&mut record).measures.store.duplicate_fills = 40;
    assert_eq!(only(&record), None, "a few are not worth a sentence");
}

#[test]
fn old_answers_that_end_with_the_ttl_are_told_from_those_that_end_otherwise() {
    let aged = |from: u64, to: u64| {
        let mut record = plain();
        with_options(&mut record, "ttl = \"2s\"");
        let ages = &mut run(&mut record).findings.age_at_least;
        (0..1_000)
            .for_each(|step| ages.record(Nanos::from_millis(from + step * (to - from) / 1_000)));
        only(&record)
    };
    let hint = aged(0, 1_990).unwrap();
    assert_eq!(hint.metric, Metric::Staleness);
    assert!(hint.text.contains("its TTL of 2.00 s"), "{}", hint.text);
    assert!(hint.text.contains("1,000 stale reads was 1.97 s old"), "{}", hint.text);
    assert_eq!(aged(0, 900), None, "something ends them earlier");
    assert_eq!(aged(0, 9_000), None, "the TTL does not end them");
}

#[test]
fn calls_that_mostly_wait_are_the_pools() {
    let mut record = plain();
    let measured = run(&mut record);
    measured.measures.store.causes = vec![fills(1_000, Nanos::from_millis(5))];
    measured.store_counters.pool.calls = 1_000;
    measured.store_counters.pool.total = Nanos::from_millis(3_000);
    record.scenario.store.connections = 4;
    let hint = only(&record).unwrap();
    assert!(hint.text.contains("3.00 ms of the 5.00 ms"), "{}", hint.text);
    assert!(hint.text.contains("More than 4 connections a node"), "{}", hint.text);
    run(&mut record).store_counters.pool.total = Nanos::from_millis(2_000);
    assert_eq!(only(&record), None);
}

#[test]
fn requests_that_began_late_are_the_generators() {
    let mut record = missing(Nanos::from_millis(2));
    let measured = run(&mut record);
    measured.measures.lag = same(1_000, Nanos::from_millis(15));
    let check = |standing| Check { name: "dispatch lag".into(), standing, detail: String::new() };
    measured.checks.push(check(Standing::Warn));
    let hint = only(&record).unwrap();
    assert!(hint.text.contains("1 of 100 requests 15."), "{}", hint.text);
    run(&mut record).checks[0] = check(Standing::Ok);
    assert_eq!(only(&record), None);
    run(&mut record).checks[0] = check(Standing::Invalid);
    assert_eq!(hints(&record), [], "figures that are not to be believed say nothing");
}

#[test]
fn what_a_full_cache_would_need_is_told() {
    let mut record = plain();
    record.plan.distinct_keys = 4_000;
    record.scenario.cache.max_keys = Some(1_000);
    let measured = run(&mut record);
    measured.stock.entries = 1_000;
    let counters = measured.cache_counters.as_mut().unwrap();
    (counters.evicted_keys, counters.used_memory) = (7_500, 1 << 20);
    let told = only(&record).unwrap().text;
    assert!(told.contains("full (1,000 keys): it evicted 7,500 entries a run"), "{told}");
    assert!(told.contains("4,000 keys were asked for: all of them take 3.00 MiB more"), "{told}");
    run(&mut record).cache_counters.as_mut().unwrap().evicted_keys = 0;
    assert_eq!(only(&record), None);
}

#[test]
fn a_rule_that_is_true_of_several_tells_of_the_worst_and_names_the_others() {
    let mut record = missing(Nanos::from_millis(40));
    let mut slower = record.contenders[0].clone();
    slower.label = "slower".into();
    let missed = rising(40, Nanos::from_millis(90));
    slower.runs[0].measures.latency[1] = reads(ServedBy::Store, missed);
    slower.runs[0].measures.store.causes = vec![fills(40, Nanos::from_millis(95))];
    record.contenders.push(slower);
    let hint = only(&record).unwrap();
    assert_eq!(hint.strategies, ["slower", "cache-aside"]);
    assert!(hint.text.contains("Likewise cache-aside (4.0 %, 45."), "{}", hint.text);
    record.contenders[1].twin_of = Some("cache-aside".into());
    assert_eq!(only(&record).unwrap().strategies, ["cache-aside"], "a twin is not told of");
}

#[test]
fn terminal_and_page_tell_the_same_hints() {
    let record = missing(Nanos::from_millis(40));
    let hint = only(&record).unwrap();
    let told = text::render(&record).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(told.contains(&format!("WHAT TO LOOK AT NEXT - {}", hint.text)), "{told}");
    let page = html::render(&record);
    assert!(page.contains("id=\"next\"") && page.contains("4.0 % misses cost"));
    let nothing = plain();
    assert!(!text::render(&nothing).contains("WHAT TO LOOK AT NEXT"));
    assert!(!html::render(&nothing).contains("id=\"next\""));
}

/// A run under virtual time that suffers from what is put into it.
fn suffering(keys: u64, rate: u64, reads: Share, parts: &str) -> Vec<Hint> {
    let text = format!(
        r#"
question = "What ails it?"
[dataset]
entity = "product"
keys = {keys}
size = "256B"
[workload]
seed = 7
reads = {}
popularity = "uniform"
arrival = {{ poisson = {{ rate = {rate} }} }}
warm-up = "2s"
duration = "10s"
{parts}
"#,
        reads.0
    );
    hints(&simulate(&scenario::parse("ailing", &text).unwrap(), &USUAL))
}

fn of(found: &[Hint], metric: Metric, words: &str) -> Hint {
    let hint = found.iter().find(|hint| hint.metric == metric && hint.text.contains(words));
    hint.unwrap_or_else(|| panic!("nothing of {words}: {found:#?}")).clone()
}

#[test]
fn whole_runs_are_told_what_ails_them() {
    let found =
        suffering(20, 500, Share(0.9), "[store]\ndelay = \"20ms\"\n[strategies.ttl]\nttl = \"1s\"");
    let store = of(&found, Metric::ReadP99, "is the store's");
    assert!(store.text.contains("misses cost 2"), "{}", store.text);
    of(&found, Metric::StoreReads, "began while another of the same key was under way");
    of(&found, Metric::Staleness, "end with its TTL of 1.00 s");

    let full = "[cache]\nmaxmemory = \"1MiB\"\neviction = \"volatile-lru\"\n[strategies.cache-aside]\nttl = \"1h\"";
    of(&suffering(400, 300, Share(1.0), full), Metric::HitRatio, "was full (1.00 MiB)");

    // Of a connection that takes a millisecond a read, nine tenths of the time.
    let narrow = "[store]\nserver = \"postgres\"\nconnections = 1\n[strategies.no-cache]";
    of(&suffering(20, 900, Share(1.0), narrow), Metric::ReadP99, "wait for a connection");

    let killed = "[strategies.cache-aside]\nttl = \"5s\"\n[[faults]]\nat = \"2s\"\nlasts = \"3s\"\n\
                  what = { cache = \"killed\" }";
    let untold =
        of(&suffering(50, 200, Share(0.8), killed), Metric::StaleShare, "without the cache");
    assert_eq!(untold.strategies, ["cache-aside"]);
}
