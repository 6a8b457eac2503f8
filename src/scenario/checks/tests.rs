use super::super::{Loaded, Severity, parse};
use super::*;

const BASE: &str = r#"
question = "Which?"
QUESTION
[dataset]
entity = "product"
DATASET
[workload]
WORKLOAD
[cache]
CACHE
[store]
STORE
[thresholds]
THRESHOLDS
[gate]
GATE
[strategies]
STRATEGIES
"#;

const DEFAULTS: [(&str, &str); 8] = [
    ("QUESTION", ""),
    ("DATASET", "keys = 100"),
    (
        "WORKLOAD",
        "reads = 0.9\npopularity = \"uniform\"\narrival = { even = { rate = 5 } }\n\
         duration = \"1s\"\nwarm-up = \"1h\"",
    ),
    ("CACHE", ""),
    ("STORE", ""),
    ("THRESHOLDS", ""),
    ("GATE", ""),
    ("STRATEGIES", "no-cache = {}"),
];

fn scenario(part: &str, text: &str) -> Scenario {
    let mut all = BASE.to_owned();
    for (name, default) in DEFAULTS {
        all = all.replace(name, if name == part { text } else { default });
    }
    toml::from_str(&all).unwrap_or_else(|error| panic!("{error}"))
}

/// The paths of everything that `validate` says, once a part is put in.
fn paths(part: &str, text: &str, severity: Severity) -> Vec<String> {
    validate(&scenario(part, text))
        .into_iter()
        .filter(|problem| problem.severity == severity)
        .map(|problem| problem.path.join("."))
        .collect()
}

fn errors(part: &str, text: &str) -> Vec<String> {
    paths(part, text, Severity::Error)
}

fn warnings(part: &str, text: &str) -> Vec<String> {
    paths(part, text, Severity::Warning)
}

/// A workload that differs from the default one in a key.
fn workload(replaced: &str, by: &str) -> String {
    let default = DEFAULTS[2].1;
    assert!(default.contains(replaced));
    default.replace(replaced, by)
}

const UNIFORM: &str = "popularity = \"uniform\"";
const RATE: &str = "{ even = { rate = 5 } }";

#[test]
fn the_defaults_make_sense() {
    assert_eq!(validate(&scenario("", "")), []);
}

#[test]
fn data_must_exist_and_have_names_of_its_own() {
    assert_eq!(errors("DATASET", "keys = 0"), ["dataset.keys"]);
    assert_eq!(errors("DATASET", ""), ["dataset"]);
    assert_eq!(errors("DATASET", "keys = 9000000000"), ["dataset.keys"]);
    assert_eq!(errors("DATASET", "keys = 1\nnamespace = \"user:id\""), ["dataset.namespace"]);
    for size in ["\"0B\"", "{ min = \"2KiB\", max = \"1KiB\" }", "\"1GiB\""] {
        assert_eq!(errors("DATASET", &format!("keys = 1\nsize = {size}")), ["dataset.size"]);
    }
}

#[test]
fn a_load_must_load() {
    for (rate, is_wrong) in
        [("0", true), ("-1", true), ("nan", true), ("inf", true), ("0.1", false)]
    {
        let text = workload("rate = 5", &format!("rate = {rate}"));
        let expected = if is_wrong { vec!["workload.arrival.even.rate"] } else { vec![] };
        assert_eq!(errors("WORKLOAD", &text), expected, "{rate}");
    }
    let text = workload(RATE, "{ closed = { clients = 0 } }");
    assert_eq!(errors("WORKLOAD", &text), ["workload.arrival.closed.clients"]);
    let text = workload("\"1s\"", "\"0s\"\nnodes = 0\nclients = 0\ntimeout = \"0s\"");
    let expected = ["workload.duration", "workload.timeout", "workload.nodes", "workload.clients"];
    assert_eq!(errors("WORKLOAD", &text), expected);
    assert_eq!(errors("QUESTION", "repeats = 0"), ["repeats"]);
}

