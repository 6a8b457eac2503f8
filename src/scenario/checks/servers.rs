//! Checks of the cache and the store.

use super::{at_least_one, not_zero};
use crate::backend::{
    ApiOptions, CacheOptions, CacheServer, Connections, Eviction, Origin, StoreServer, Victim,
    postgres, redis,
};
use crate::model::{Size, Span};
use crate::scenario::Scenario;
use crate::scenario::problem::Problem;

/// Reads a second that an API may be limited to; nothing here comes near it.
const RATE_LIMIT_MAX: f64 = 1_000_000.0;

pub fn cache(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let cache = &scenario.cache;
    let (kind, connections) = match cache.connections {
        Connections::Shared(count) => ("shared", count),
        Connections::Pooled(count) => ("pooled", count),
    };
    let path = &["cache", "connections", kind];
    at_least_one(path, connections.into(), "connection", problems);
    not_zero(&["cache", "timeout"], cache.timeout, "the cache would never be in time", problems);
    match &cache.server {
        CacheServer::Embedded => embedded(scenario, problems),
        CacheServer::Managed => managed(scenario, problems),
        CacheServer::Url(url) => {
            managed(scenario, problems);
            if cache.append_only.is_some() {
                problems.push(
                    Problem::error(
                        &["cache", "append-only"],
                        "a server of your own keeps what it is set to keep",
                    )
                    .about_key()
                    .expected("only for a managed server"),
                );
            }
            if !redis::SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
                problems.push(
                    Problem::error(&["cache", "server", "url"], "not the address of a Redis")
                        .expected("expected redis://, rediss:// or unix://")
                        .help("write it as \"redis://localhost:6379\""),
                );
            }
        }
    }
    limits(cache, problems);
    let is_limited = cache.maxmemory.is_some() || cache.max_keys.is_some();
    let path = &["cache", "eviction"];
    if cache.eviction != Eviction::Noeviction && !is_limited {
        let (message, limit) = match cache.server {
            CacheServer::Managed => ("an unlimited cache evicts nothing", "maxmemory = \"64MiB\""),
            CacheServer::Embedded => ("an unlimited cache evicts nothing", "max-keys = 1000"),
            CacheServer::Url(_) => {
                ("a server of your own evicts as it is set to", "maxmemory = ...")
            }
        };
        problems.push(
            Problem::error(path, message)
                .expected("has no effect without a limit")
                .help(format!("add `{limit}`, or remove `eviction`")),
        );
    }
    if cache.eviction == Eviction::Noeviction && is_limited {
        problems.push(
            Problem::warning(path, "a full cache refuses entries, since nothing is evicted")
                .help("set `eviction`"),
        );
    }
}

/// A Redis counts bytes.
fn managed(scenario: &Scenario, problems: &mut Vec<Problem>) {
    if scenario.cache.max_keys.is_some() {
        problems.push(
            Problem::error(&["cache", "max-keys"], "Redis counts bytes, not keys")
                .about_key()
                .expected("only for `server = \"embedded\"`")
                .help("set `maxmemory`"),
        );
    }
    if scenario.cache.eviction == Eviction::AllkeysFifo {
        problems.push(
            Problem::error(&["cache", "eviction"], "Redis does not evict who came first")
                .expected("only for `server = \"embedded\"`"),
        );
    }
    if scenario.cache.victim == Some(Victim::Exact) {
        problems.push(
            Problem::error(&["cache", "victim"], "Redis takes the best of a sample")
                .expected("only for `server = \"embedded\"`")
                .help("write `victim = { best-of = 5 }`, or leave it out"),
        );
    }
}

/// The twin counts bytes and keys, and can find exactly what was used least lately.
fn embedded(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let cache = &scenario.cache;
    if cache.max_keys == Some(0) {
        problems.push(
            Problem::error(&["cache", "max-keys"], "a cache without keys holds nothing")
                .expected("expected 1 or more")
                .help("leave it out for an unlimited cache"),
        );
    }
    let is_fifo = cache.eviction == Eviction::AllkeysFifo;
    if is_fifo && matches!(cache.victim, Some(Victim::BestOf(_))) {
        problems.push(
            Problem::error(&["cache", "victim"], "who came first is found exactly")
                .expected("expected `exact`")
                .help("leave it out"),
        );
    }
    if cache.victim == Some(Victim::Exact) && !cache.eviction.is_ordered() {
        let message = format!("by `{}` nothing is found exactly", cache.eviction.name());
        problems.push(
            Problem::error(&["cache", "victim"], message)
                .expected("only for `allkeys-lru`, `volatile-lru` and `allkeys-fifo`")
                .help("write `victim = { best-of = 5 }`, or leave it out"),
        );
    }
}

