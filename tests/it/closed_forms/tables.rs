//! Every closed form that a Record has, over several sets of parameters each: a whole run must agree with
//! it, and where loads take no time the form must be the plain one of the books.

use cacheduel::record::{Contender, Prediction, Record};
use cacheduel::scenario;

use crate::simulated::{profile, simulate};

const HIT_RATIO: &str = "hit ratio";
const STALE: &str = "stale share of hits";
const AGE: &str = "age of stale reads, ms";
const STALE_SERVED: &str = "stale-served share";
const STORE_READS: &str = "store reads/s";
const ROWS: &str = "rows per flush";
const PER_EXPIRY: &str = Prediction::READS_PER_EXPIRY;

/// One run: uniform popularity, so that each key has the same rates.
#[derive(Clone, Copy)]
struct Case {
    strategy: &'static str,
    options: &'static str,
    keys: u32,
    /// Requests a second, of all keys.
    rate: f64,
    /// The share of them that reads.
    reads: f64,
    nodes: u32,
    /// How long a load takes, in milliseconds.
    load: u32,
    /// In seconds.
    warm_up: u32,
    duration: u32,
}

const USUAL: Case = Case {
    strategy: "ttl",
    options: "ttl = \"1s\"",
    keys: 20,
    rate: 200.0,
    reads: 1.0,
    nodes: 1,
    load: 0,
    warm_up: 5,
    duration: 60,
};

/// Microseconds to the cache and back, of a look at a version or the outbox, and of a COMMIT, where a form
/// is of what these take.
type Times = (u64, u64, u64);
const INSTANT: Times = (0, 0, 0);

impl Case {
    fn run(&self, times: Times) -> Contender {
        let Self { strategy, options, keys, rate, reads, nodes, load, warm_up, duration } = self;
        let text = format!(
            r#"
            question = "Does it agree with its closed form?"
            [dataset]
            entity = "counter"
            keys = {keys}
            [workload]
            seed = {}
            reads = {reads:?}
            popularity = "uniform"
            arrival = {{ poisson = {{ rate = {rate:?} }} }}
            warm-up = "{warm_up}s"
            duration = "{duration}s"
            nodes = {nodes}
            [store]
            delay = "{load}ms"
            connections = 64
            [strategies.{strategy}]
            {options}
            "#,
            3 + keys + nodes
        );
        let loaded = scenario::parse("form", &text).unwrap_or_else(|error| panic!("{error}"));
        let (round_trip, version, commit) = times;
        let record: Record = simulate(&loaded, &profile(round_trip, 0, version, commit));
        let [contender] = <[Contender; 1]>::try_from(record.contenders).unwrap();
        contender
    }

    /// The reads of one key a second.
    fn lambda(&self) -> f64 {
        self.rate * self.reads / f64::from(self.keys)
    }

    /// The writes of one key a second.
    fn mu(&self) -> f64 {
        self.rate * (1.0 - self.reads) / f64::from(self.keys)
    }

    /// Seconds that a load takes.
    fn delay(&self) -> f64 {
        f64::from(self.load) / 1e3
    }

    fn named(&self) -> String {
        let Self { strategy, options, keys, rate, reads, nodes, load, .. } = self;
        let options = options.replace('\n', ", ");
        format!(
            "{strategy} ({options}), {keys} keys, {rate}/s, {reads} reads, {nodes} nodes, {load} ms"
        )
    }
}

/// Demands that the run of `case` agrees with its prediction of `quantity`, and that it can tell.
fn agrees(case: &Case, contender: &Contender, quantity: &str) -> Prediction {
    let name = case.named();
    let found = contender.predictions.iter().find(|found| found.quantity == quantity);
    let found = found.unwrap_or_else(|| panic!("{name}: nothing is known of the {quantity}"));
    let off = found.deviation();
    assert!(off.abs() < 4.0, "{name}: {found:?} is {off} standard errors off");
    let resolution = found.standard_error / found.predicted.abs().max(1e-9);
    assert!(resolution < 0.08, "{name}: {found:?} says too little");
    found.clone()
}

/// The same of a table, and that what is predicted is the plain form.
fn all_agree(cases: &[Case], quantity: &str, form: impl Fn(&Case) -> f64) {
    for case in cases {
        let found = agrees(case, &case.run(INSTANT), quantity);
        let off = found.predicted / form(case) - 1.0;
        assert!(off.abs() < 1e-3, "{}: {found:?}, but the form says {}", case.named(), form(case));
    }
}

/// The only span in options of the form `name = "1s"` or `name = "500ms"`, in seconds.
fn seconds(options: &str, name: &str) -> f64 {
    let line = options.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap();
    let text = line.trim_start_matches([' ', '=']).trim_matches('"');
    text.parse::<cacheduel::model::Span>().unwrap().nanos().as_secs_f64()
}

fn ttl(case: &Case) -> f64 {
    seconds(case.options, "ttl")
}