#[test]
fn a_rate_must_be_one_whatever_it_does() {
    let arrival = |text: &str| workload(RATE, &format!("{{ poisson = {text} }}"));
    for (text, key) in [
        ("{ ramp = { from = -1, to = 5 } }", "ramp.from"),
        ("{ burst = { base = 9, peak = 5, every = \"200ms\", lasts = \"100ms\" } }", "burst.peak"),
        ("{ burst = { base = 1, peak = 5, every = \"1s\", lasts = \"1s\" } }", "burst.every"),
        ("{ square-wave = { low = 1, high = 5, period = \"1s\", duty = 1 } }", "square-wave.duty"),
        ("{ staircase = { rates = [] } }", "staircase.rates"),
        ("{ staircase = { rates = [1, 0] } }", "staircase.rates.1"),
    ] {
        let expected = format!("workload.arrival.poisson.{key}");
        assert_eq!(errors("WORKLOAD", &arrival(text)), [expected], "{text}");
    }
    for (text, key) in [
        ("{ ramp = { from = 1, to = 5, over = \"2s\" } }", "ramp.over"),
        ("{ ramp = { from = 0, to = 5 } }", "ramp.from"),
        ("{ burst = { base = 1, peak = 5, every = \"1s\", lasts = \"100ms\" } }", "burst.every"),
        ("{ square-wave = { low = 1, high = 5, period = \"2s\" } }", "square-wave.period"),
        ("{ staircase = { rates = [1, 2], each = \"400ms\" } }", "staircase.each"),
    ] {
        let expected = format!("workload.arrival.poisson.{key}");
        let found = warnings("WORKLOAD", &arrival(text));
        assert_eq!((errors("WORKLOAD", &arrival(text)), found), (vec![], vec![expected]), "{text}");
    }
    let fine = arrival("{ staircase = { rates = [1, 2], each = \"250ms\" } }");
    assert_eq!((errors("WORKLOAD", &fine), warnings("WORKLOAD", &fine)), (vec![], vec![]));
}

#[test]
fn a_popularity_must_ask_for_keys_that_exist() {
    for (popularity, path) in [
        ("{ zipf = { exponent = -0.1 } }", "zipf.exponent"),
        ("{ zipf = { exponent = inf } }", "zipf.exponent"),
        ("{ latest = { exponent = 1.0, every = 0 } }", "latest.every"),
        ("{ hotspot = { keys = 0.001, requests = 0.5 } }", "hotspot.keys"),
        ("{ hotspot = { keys = 1, requests = 0.5 } }", "hotspot.keys"),
    ] {
        let text = workload(UNIFORM, &format!("popularity = {popularity}"));
        let expected = format!("workload.popularity.{path}");
        assert!(errors("WORKLOAD", &text).contains(&expected), "{popularity}");
    }
    let zipf = workload(UNIFORM, "popularity = { zipf = { exponent = 0 } }");
    assert!(errors("WORKLOAD", &zipf).is_empty(), "0 is uniform");
    let cold = workload(UNIFORM, "popularity = { hotspot = { keys = 0.5, requests = 0.1 } }");
    assert_eq!(warnings("WORKLOAD", &cold), ["workload.popularity.hotspot.requests"]);
}