/// What goes for any server that evicts.
fn limits(cache: &CacheOptions, problems: &mut Vec<Problem>) {
    if cache.maxmemory == Some(Size(0)) {
        problems.push(
            Problem::error(&["cache", "maxmemory"], "a cache without memory holds nothing")
                .expected("expected more than zero")
                .help("leave it out for an unlimited cache"),
        );
    }
    if let Some(Victim::BestOf(samples)) = cache.victim {
        at_least_one(&["cache", "victim", "best-of"], samples.into(), "entry", problems);
    }
}

pub fn store(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let store = &scenario.store;
    at_least_one(&["store", "connections"], store.connections.into(), "connection", problems);
    if let StoreServer::Url(url) = &store.server
        && !postgres::SCHEMES.iter().any(|scheme| url.starts_with(scheme))
    {
        problems.push(
            Problem::error(&["store", "server", "url"], "not the address of a PostgreSQL")
                .expected("expected postgres:// or postgresql://")
                .help("write it as \"postgres://user@localhost:5432/database\""),
        );
    }
    if store.origin == (Origin::Aggregation { rows: 0 }) {
        problems.push(
            Problem::error(&["store", "origin", "aggregation", "rows"], "nothing to aggregate")
                .expected("expected 1 or more")
                .help("for a read of the row alone, set `origin = \"point-lookup\"`"),
        );
    }
    if let Origin::Api(options) = &store.origin {
        api(scenario, options, problems);
    }
    if store.delay >= scenario.workload.timeout && scenario.workload.timeout.0.as_nanos() > 0 {
        let message = "every read of the store outlasts the patience of its client";
        problems.push(
            Problem::error(&["store", "delay"], message)
                .expected(format!("expected less than {}", scenario.workload.timeout))
                .help("raise `timeout` of [workload]"),
        );
    }
}

fn api(scenario: &Scenario, options: &ApiOptions, problems: &mut Vec<Problem>) {
    let latency = options.latency;
    let at = |keys: &[&'static str]| [&["store", "origin", "api"][..], keys].concat();
    let p50 = at(&["latency", "p50"]);
    not_zero(&p50, latency.p50, "an external API takes its time", problems);
    if latency.p99 < latency.p50 {
        problems.push(
            Problem::error(&at(&["latency", "p99"]), "the p99 is below the p50")
                .expected(format!("expected {} or more", latency.p50))
                .help("the same as `p50` gives a constant latency"),
        );
    }
    if latency.p90.is_some_and(|p90| !(latency.p50..=latency.p99).contains(&p90)) {
        problems.push(
            Problem::error(&at(&["latency", "p90"]), "the p90 is not between the p50 and the p99")
                .expected(format!("expected {} to {}", latency.p50, latency.p99)),
        );
    }
    let timeout = scenario.workload.timeout;
    if latency.p50 >= timeout && timeout > Span::default() {
        problems.push(
            Problem::error(&p50, "half of the reads outlast the patience of their client")
                .expected(format!("expected less than {timeout}"))
                .help("raise `timeout` of [workload]"),
        );
    }
    match options.rate_limit {
        Some(rate) if !(rate > 0.0 && rate <= RATE_LIMIT_MAX) => problems.push(
            Problem::error(&at(&["rate-limit"]), format!("no API has a rate limit of {rate}"))
                .expected(format!("expected more than 0, and at most {RATE_LIMIT_MAX}"))
                .help("leave it out for no limit"),
        ),
        None if options.burst.is_some() => problems.push(
            Problem::error(&at(&["burst"]), "an API without a rate limit has no burst")
                .about_key()
                .expected("has no effect without a limit")
                .help("add `rate-limit`, or remove `burst`"),
        ),
        _ => {}
    }
    if options.burst == Some(0) {
        problems.push(
            Problem::error(&at(&["burst"]), "an API without a burst answers nothing")
                .expected("expected 1 or more")
                .help("leave it out for one second's worth of the rate limit"),
        );
    }
}