#[test]
fn hits_of_entries_that_only_time_ends() {
    let cases = [
        Case { keys: 10, rate: 50.0, ..USUAL },
        Case { keys: 60, rate: 90.0, ..USUAL },
        Case { options: "ttl = \"4s\"", keys: 100, rate: 100.0, reads: 0.7, nodes: 3, ..USUAL },
        Case { options: "ttl = \"200ms\"", keys: 5, rate: 80.0, reads: 0.5, ..USUAL },
        Case { strategy: "cache-aside", options: "ttl = \"2s\"", keys: 300, ..USUAL },
        Case { strategy: "read-through", options: "ttl = \"2s\"", keys: 100, nodes: 4, ..USUAL },
    ];
    all_agree(&cases, HIT_RATIO, |case| {
        let hits = case.lambda() * ttl(case);
        hits / (1.0 + hits)
    });
}

#[test]
fn hits_of_entries_that_writes_delete() {
    let aside = Case { strategy: "cache-aside", options: "ttl = \"2s\"", ..USUAL };
    let cases = [
        Case { reads: 0.9, ..aside },
        Case { reads: 0.5, keys: 40, nodes: 2, ..aside },
        Case { reads: 0.2, keys: 10, ..aside },
        Case { reads: 0.95, keys: 200, rate: 300.0, options: "ttl = \"5s\"", ..aside },
    ];
    all_agree(&cases, HIT_RATIO, |case| {
        let life = -f64::exp_m1(-case.mu() * ttl(case)) / case.mu();
        case.lambda() * life / (1.0 + case.lambda() * life)
    });
    let forever = Case { options: "ttl = \"1000h\"", ..aside };
    let cases = [
        Case { reads: 0.9, ..forever },
        Case { reads: 0.5, nodes: 3, ..forever },
        Case { reads: 0.2, keys: 60, ..forever },
    ];
    all_agree(&cases, HIT_RATIO, |case| case.lambda() / (case.lambda() + case.mu()));
}

#[test]
fn hits_of_entries_that_writes_put_there() {
    let through = Case { strategy: "write-through", keys: 100, ..USUAL };
    let cases = [
        Case { reads: 0.9, ..through },
        Case { reads: 0.5, ..through },
        Case { reads: 0.2, rate: 100.0, nodes: 2, ..through },
        Case { reads: 0.7, options: "ttl = \"3s\"", keys: 400, ..through },
    ];
    all_agree(&cases, HIT_RATIO, |case| {
        let life = f64::exp_m1(case.mu() * ttl(case)) / case.mu();
        let present = (case.lambda() + case.mu()) * life;
        present / (1.0 + present)
    });
}

#[test]
fn stale_hits_of_entries_that_only_time_ends() {
    let cases = [
        Case { reads: 0.9, ..USUAL },
        Case { reads: 0.5, keys: 100, options: "ttl = \"4s\"", nodes: 2, ..USUAL },
        Case { reads: 0.2, keys: 50, ..USUAL },
        Case { reads: 0.7, keys: 10, options: "ttl = \"300ms\"", ..USUAL },
    ];
    all_agree(&cases, STALE, |case| {
        let writes = case.mu() * ttl(case);
        1.0 + f64::exp_m1(-writes) / writes
    });
}

#[test]
fn loads_of_an_expiry_that_nothing_guards() {
    let aside = Case { strategy: "cache-aside", keys: 5, ..USUAL };
    let cases = [
        Case { load: 50, ..aside },
        Case { load: 100, nodes: 3, ..aside },
        Case { load: 200, rate: 100.0, options: "ttl = \"600ms\"", ..aside },
        Case { load: 20, keys: 2, ..aside },
    ];
    all_agree(&cases, PER_EXPIRY, |case| 1.0 + case.lambda() * case.delay());
}

#[test]
fn loads_of_an_expiry_that_each_node_shares() {
    let options = "ttl = \"1s\"\nstampede = \"coalesce\"";
    let aside = Case { strategy: "cache-aside", options, keys: 4, duration: 120, ..USUAL };
    let cases = [
        Case { load: 50, nodes: 2, ..aside },
        Case { load: 100, nodes: 5, ..aside },
        Case { load: 200, nodes: 10, rate: 120.0, ..aside },
    ];
    all_agree(&cases, PER_EXPIRY, |case| {
        let nodes = f64::from(case.nodes);
        1.0 - (nodes - 1.0) * f64::exp_m1(-case.lambda() * case.delay() / nodes)
    });
}

#[test]
fn loads_of_a_refresh_by_chance() {
    let early = Case { strategy: "cache-aside", keys: 2, load: 100, duration: 150, ..USUAL };
    let cases = [
        Case {
            options: "ttl = \"1s\"\nstampede = \"early\"\nbeta = 0.5",
            load: 200,
            rate: 400.0,
            ..early
        },
        Case { options: "ttl = \"1s\"\nstampede = \"early\"\nbeta = 1.0", ..early },
        Case { options: "ttl = \"2s\"\nstampede = \"early\"\nbeta = 2.0", nodes: 3, ..early },
        Case { options: "ttl = \"3s\"\nstampede = \"early\"\nbeta = 3.0", ..early },
    ];
    for case in cases {
        let found = agrees(&case, &case.run(INSTANT), PER_EXPIRY);
        let beta: f64 = case.options.rsplit("= ").next().unwrap().parse().unwrap();
        // The rate is high beside the load time, and not beyond all bounds.
        let plain = f64::exp(1.0 / beta);
        assert!((found.predicted / plain - 1.0).abs() < 0.1, "{found:?}, about {plain}");
    }
}