#[test]
fn each_kind_of_cache_has_limits_and_policies_of_its_own() {
    for (cache, expected) in [
        ("max-keys = 5", vec!["cache.max-keys"]),
        ("maxmemory = \"0B\"", vec!["cache.maxmemory"]),
        ("eviction = \"allkeys-lfu\"", vec!["cache.eviction"]),
        ("eviction = \"allkeys-lfu\"\nmaxmemory = \"9MiB\"", vec![]),
        ("server = \"embedded\"\nmaxmemory = \"0B\"", vec!["cache.maxmemory"]),
        ("server = \"embedded\"\nmaxmemory = \"9MiB\"\neviction = \"allkeys-lfu\"", vec![]),
        ("server = \"embedded\"\nmax-keys = 0", vec!["cache.max-keys"]),
        ("server = \"embedded\"\nmax-keys = 5\neviction = \"volatile-ttl\"", vec![]),
        (
            "server = \"embedded\"\nmax-keys = 5\nvictim = \"exact\"\neviction = \"allkeys-lru\"",
            vec![],
        ),
        (
            "server = \"embedded\"\nmax-keys = 5\nvictim = \"exact\"\neviction = \"allkeys-lfu\"",
            vec!["cache.victim"],
        ),
        (
            "maxmemory = \"9MiB\"\nvictim = \"exact\"\neviction = \"allkeys-lru\"",
            vec!["cache.victim"],
        ),
        (
            "maxmemory = \"9MiB\"\nvictim = { best-of = 0 }\neviction = \"allkeys-lru\"",
            vec!["cache.victim.best-of"],
        ),
        ("server = \"embedded\"\nmax-keys = 5\neviction = \"allkeys-random\"", vec![]),
        ("server = { url = \"http://localhost\" }", vec!["cache.server.url"]),
        (
            "server = { url = \"redis://localhost\" }\neviction = \"allkeys-lru\"",
            vec!["cache.eviction"],
        ),
        ("server = { url = \"unix:///run/redis.sock\" }", vec![]),
        ("connections = { pooled = 0 }", vec!["cache.connections.pooled"]),
        (
            "connections = { shared = 0 }\ntimeout = \"0s\"",
            vec!["cache.connections.shared", "cache.timeout"],
        ),
    ] {
        assert_eq!(errors("CACHE", cache), expected, "{cache}");
    }
    assert_eq!(warnings("CACHE", "maxmemory = \"9MiB\""), ["cache.eviction"]);
}

#[test]
fn a_store_must_answer_in_time() {
    assert_eq!(errors("STORE", "delay = \"10s\""), ["store.delay"]);
    assert_eq!(errors("STORE", "connections = 0"), ["store.connections"]);
    let none = "origin = { aggregation = { rows = 0 } }";
    assert_eq!(errors("STORE", none), ["store.origin.aggregation.rows"]);
}

#[test]
fn an_api_must_be_one_that_could_be() {
    let latency = "latency = { p50 = \"40ms\", p99 = \"150ms\" }";
    for (options, expected) in [
        (latency.to_owned(), vec![]),
        ("latency = { p50 = \"40ms\", p99 = \"40ms\" }".to_owned(), vec![]),
        (format!("{latency}, rate-limit = 100"), vec![]),
        (format!("{latency}, rate-limit = 0.5, burst = 20"), vec![]),
        ("latency = { p50 = \"0s\", p99 = \"1s\" }".to_owned(), vec!["latency.p50"]),
        ("latency = { p50 = \"40ms\", p99 = \"39ms\" }".to_owned(), vec!["latency.p99"]),
        ("latency = { p50 = \"10s\", p99 = \"20s\" }".to_owned(), vec!["latency.p50"]),
        (format!("{latency}, rate-limit = 0"), vec!["rate-limit"]),
        (format!("{latency}, rate-limit = -1"), vec!["rate-limit"]),
        (format!("{latency}, rate-limit = nan"), vec!["rate-limit"]),
        (format!("{latency}, rate-limit = inf"), vec!["rate-limit"]),
        (format!("{latency}, rate-limit = 9, burst = 0"), vec!["burst"]),
        (format!("{latency}, burst = 20"), vec!["burst"]),
    ] {
        let expected: Vec<_> =
            expected.into_iter().map(|key| format!("store.origin.api.{key}")).collect();
        let text = format!("origin = {{ api = {{ {options} }} }}");
        assert_eq!(errors("STORE", &text), expected, "{options}");
    }
}

