//! Checks of the data and of what is asked of it.

use super::{at_least_one, not_zero};
use crate::model::{BODY_MAX, Nanos};
use crate::scenario::Scenario;
use crate::scenario::problem::Problem;
use crate::workload::{Arrival, BodySize, Burst, Hotspot, Popularity, Profile, Ramp, SquareWave};

/// The judge keeps a ledger for each key in memory.
const KEYS_MAX: u64 = 100_000_000;

pub fn dataset(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let dataset = &scenario.dataset;
    if let Some(namespace) = &dataset.namespace
        && !namespace.contains("{id}")
    {
        problems.push(
            Problem::error(&["dataset", "namespace"], "every key would have the same name")
                .expected("expected {id} where the key's number goes")
                .help(format!("write it as \"{}:{{id}}\"", namespace.trim_end_matches(':'))),
        );
    }
    let is_trace = matches!(scenario.workload.popularity, Popularity::Trace(_));
    match dataset.keys {
        None if !is_trace => problems.push(
            Problem::error(&["dataset"], "missing key `keys`")
                .expected("[dataset] needs `keys`")
                .help("add `keys = 10000`: only a trace brings its own number"),
        ),
        Some(_) if is_trace => problems.push(
            Problem::error(&["dataset", "keys"], "a trace brings its own number of keys")
                .about_key()
                .expected("contradicts `popularity`")
                .help("remove it"),
        ),
        Some(keys) if keys > KEYS_MAX => problems.push(
            Problem::error(&["dataset", "keys"], "more keys than fit into memory")
                .expected(format!("expected at most {KEYS_MAX}")),
        ),
        Some(keys) => at_least_one(&["dataset", "keys"], keys, "key", problems),
        None => {}
    }
    size(dataset.size, problems);
}

fn size(size: BodySize, problems: &mut Vec<Problem>) {
    let path = &["dataset", "size"];
    let (min, max) = match size {
        BodySize::Fixed(size) => (size, size),
        BodySize::Uniform { min, max } => (min, max),
    };
    if min > max {
        problems.push(
            Problem::error(path, format!("from {min} to {max} there is no size"))
                .expected("`min` is above `max`"),
        );
    } else if max > BODY_MAX {
        problems.push(
            Problem::error(path, "larger than anything that one would cache")
                .expected(format!("expected at most {BODY_MAX}")),
        );
    } else if min.0 == 0 {
        problems.push(Problem::error(path, "a row has a size").expected("expected more than zero"));
    }
}

pub fn workload(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let workload = &scenario.workload;
    let duration = &["workload", "duration"];
    not_zero(duration, workload.duration, "nothing is measured in no time", problems);
    let timeout = &["workload", "timeout"];
    not_zero(timeout, workload.timeout, "every request would time out", problems);
    at_least_one(&["workload", "nodes"], workload.nodes.into(), "node", problems);
    at_least_one(&["workload", "clients"], workload.clients.into(), "client", problems);
    arrival(scenario, problems);
    popularity(scenario, problems);
}

fn arrival(scenario: &Scenario, problems: &mut Vec<Problem>) {
    match &scenario.workload.arrival {
        Arrival::Even(profile) => rate(scenario, "even", profile, problems),
        Arrival::Poisson(profile) => rate(scenario, "poisson", profile, problems),
        Arrival::Closed(load) => {
            let clients = ["workload", "arrival", "closed", "clients"];
            at_least_one(&clients, load.clients.into(), "client", problems);
            if 0 < load.clients && load.clients < scenario.workload.nodes {
                let message = "fewer clients than nodes, so some nodes do nothing";
                problems.push(Problem::warning(&clients, message));
            }
        }
    }
}

fn rate(scenario: &Scenario, process: &str, profile: &Profile, problems: &mut Vec<Problem>) {
    let path = |key: &str| -> Vec<String> {
        let keys = ["workload", "arrival", process].into_iter().chain(key.split('.'));
        keys.map(str::to_owned).collect()
    };
    let flaws = profile.flaws();
    problems.extend(flaws.iter().map(|flaw| Problem {
        path: path(&flaw.key),
        ..Problem::error(&[], flaw.why).expected(format!("expected {}", flaw.expected))
    }));
    if flaws.is_empty() {
        let doubts = doubts(scenario, profile).into_iter().flatten();
        let warning =
            |(key, message)| Problem { path: path(key), ..Problem::warning(&[], message) };
        problems.extend(doubts.map(warning));
    }
}

