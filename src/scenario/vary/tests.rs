use super::*;
use crate::scenario::parse;

const SCENARIO: &str = r#"question = "What does it take?"
[dataset]
entity = "product"
keys = 100
[workload]
reads = 0.9 # most of them
popularity = { zipf = { exponent = 0.9 } }
arrival = { poisson = { rate = 600 } }
warm-up = "20s"
duration = "8s"
[strategies.no-cache]
[strategies.cache-aside]
ttl = "2s"
[strategies]
"ttl@short" = {}
"#;

fn base() -> Loaded {
    let text = SCENARIO.replace("[strategies]\n\"ttl@short\" = {}", "[strategies.\"ttl@short\"]");
    parse("tiny", &text).unwrap()
}

fn varied(argument: &str) -> Variation {
    vary(&base(), argument).unwrap()
}

fn refused(argument: &str) -> String {
    vary(&base(), argument).unwrap_err().to_string()
}

fn written(variation: &Variation) -> Vec<&str> {
    variation.variants.iter().map(|variant| variant.value.written.as_str()).collect()
}

#[test]
fn a_range_has_its_ends_and_round_values_between() {
    assert_eq!(written(&varied("ttl=1s..5s")), ["1s", "2s", "3s", "4s", "5s"]);
    let log = varied("ttl=100ms..10s:5:log");
    assert_eq!(written(&log), ["100ms", "316ms", "1s", "3s 160ms", "10s"]);
    assert_eq!((log.scale, log.unit), (Scale::Log, Unit::Time));
    assert_eq!(written(&varied("writes=1%..50%:3")), ["1%", "25.5%", "50%"]);
    assert_eq!(written(&varied("maxmemory=4MiB..64MiB:3:log")), ["4MiB", "16MiB", "64MiB"]);
    assert_eq!(written(&varied("exponent=0..2:4")), ["0", "0.667", "1.33", "2"]);
    assert_eq!(written(&varied("rate=10000..10100:3")), ["10000", "10050", "10100"]);
    assert_eq!(written(&varied("keys=1..1000000:3:log")), ["1", "1000", "1000000"]);
    assert_eq!(written(&varied("nodes=1..3:5")), ["1", "2", "3"], "there are no halves");
    assert_eq!(written(&varied("rate=100..200:2:linear")), ["100", "200"]);
}

#[test]
fn a_list_is_as_it_was_written_in_rising_order() {
    let nodes = varied("workload.nodes=4, 1,2");
    assert_eq!((written(&nodes), nodes.scale), (vec!["1", "2", "4"], Scale::Log));
    assert_eq!(varied("keys=100,200,300").scale, Scale::Linear);
    let words = varied("stampede=none,coalesce,lock");
    assert_eq!((words.scale, words.unit), (Scale::Named, Unit::Word));
    assert_eq!(words.variants[1].value.number, 1.0);
}

#[test]
fn every_strategy_that_has_the_option_gets_it_and_nothing_else_changes() {
    let base = base();
    for variant in varied("ttl=1s..3s:2").variants {
        let spec = |label: &str| {
            let mut all = variant.loaded.scenario.strategies.0.iter();
            all.find(|one| one.label == label).unwrap().options()
        };
        let expected = serde_json::json!(variant.value.written);
        assert_eq!(spec("cache-aside")["ttl"], expected);
        assert_eq!(spec("ttl@short")["ttl"], expected, "which the text did not say");
        assert!(spec("no-cache").is_empty());
        let mut same = variant.loaded.scenario.clone();
        same.strategies = base.scenario.strategies.clone();
        assert_eq!(same, base.scenario);
        assert!(variant.loaded.source.contains("reads = 0.9 # most of them"));
    }
    let one = &varied("strategies.cache-aside.ttl=5s,6s").variants[0].loaded.scenario;
    assert_ne!(one.strategies.0[1].options()["ttl"], one.strategies.0[2].options()["ttl"]);
    assert_eq!(varied("strategies.\"ttl@short\".ttl=5s,6s").variants.len(), 2);
    assert_eq!(varied("strategies.ttl@short.jitter=0.1,0.2").variants.len(), 2);
}

#[test]
fn short_names_find_their_places() {
    let at = |argument: &str| varied(argument).variants.remove(0).loaded.scenario;
    assert_eq!(at("writes=13.25%,20%").workload.reads.0, 0.8675);
    assert_eq!(at("writes=0.02,0.5").workload.reads.0, 0.98);
    assert_eq!(at("maxmemory=5MiB,6MiB").cache.maxmemory.unwrap().0, 5 << 20);
    assert_eq!(at("delay=1ms..5ms").store.delay.to_string(), "1ms");
    assert_eq!(at("rate=50..60").workload.peak_rate(), Some(50.0));
    assert_eq!(at("clients=7,8").workload.clients, 7);
    assert_eq!(at("keys=50..60:2").dataset.keys, Some(50));
    assert_eq!(at("thresholds.read-p99=5ms,6ms").thresholds.read_p99.unwrap().to_string(), "5ms");
}