#[test]
fn no_option_of_any_strategy_may_be_zero() {
    assert_eq!(errors("STRATEGIES", ""), ["strategies"]);
    for (strategy, option) in [
        ("cache-aside = { ttl = \"0s\" }", "cache-aside.ttl"),
        ("cache-aside = { jitter = 1.0 }", "cache-aside.jitter"),
        ("write-behind = { batch = 0 }", "write-behind.batch"),
        ("refresh-ahead = { factor = 0.0 }", "refresh-ahead.factor"),
        ("cache-aside = { beta = -1.0 }", "cache-aside.beta"),
        ("cache-aside = { grace = \"0s\" }", "cache-aside.grace"),
        ("write-behind = { flush-interval = \"0ms\" }", "write-behind.flush-interval"),
        (
            "\"event-invalidation@a\" = { relay-interval = \"0s\" }",
            "event-invalidation@a.relay-interval",
        ),
        ("\"ttl@\" = {}", "ttl@"),
    ] {
        assert_eq!(errors("STRATEGIES", strategy), [format!("strategies.{option}")]);
    }
}

#[test]
fn a_warm_up_shorter_than_a_ttl_is_warned_of() {
    let text = "ttl = { ttl = \"2h\" }\ncache-aside = { ttl = \"1h\" }";
    let problems = validate(&scenario("STRATEGIES", text));
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].path, ["workload", "warm-up"]);
    assert!(problems[0].message.contains("of ttl (2h):"), "{}", problems[0].message);
}

#[test]
fn an_eviction_that_may_take_unwritten_writes_is_warned_of() {
    let with = |policy: &str| {
        let cache = format!("maxmemory = \"9MiB\"\neviction = \"{policy}\"");
        let mut scenario = scenario("CACHE", &cache);
        let write_behind: Loaded =
            parse("other", &other("write-behind = { ttl = \"1s\" }")).unwrap();
        scenario.strategies = write_behind.scenario.strategies;
        validate(&scenario)
    };
    assert_eq!(with("allkeys-lru")[0].path, ["cache", "eviction"]);
    assert_eq!(with("volatile-lru"), []);
}

#[test]
fn an_eviction_that_may_take_what_keeps_old_rows_out_is_warned_of() {
    let with = |policy: &str, strategies: &str| {
        let cache = format!("maxmemory = \"9MiB\"\neviction = \"{policy}\"");
        let mut scenario = scenario("CACHE", &cache);
        scenario.strategies = parse("other", &other(strategies)).unwrap().scenario.strategies;
        let problems = validate(&scenario).into_iter().map(|problem| problem.message);
        problems.collect::<Vec<_>>().join("; ")
    };
    for (strategies, what) in [
        ("cache-aside = { ttl = \"1s\", stampede = \"coalesce+lock\" }", "a lock"),
        ("cache-aside = { ttl = \"1s\", stampede = \"lease\" }", "a lease"),
        ("versioned = { ttl = \"1s\" }", "a tombstone"),
    ] {
        for policy in ["allkeys-lfu", "volatile-ttl"] {
            let told = with(policy, strategies);
            assert!(told.contains(what) && told.contains(policy), "{told}");
        }
    }
    let events = "cache-aside = { ttl = \"1s\", events = \"delete\" }";
    assert!(with("allkeys-random", events).contains("the events"));
    assert_eq!(with("volatile-random", events), "", "a stream has no expiry");
}

/// A whole scenario with these strategies.
fn other(strategies: &str) -> String {
    toml::to_string(&scenario("STRATEGIES", strategies)).unwrap()
}

#[test]
fn requests_do_one_thing_each_and_find_what_they_need() {
    let with = |more: &str| workload("reads = 0.9", &format!("reads = 0.9\n{more}"));
    for (more, path) in [
        ("deletes = 0.1", None),
        ("deletes = 0.06\nread-modify-writes = 0.05", Some("workload.reads")),
        ("inserts = 0.05", Some("workload.inserts")),
        ("own-reads = { share = 0.5, after = 3 }", None),
        ("own-reads = { share = 0.5, after = 0 }", Some("workload.own-reads.after")),
    ] {
        assert_eq!(errors("WORKLOAD", &with(more)), Vec::from_iter(path), "{more}");
    }
    let mut inserting = scenario("WORKLOAD", &with("inserts = 0.05"));
    inserting.dataset.absent.0 = 0.1;
    assert_eq!(validate(&inserting), []);
    // Too few keys for this share to leave one out.
    inserting.dataset.absent.0 = 0.001;
    assert_eq!(validate(&inserting)[0].path, ["workload", "inserts"]);
    let only_reads = workload("reads = 0.9", "reads = 1\nown-reads = { share = 1, after = 1 }");
    assert_eq!(errors("WORKLOAD", &only_reads), ["workload.own-reads"]);
}