/// What of a rate the window does not see, and where.
fn doubts(scenario: &Scenario, profile: &Profile) -> [Option<(&'static str, &'static str)>; 2] {
    let window = scenario.workload.duration.nanos();
    let unseen = match profile {
        Profile::Ramp(Ramp { over: Some(over), .. }) if over.nanos() > window => {
            Some(("ramp.over", "the window closes before the ramp is at its end"))
        }
        Profile::Burst(Burst { every, .. }) if every.nanos() >= window => {
            Some(("burst.every", "the window closes before the first burst"))
        }
        Profile::SquareWave(wave) if wave.halves().0 >= window => {
            Some(("square-wave.period", "the window closes before the rate is high"))
        }
        Profile::Staircase(staircase) => {
            let round = staircase.each.map(|each| each.nanos().0 * staircase.rates.len() as u64);
            let is_whole = round.is_none_or(|round| window.0.is_multiple_of(round));
            let why = "the window is no whole number of rounds, so some rates are held for longer \
                       than others, or not at all";
            (!is_whole).then_some(("staircase.each", why))
        }
        _ => None,
    };
    let first = match profile {
        Profile::Ramp(Ramp { from, .. }) => Some(("ramp.from", *from)),
        Profile::Burst(Burst { base, .. }) => Some(("burst.base", *base)),
        Profile::SquareWave(SquareWave { low, .. }) => Some(("square-wave.low", *low)),
        Profile::Rate(_) | Profile::Staircase(_) => None,
    };
    let warms_up = scenario.workload.warm_up.nanos() > Nanos::ZERO;
    let idle = first.filter(|(_, rate)| *rate == 0.0 && warms_up);
    [unseen, idle.map(|(key, _)| (key, "nothing is asked for in the warm-up"))]
}

fn popularity(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let path = |kind, key| ["workload", "popularity", kind, key];
    match &scenario.workload.popularity {
        Popularity::Uniform => {}
        Popularity::Zipf(zipf) => exponent(&path("zipf", "exponent"), zipf.exponent, problems),
        Popularity::Hotspot(shares) => {
            hotspot(*shares, scenario.dataset.keys, problems);
        }
        Popularity::Latest(latest) => {
            exponent(&path("latest", "exponent"), latest.exponent, problems);
            let every = path("latest", "every");
            at_least_one(&every, latest.every, "request between new keys", problems);
        }
        Popularity::Trace(trace) if trace.files.is_empty() => problems.push(
            Problem::error(&path("trace", "files"), "a trace without files asks for nothing")
                .expected("expected at least one file"),
        ),
        Popularity::Trace(_) => {}
    }
}

fn exponent(path: &[&str], exponent: f64, problems: &mut Vec<Problem>) {
    if !exponent.is_finite() || exponent < 0.0 {
        problems.push(
            Problem::error(path, "this exponent gives no popularity")
                .expected("expected 0 (uniform) or more; 0.99 is usual"),
        );
    }
}

fn hotspot(shares: Hotspot, keys: Option<u64>, problems: &mut Vec<Problem>) {
    let path = |key| ["workload", "popularity", "hotspot", key];
    let keys = keys.unwrap_or(0);
    let hot = (shares.keys.0 * keys as f64).round() as u64;
    if keys > 0 && hot == 0 && shares.requests.0 > 0.0 {
        problems.push(
            Problem::error(
                &path("keys"),
                format!("no key of {keys} is hot, but requests go there"),
            )
            .expected("expected a share that is at least one key"),
        );
    }
    if keys > 0 && hot == keys && shares.requests.0 < 1.0 {
        problems.push(
            Problem::error(&path("keys"), "every key is hot, but some requests go elsewhere")
                .expected("expected a share that leaves a key out"),
        );
    }
    if shares.requests < shares.keys {
        problems.push(Problem::warning(
            &path("requests"),
            "the hot keys get less than their share of the requests, so they are the cold ones",
        ));
    }
}