#[test]
fn faults_are_found_by_their_place() {
    let text = SCENARIO.replace("[strategies]\n\"ttl@short\" = {}\n", "[[faults]]\nat = \"1s\"\n")
        + "lasts = \"1s\"\nwhat = { cache = \"paused\" }\n";
    let base = parse("tiny", &text).unwrap();
    let varied = vary(&base, "faults.0.lasts=1s,2s").unwrap();
    assert_eq!(varied.variants[1].loaded.scenario.faults[0].lasts.to_string(), "2s");
    assert!(vary(&base, "faults.1.lasts=1s,2s").is_err());
}

#[test]
fn an_option_that_there_is_not_is_told_with_what_was_meant() {
    let cases = [
        ("ttk=1s..2s", "did you mean `ttl`?"),
        ("workload.nods=1,2", "did you mean `workload.nodes`?"),
        ("duration=1s,2s", "did you mean `workload.duration`?"),
        ("strategies.*.ttll=1s,2s", "did you mean `ttl`?"),
        ("strategies.cache-asid.ttl=1s,2s", "did you mean `cache-aside`?"),
        ("strategies.cache-aside.codecs=json,messagepack", "did you mean `codec`?"),
        ("strategies.no-cache.ttl=1s,2s", "no-cache has no option `ttl`"),
        ("zzzzzz=1,2", "expected one of ttl, "),
        ("workload=1,2", "`workload`"),
        ("cache.server.url=redis://:secret@a,redis://b", "an address"),
    ];
    for (argument, expected) in cases {
        let told = refused(argument);
        assert!(told.contains(expected), "{argument}: {told}");
        let option = argument.split('=').next().unwrap();
        assert!(told.starts_with(option), "{told}");
    }
}

#[test]
fn a_range_of_nothing_or_of_two_kinds_is_refused() {
    let cases = [
        ("ttl", "has no `=`"),
        ("ttl=5s..5s", "empty"),
        ("ttl=5s..1s", "empty"),
        ("ttl=..1s", "two ends"),
        ("ttl=1s..5s:0", "0 steps are too few"),
        ("ttl=1s..5s:1", "1 steps are too few"),
        ("ttl=1s..5s:1000", "at most 100"),
        ("ttl=1s..5s:lgo", "`lgo` is no number of steps"),
        ("ttl=1s..5MiB", "`1s` is a span of time, and `5MiB` is a size"),
        ("exponent=0..2:log", "above zero"),
        ("stampede=none..lock", "words have no range"),
        ("nodes=1,,2", "a value is missing"),
        ("nodes=1,1", "listed twice"),
    ];
    for (argument, expected) in cases {
        assert!(refused(argument).contains(expected), "{argument}: {}", refused(argument));
    }
}

#[test]
fn a_value_with_which_the_scenario_makes_no_sense_is_named() {
    let cases = [
        ("ttl=1..5", "ttl = 1: `ttl` is not a span of time"),
        ("ttl=0s..5s", "ttl = 0s: `ttl` cannot be zero"),
        ("nodes=0..4", "nodes = 0: "),
        ("nodes=1s..4s", "nodes = 1s: `nodes` is not a whole number"),
        ("writes=10%..120%", "writes = 120%: "),
        ("writes=1s..2s", "expected a share"),
        ("maxmemory=1..5", "maxmemory = 1: `maxmemory` is not a size"),
        ("strategies.*.codec=json,jsn", "did you mean `json`?"),
        ("workload.popularity.latest.every=1,2", "`popularity` takes exactly one choice"),
        ("rate=100..1e9", "at most 10000000"),
    ];
    for (argument, expected) in cases {
        assert!(refused(argument).contains(expected), "{argument}: {}", refused(argument));
    }
}

#[test]
fn what_a_scenario_has_not_is_told_with_what_would_have_it() {
    let with = |from: &str, to: &str, argument: &str| {
        let text = base().source.replace(from, to);
        vary(&parse("tiny", &text).unwrap(), argument).unwrap_err().to_string()
    };
    let zipf = "{ zipf = { exponent = 0.9 } }";
    assert!(with(zipf, "\"uniform\"", "exponent=0..1").contains("zipf = { exponent"));
    let rate = "{ poisson = { rate = 600 } }";
    let closed = with(rate, "{ closed = { clients = 5 } }", "rate=1..5");
    assert!(closed.contains("`clients`"), "{closed}");
    let ramp = with(rate, "{ poisson = { ramp = { from = 1, to = 5 } } }", "rate=1..5");
    assert!(ramp.contains("changes in the course"), "{ramp}");
    let preset =
        with("ttl = \"2s\"", "preset = \"user-profile\"", "strategies.cache-aside.tl=1s,2s");
    assert!(preset.contains("did you mean `ttl`?"), "{preset}");
}