#[test]
fn shares_that_are_too_large_are_named() {
    let text = workload("reads = 0.9", "reads = 0.9\ninserts = 0.2\ndeletes = 0");
    let problem = validate(&scenario("WORKLOAD", &text)).remove(0);
    assert_eq!(problem.label.unwrap(), "reads 0.9, inserts 0.2 together are above 1");
}

#[test]
fn thresholds_need_something_to_hold_them() {
    for (thresholds, expected) in [
        ("read-p99 = \"0s\"", vec!["thresholds.read-p99"]),
        ("store-reads-per-request = -1", vec!["thresholds.store-reads-per-request"]),
        ("store-reads-per-request = nan", vec!["thresholds.store-reads-per-request"]),
        ("lost-writes = 0", vec![]),
    ] {
        assert_eq!(errors("THRESHOLDS", thresholds), expected);
    }
    let mut all_reads = scenario("THRESHOLDS", "update-p99 = \"1s\"\nread-p99 = \"1s\"");
    all_reads.workload.reads.0 = 1.0;
    assert_eq!(validate(&all_reads)[0].path, ["thresholds", "update-p99"]);
    let mut no_updates = scenario("THRESHOLDS", "update-p99 = \"1s\"");
    no_updates.workload.deletes.0 = 0.1;
    assert_eq!(validate(&no_updates)[0].path, ["thresholds", "update-p99"]);
    let mut all_updates = scenario("THRESHOLDS", "update-p99 = \"1s\"\nread-p99 = \"1s\"");
    all_updates.workload.reads.0 = 0.0;
    let paths: Vec<_> = validate(&all_updates).into_iter().map(|p| p.path.join(".")).collect();
    assert_eq!(paths, ["thresholds.read-p99", "prefer"]);
    let mut recovering = scenario("THRESHOLDS", "recovery = \"1s\"");
    assert_eq!(validate(&recovering)[0].path, ["thresholds", "recovery"]);
    let flushed = "at = \"500ms\"\nwhat = { cache = \"flushed\" }";
    recovering.faults = vec![toml::from_str(flushed).unwrap()];
    assert_eq!(validate(&recovering), []);
    let crossed = "read-p50 = \"2s\"\nread-p99 = \"1s\"";
    assert_eq!(warnings("THRESHOLDS", crossed), ["thresholds.read-p50"]);
}

#[test]
fn a_gate_is_decided_by_figures_that_can_be_there() {
    assert_eq!(errors("GATE", "primary = []"), ["gate.primary"]);
    let twice = errors("GATE", "primary = [\"read-p50\", \"read-p50\"]");
    assert_eq!(twice, ["gate.primary.0", "gate.primary.1"]);
    assert_eq!(errors("GATE", "primary = [\"recovery\"]"), ["gate.primary.0"]);
    let idle = "primary = [\"read-p50\"]\nminimum-effect = { read-p99 = \"5%\" }";
    assert_eq!(warnings("GATE", idle), ["gate.minimum-effect.read-p99"]);
    let mut all_reads = scenario("GATE", "primary = [\"read-p50\", \"update-p99\"]");
    all_reads.workload.reads.0 = 1.0;
    assert_eq!(validate(&all_reads)[0].path, ["gate", "primary", "1"]);
    all_reads.gate = crate::scenario::Gate::default();
    assert_eq!(validate(&all_reads), []);
}