#[test]
fn refreshes_ahead_of_the_expiry() {
    let ahead = Case { strategy: "refresh-ahead", keys: 40, ..USUAL };
    let cases: [(f64, Case); 4] = [
        (0.3, Case { options: "factor = 0.3\nttl = \"1s\"", ..ahead }),
        (0.5, Case { options: "factor = 0.5\nttl = \"2s\"", nodes: 2, keys: 100, ..ahead }),
        (0.8, Case { options: "factor = 0.8\nttl = \"1s\"", ..ahead }),
        (0.95, Case { options: "factor = 0.95\nttl = \"500ms\"", ..ahead }),
    ];
    for (factor, case) in cases {
        let run = case.run(INSTANT);
        let (hits, reads) = (agrees(&case, &run, HIT_RATIO), agrees(&case, &run, STORE_READS));
        let (lambda, ttl) = (case.lambda(), ttl(&case));
        let late = f64::exp(-lambda * (1.0 - factor) * ttl) / (1.0 + lambda * factor * ttl);
        assert!((hits.predicted - (1.0 - late)).abs() < 1e-3, "{hits:?}");
        let per_key = 1.0 / (factor * ttl + 1.0 / lambda);
        assert!(
            (reads.predicted / (per_key * f64::from(case.keys)) - 1.0).abs() < 1e-3,
            "{reads:?}"
        );
    }
}

#[test]
fn answers_past_the_expiry_while_it_is_renewed() {
    let late = Case { strategy: "stale-while-revalidate", keys: 100, ..USUAL };
    let cases = [
        Case { options: "ttl = \"1s\"\nwindow = \"100ms\"", ..late },
        Case { options: "ttl = \"1s\"\nwindow = \"500ms\"", nodes: 2, ..late },
        Case { options: "ttl = \"500ms\"\nwindow = \"2s\"", keys: 60, ..late },
        Case { options: "ttl = \"2s\"\nwindow = \"300ms\"", keys: 200, rate: 300.0, ..late },
    ];
    for case in cases {
        let run = case.run(INSTANT);
        let (hits, stale) = (agrees(&case, &run, HIT_RATIO), agrees(&case, &run, STALE_SERVED));
        let (lambda, ttl) = (case.lambda(), ttl(&case));
        let window = seconds(case.options, "window");
        let none = f64::exp(-lambda * window);
        assert!((hits.predicted - (1.0 - none / (1.0 + lambda * ttl))).abs() < 1e-3, "{hits:?}");
        assert!((stale.predicted - (1.0 - none) / (1.0 + lambda * ttl)).abs() < 1e-3, "{stale:?}");
    }
}

#[test]
fn stale_hits_and_their_age_until_the_event_has_come() {
    let options = "ttl = \"20s\"\nform = \"delete-if-older\"\nrelay-interval = \"100ms\"";
    let events = Case { strategy: "event-invalidation", options, reads: 0.8, warm_up: 20, ..USUAL };
    let slow = "ttl = \"30s\"\nform = \"delete-if-older\"\nrelay-interval = \"400ms\"";
    let cases = [
        events,
        Case { reads: 0.5, keys: 40, nodes: 2, ..events },
        Case { options: slow, reads: 0.9, keys: 10, warm_up: 30, ..events },
    ];
    for case in cases {
        let run = case.run((200, 300, 1_000));
        for quantity in [STALE, AGE] {
            assert_eq!(agrees(&case, &run, quantity).caveat, None);
        }
        // Half of an interval, and what an event's way takes.
        let lag = seconds(case.options, "relay-interval") / 2.0 + 0.002;
        let stale = agrees(&case, &run, STALE).predicted;
        let plain = case.mu() * lag / (1.0 + case.mu() * lag);
        assert!((stale / plain - 1.0).abs() < 0.05, "{stale}, about {plain}");
    }
}

#[test]
fn rows_of_a_flush() {
    let behind = Case { strategy: "write-behind", reads: 0.5, duration: 120, ..USUAL };
    let cases = [
        Case { options: "ttl = \"1s\"\nflush-interval = \"500ms\"", ..behind },
        Case { options: "ttl = \"1s\"\nflush-interval = \"100ms\"", keys: 5, reads: 0.8, ..behind },
        Case { options: "ttl = \"1s\"\nflush-interval = \"1s\"", keys: 200, nodes: 3, ..behind },
    ];
    for case in cases {
        let found = agrees(&case, &case.run(INSTANT), ROWS);
        let interval = seconds(case.options, "flush-interval");
        let plain = f64::from(case.keys) * -f64::exp_m1(-case.mu() * interval);
        assert!((found.predicted / plain - 1.0).abs() < 1e-3, "{found:?}, but {plain}");
    }
}
