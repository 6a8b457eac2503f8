use super::*;
use crate::clock::SimClock;
use crate::experiment::{self, Environment, Silent};
use crate::model::{Profile, Span, Spread};
use crate::record::Run;
use crate::scenario::{self, Loaded};

fn footprint(keys: u64, more: &str) -> Footprint {
    let text = format!(
        "question = \"q\"\n[dataset]\nentity = \"product\"\nkeys = {keys}\nsize = \"1KiB\"\n\
         [workload]\npopularity = \"uniform\"\narrival = {{ poisson = {{ rate = 1000 }} }}\n\
         duration = \"10s\"\nwarm-up = \"0s\"\n{more}\n[strategies.cache-aside]\n"
    );
    Footprint::of(&scenario::parse("test", &text).unwrap().scenario, keys)
}

#[test]
fn what_is_never_asked_for_is_in_no_cache() {
    let (few, many) = (footprint(1_000, "reads = 1.0"), footprint(100_000_000, "reads = 1.0"));
    assert_eq!(few.cache, Size(1_000 * 176));
    assert_eq!(many.cache, Size(10_100 * 176));
    assert_eq!((few.store, many.store), (Size(0), Size(0)));
    assert!(many.judge.0 >= 3_600_000_000);
    let filled = footprint(1 << 20, "reads = 1.0\nprefill = true");
    assert_eq!(filled.cache, Size((1 << 20) * 176));
}

#[test]
fn a_body_takes_room_where_it_is_written() {
    let of = |options| footprint(1_000, &format!("reads = 1.0\n[strategies.ttl]\n{options}")).cache;
    assert_eq!(of(""), Size(1_000 * 176));
    assert_eq!(of("codec = \"messagepack\""), Size(1_000 * (176 + 1_024)));
    assert_eq!(of("compression = \"gzip\""), Size(1_000 * (176 + 1_024)));
    assert_eq!(of("compression = \"gzip\"\ncompress-from = \"2KiB\""), Size(1_000 * 176));
}

#[test]
fn a_cache_with_a_limit_holds_no_more() {
    let limited =
        footprint(1_000_000, "reads = 1.0\n[cache]\nserver = \"embedded\"\nmax-keys = 100");
    assert_eq!(limited.cache, Size(100 * 176));
}

#[test]
fn what_no_machine_has_is_refused() {
    let small = footprint(1_000, "reads = 1.0");
    assert!(small.fits(1).is_ok());
    let error = small.fits(1 << 40).unwrap_err().to_string();
    assert!(error.contains("simulating takes up to"), "{error}");
}

#[test]
fn sizes_are_told_in_three_digits() {
    let told = [0, 1_023, 1_536, 50 << 20, 3 << 40].map(|bytes| rounded(Size(bytes)));
    assert_eq!(told, ["0 B", "1023 B", "1.50 KiB", "50.0 MiB", "3.00 TiB"]);
    let told = footprint(1_000, "reads = 1.0").told();
    assert!(told.starts_with("at most 48.3 MiB of memory: 172 KiB for the cache"), "{told}");
}

#[test]
fn the_machine_says_what_it_has_left() {
    let text = "MemTotal:  24000000 kB\nMemAvailable:   21000 kB\nBuffers: 1 kB\n";
    assert_eq!(in_meminfo(text), Some(21_000 << 10));
    assert_eq!(in_meminfo("MemTotal: 1 kB"), None);
}

fn loaded(keys: u64, rate: u32, more: &str) -> Loaded {
    let text = format!(
        "question = \"q\"\n[dataset]\nentity = \"product\"\nkeys = {keys}\nsize = \"1KiB\"\n\
         [workload]\narrival = {{ poisson = {{ rate = {rate} }} }}\nduration = \"2s\"\n\
         warm-up = \"0s\"\n{more}\n[strategies.cache-aside]\n"
    );
    scenario::parse("scale", &text).unwrap()
}

fn simulated(loaded: &Loaded) -> Run {
    let clock = SimClock::new();
    let always = |micros| Spread::constant(Span::from_micros(micros));
    let mut profile = Profile::instant();
    profile.cache.round_trip = always(200);
    (profile.store.read, profile.store.commit) = (always(1_000), always(2_000));
    let environment = Environment::simulated(&loaded.scenario, &clock, &profile);
    let record = clock.block_on(experiment::run(loaded, &environment, &Silent)).unwrap();
    record.contenders[0].runs[0].clone()
}

/// Against the bytes that the allocator was asked for, at their peak.
#[test]
fn a_run_takes_no_more_than_was_said_and_no_less_than_half_of_it() {
    for (keys, rate, more) in [
        (15_000, 2_000, "reads = 1.0\nprefill = true\npopularity = { zipf = { exponent = 1.0 } }"),
        (40_000, 2_000, "reads = 1.0\nprefill = true\npopularity = \"uniform\""),
        (15_000, 15_000, "reads = 0.5\nprefill = true\npopularity = \"uniform\""),
    ] {
        let loaded = loaded(keys, rate, more);
        let said = Footprint::of(&loaded.scenario, keys);
        let taken = allocation_counter::measure(|| drop(simulated(&loaded))).bytes_max;
        let told = said.told();
        assert!(taken <= said.total().0, "{keys} keys took {taken} bytes: {told}");
        // What is there however small the run is does not count.
        let least = (said.total().0 - said.figures.0) / 2;
        assert!(taken >= least, "{keys} keys took {taken} bytes: {told}");
    }
}

#[test]
fn two_thousand_nodes_serve_their_clients_as_four_do() {
    let run_of = |nodes| {
        let more = "reads = 1.0\nclients = 4000\npopularity = { zipf = { exponent = 0.9 } }";
        let more = format!("{more}\nnodes = {nodes}");
        simulated(&loaded(2_000, 3_000, &more))
    };
    let (few, many) = (run_of(4), run_of(2_000));
    assert_eq!(few.requests, many.requests);
    assert_eq!(many.measures.requests.answered, few.measures.requests.answered);
    // Nothing of this strategy is in a node: how many there are makes no difference.
    assert_eq!(many.measures.lookups, few.measures.lookups);
}
