//! Checks of the strategies and of what they are held to.

use serde_json::Value;

use super::not_zero;
use crate::backend::Eviction;
use crate::model::Span;
use crate::scenario::problem::Problem;
use crate::scenario::{Contender, Preference, Scenario};

pub fn strategies(scenario: &Scenario, problems: &mut Vec<Problem>) {
    if scenario.strategies.0.is_empty() {
        problems.push(
            Problem::error(&["strategies"], "there is no strategy to run")
                .expected("expected at least one")
                .help("add `[strategies.cache-aside]`"),
        );
    }
    for contender in &scenario.strategies.0 {
        label(contender, problems);
        for (option, value) in contender.options() {
            let path = ["strategies", &contender.label, &option];
            options(&path, &value, problems);
        }
        evictable(scenario, contender, problems);
    }
    warm_up(scenario, problems);
}

fn label(contender: &Contender, problems: &mut Vec<Problem>) {
    if contender.label.ends_with('@') {
        problems.push(
            Problem::error(&["strategies", &contender.label], "the label after `@` is empty")
                .about_key()
                .expected("expected `name@label`"),
        );
    }
}

/// Every strategy's options are looked at alike, so that a new strategy needs no checks of its own:
/// no count, no factor and no span of any of them can be zero, and only a jitter can be left out that
/// way.
fn options(path: &[&str; 3], value: &Value, problems: &mut Vec<Problem>) {
    let option = path[2];
    let is_zero = match value {
        Value::Number(number) if option != "jitter" => number.as_f64().is_some_and(|n| n <= 0.0),
        Value::String(text) => text.parse() == Ok(Span::default()),
        _ => false,
    };
    if is_zero {
        problems.push(
            Problem::error(path, format!("`{option}` cannot be zero"))
                .expected("expected more than zero"),
        );
    }
    if option == "jitter" && value.as_f64().is_some_and(|jitter| jitter >= 1.0) {
        problems.push(
            Problem::error(path, "some entries would live for no time at all")
                .expected("expected less than 1"),
        );
    }
}

/// Until the first entries expire, a cache only fills: its hit ratio is not yet what it will be. One
/// that is filled beforehand is full from the start.
fn warm_up(scenario: &Scenario, problems: &mut Vec<Problem>) {
    if scenario.workload.prefill {
        return;
    }
    let warm_up = scenario.workload.warm_up;
    let longer: Vec<_> = scenario
        .strategies
        .0
        .iter()
        .filter_map(|contender| {
            let ttl: Span = contender.options().get("ttl")?.as_str()?.parse().ok()?;
            (ttl > warm_up).then(|| format!("{} ({ttl})", contender.label))
        })
        .collect();
    if !longer.is_empty() {
        let message = format!(
            "the warm-up of {warm_up} is shorter than the TTL of {}: the hit ratio may not be steady",
            longer.join(", ")
        );
        problems.push(
            Problem::warning(&["workload", "warm-up"], message)
                .help("a longer `warm-up`, or a shorter `ttl`"),
        );
    }
}

/// What a strategy relies on and the policy may evict: writes that are not persisted, which have no
/// expiry, and what keeps loaders apart or old rows out, which all have one.
fn evictable(scenario: &Scenario, contender: &Contender, problems: &mut Vec<Problem>) {
    let eviction = scenario.cache.eviction;
    if eviction == Eviction::Noeviction {
        return;
    }
    let (policy, label, name) = (eviction.name(), &contender.label, contender.spec.about().name);
    let options = contender.options();
    let has = |option: &str, word: &str| {
        options.get(option).and_then(|value| value.as_str()).is_some_and(|it| it.contains(word))
    };
    let mut warn = |message: String, help: &'static str| {
        problems.push(Problem::warning(&["cache", "eviction"], message).help(help));
    };
    if eviction.takes_entries_without_expiry() {
        if name == "write-behind" {
            warn(
                format!("{policy} may evict writes of {label} that the store does not have yet"),
                "`volatile-lru` evicts only what has an expiry",
            );
        }
        if name == "event-invalidation" || has("events", "delete") {
            warn(
                format!("{policy} may evict the events of {label}: old rows then stay for a TTL"),
                "`volatile-lru` evicts only what has an expiry",
            );
        }
    }
    for guard in ["lock", "lease"] {
        if has("stampede", guard) {
            warn(
                format!("{policy} may evict a {guard} of {label}: then more than one loads"),
                "`noeviction` keeps them, and refuses new ones when it is full",
            );
        }
    }
    if name == "versioned" {
        warn(
            format!("{policy} may evict a tombstone of {label}: then an old row may come back"),
            "`noeviction` keeps them",
        );
    }
}

pub fn thresholds(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let thresholds = &scenario.thresholds;
    let no_time = "no request is answered in no time";
    for (key, limit) in [
        ("read-p50", thresholds.read_p50),
        ("read-p99", thresholds.read_p99),
        ("update-p99", thresholds.update_p99),
    ] {
        if let Some(limit) = limit {
            not_zero(&["thresholds", key], limit, no_time, problems);
        }
    }
    if let Some(reads) = thresholds.store_reads_per_request
        && !(reads.is_finite() && reads >= 0.0)
    {
        problems.push(
            Problem::error(&["thresholds", "store-reads-per-request"], "no load can hold this")
                .expected("expected 0 or more"),
        );
    }
    if let (Some(p50), Some(p99)) = (thresholds.read_p50, thresholds.read_p99)
        && p50 > p99
    {
        problems.push(Problem::warning(
            &["thresholds", "read-p50"],
            "`read-p50` is above `read-p99`, so it can never be the one that is missed",
        ));
    }
    nothing_to_hold(scenario, problems);
}

/// Thresholds on requests that never come, or on recovering from nothing.
fn nothing_to_hold(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let thresholds = &scenario.thresholds;
    let workload = &scenario.workload;
    if thresholds.recovery.is_some() && scenario.faults.is_empty() {
        problems.push(
            Problem::error(
                &["thresholds", "recovery"],
                "nothing breaks that it could be held after",
            )
            .about_key()
            .expected("there are no faults")
            .help("add `[[faults]]`, or remove it"),
        );
    }
    if workload.updates() <= 0.0 {
        without("updates", "update-p99", thresholds.update_p99.is_some(), problems);
        without("updates", "read-your-writes", thresholds.read_your_writes.is_some(), problems);
        let prefers = scenario.prefer == Preference::UpdateLatency;
        decides_nothing("updates", prefers, problems);
    }
    if workload.reads.is_zero() && workload.own_reads.is_none() {
        without("reads", "read-p50", thresholds.read_p50.is_some(), problems);
        without("reads", "read-p99", thresholds.read_p99.is_some(), problems);
        without("reads", "hit-ratio", thresholds.hit_ratio.is_some(), problems);
        let prefers = matches!(scenario.prefer, Preference::ReadLatency | Preference::Freshness);
        decides_nothing("reads", prefers, problems);
    }
}

fn without(what: &str, key: &str, is_given: bool, problems: &mut Vec<Problem>) {
    if is_given {
        problems.push(
            Problem::error(&["thresholds", key], format!("there are no {what} to hold this"))
                .about_key()
                .expected("contradicts the shares of [workload]"),
        );
    }
}

fn decides_nothing(what: &str, prefers: bool, problems: &mut Vec<Problem>) {
    if prefers {
        problems.push(
            Problem::error(&["prefer"], format!("there are no {what} by which to prefer one"))
                .expected("contradicts the shares of [workload]")
                .help(format!("set `prefer` to a figure that does not depend on {what}")),
        );
    }
}
