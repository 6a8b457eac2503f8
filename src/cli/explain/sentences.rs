//! The parts of a scenario, each as a person would say it.

use super::arrivals::arrivals;
use crate::backend::{
    ApiOptions, CacheOptions, CacheServer, Connections, Durability, Eviction, Origin, StoreOptions,
    StoreServer, redacted,
};
use crate::cli::text::{count, counted, number, percent};
use crate::model::Spread;
use crate::scenario::{Preference, Scenario};
use crate::workload::{Arrival, BodySize, Entity, Popularity, WorkloadOptions};

pub fn dataset(scenario: &Scenario) -> String {
    let dataset = &scenario.dataset;
    let rows = match dataset.entity {
        Entity::Product => "products",
        Entity::UserProfile => "user profiles",
        Entity::Permissions => "users' permissions",
        Entity::ProductListing => "product listings",
        Entity::Dashboard => "dashboards",
        Entity::Counter => "counters",
        Entity::ApiResponse => "API responses",
        Entity::Page => "pages",
    };
    let keys = match dataset.keys {
        Some(keys) => format!("{} {rows}", count(keys)),
        None => format!("As many {rows} as the trace has keys"),
    };
    let size = match dataset.size {
        BodySize::Fixed(size) => format!("{size} of JSON each"),
        BodySize::Uniform { min, max } => format!("{min} to {max} of JSON each"),
    };
    let named =
        dataset.namespace.as_ref().map(|namespace| format!(", named {namespace} in the cache"));
    let absent = match dataset.absent.is_zero() {
        true => String::new(),
        false => format!(" {} of the keys have no row at first.", percent(dataset.absent.0)),
    };
    format!("{keys}, {size}{}.{absent}", named.unwrap_or_default())
}

pub fn load(scenario: &Scenario) -> String {
    let workload = &scenario.workload;
    let arrival = arrivals(workload);
    let popularity = popularity(&workload.popularity);
    format!("{arrival} {} {popularity} {}", operations(workload), expected(scenario))
}

/// What the requests do.
fn operations(workload: &WorkloadOptions) -> String {
    let others = [
        (workload.inserts.0, "insert"),
        (workload.deletes.0, "delete"),
        (workload.read_modify_writes.0, "read and then write"),
    ];
    let mut shares = vec![format!("{} read", percent(workload.reads.0))];
    let others = others.into_iter().filter(|(share, _)| *share > 0.0);
    shares.extend(others.map(|(share, what)| format!("{} {what}", percent(share))));
    shares.push(format!("{} update", percent(workload.updates())));
    let mut told = format!("{}.", shares.join(", "));
    if let Some(own_reads) = workload.own_reads {
        told += &format!(
            " {} of the writes are read by their own client {} later.",
            percent(own_reads.share.0),
            counted(own_reads.after, "request")
        );
    }
    if workload.prefill {
        told += " Before the load starts, every key that has a row is read once.";
    }
    told
}

fn popularity(popularity: &Popularity) -> String {
    match popularity {
        Popularity::Uniform => "Every key is asked for alike.".into(),
        Popularity::Zipf(zipf) => {
            format!("Keys are as popular as in a Zipf law of exponent {}.", zipf.exponent)
        }
        Popularity::Hotspot(shares) => format!(
            "{} of the keys get {} of the requests.",
            percent(shares.keys.0),
            percent(shares.requests.0)
        ),
        Popularity::Latest(latest) => format!(
            "The latest keys are the most popular, with exponent {}; a new one comes every {}.",
            latest.exponent,
            counted(latest.every, "request")
        ),
        Popularity::Trace(trace) => {
            let files: Vec<_> = trace.files.iter().map(|file| file.display().to_string()).collect();
            format!("Keys come in the order of {}.", files.join(", then "))
        }
    }
}

fn expected(scenario: &Scenario) -> String {
    let workload = &scenario.workload;
    let window = format!(
        "A run is {} of warm-up and {} that are measured",
        workload.warm_up, workload.duration
    );
    let (measured, all) = match (&workload.arrival, workload.curve()) {
        (Arrival::Closed(load), _) if !load.think.0.is_zero() => {
            let most = f64::from(load.clients) / load.think.0.as_secs_f64();
            let measured = count((most * workload.duration.0.as_secs_f64()).round() as u64);
            return format!("{window}: at most {measured} measured requests.");
        }
        (_, Some(curve)) => {
            let (opens, closes) = workload.window();
            let all = curve.count(closes);
            (all - curve.count(opens), all)
        }
        (_, None) => return format!("{window}, with as many requests as are answered."),
    };
    let reads = measured * workload.reads.0;
    let writes = if workload.only_reads_and_updates() { "updates" } else { "others" };
    format!(
        "{window}: about {} requests, with {} measured reads and {} measured {writes}.",
        count(all.round() as u64),
        count(reads.round() as u64),
        count((measured - reads).round() as u64)
    )
}

pub fn cache(cache: &CacheOptions) -> String {
    let server = match &cache.server {
        CacheServer::Managed => "A private Redis that is started for this".to_owned(),
        CacheServer::Embedded => {
            "A cache in memory, whose latency is not that of a server".to_owned()
        }
        CacheServer::Url(url) => format!("Your Redis at {}", redacted(url)),
    };
    let limit = match (cache.maxmemory, cache.max_keys) {
        (Some(memory), _) => format!(", with {memory} for entries"),
        (None, Some(keys)) => format!(", with room for {}", counted(keys, "key")),
        (None, None) => String::new(),
    };
    let is_limited = cache.maxmemory.is_some() || cache.max_keys.is_some();
    let full = match (&cache.server, is_limited, cache.eviction) {
        (CacheServer::Url(_), false, _) => "It evicts as it is set to".to_owned(),
        (_, false, _) => "Nothing is evicted".to_owned(),
        (_, true, Eviction::Noeviction) => "When it is full it refuses entries".to_owned(),
        (_, true, policy) => format!("When it is full it evicts by {}", policy.name()),
    };
    let sharing = match cache.connections {
        Connections::Shared(_) => "shared by its requests",
        Connections::Pooled(_) => "each for one request at a time",
    };
    format!(
        "{server}{limit}. {full}. {} for each node, {sharing}; an answer is waited for {} at most.",
        counted(cache.connections.count().into(), "connection"),
        cache.timeout
    )
}

pub fn store(store: &StoreOptions) -> String {
    let server = match &store.server {
        StoreServer::Embedded => "Rows in memory, nothing of which is durable.".into(),
        StoreServer::Sqlite => format!("A private SQLite file{}.", durability(store.durability)),
        StoreServer::Postgres => {
            format!(
                "A private PostgreSQL that is started for this{}.",
                durability(store.durability)
            )
        }
        StoreServer::Url(url) => format!(
            "Your PostgreSQL at {}, in a schema of the run's own{}. It must be set like that.",
            redacted(url),
            durability(store.durability)
        ),
    };
    let origin = match store.origin {
        Origin::PointLookup => "A read finds the row by its key".to_owned(),
        Origin::Aggregation { rows } => format!(
            "A read finds the row by its key, and counts and sums {} of it by region",
            counted(rows.into(), "child row")
        ),
        Origin::Api(options) => api(&options),
    };
    let delay = match store.delay.0.is_zero() {
        true => String::new(),
        false => format!(", and takes {} longer than that", store.delay),
    };
    format!("{server} {origin}{delay}. {}.", connections(store))
}

fn connections(store: &StoreOptions) -> String {
    let connections = counted(store.connections.into(), "connection");
    match (&store.server, store.origin) {
        (StoreServer::Sqlite, Origin::PointLookup) => {
            "No read waits for a connection; one that writes serves all nodes".into()
        }
        (StoreServer::Embedded | StoreServer::Sqlite, _) => {
            format!("{connections} of each node for reads, and one that writes")
        }
        (StoreServer::Postgres | StoreServer::Url(_), _) => {
            format!("{connections} of each node for reads, and as many for writes")
        }
    }
}

const fn durability(durability: Durability) -> &'static str {
    match durability {
        Durability::Full => ", whose COMMIT waits for the disk",
        Durability::Normal => "; a crash of the machine may lose the last COMMITs",
        Durability::Off => ", whose COMMIT waits for nothing",
    }
}

fn api(options: &ApiOptions) -> String {
    let latency = match options.latency {
        Spread { p50, p99, .. } if p50 == p99 => format!("{p50}"),
        Spread { p50, p90: None, p99 } => {
            format!("up to {p50} for half of the reads and up to {p99} for 99 % of them")
        }
        Spread { p50, p90: Some(p90), p99 } => format!(
            "up to {p50} for half of the reads, up to {p90} for 90 % and up to {p99} for 99 % of them"
        ),
    };
    let limit = match options.limit() {
        Some((rate, burst)) => format!(
            ", and refuses what is beyond {} reads a second, {burst} of them at once",
            number(rate)
        ),
        None => String::new(),
    };
    format!("A read goes through an HTTP API, which takes {latency}{limit}")
}

/// What decides, a line for each threshold and one for the rest.
pub fn verdict(scenario: &Scenario) -> Vec<String> {
    let thresholds = &scenario.thresholds;
    let lines = [
        thresholds.read_p50.map(|limit| format!("half of the reads are answered within {limit}")),
        thresholds.read_p99.map(|limit| format!("99 % of the reads are answered within {limit}")),
        thresholds
            .update_p99
            .map(|limit| format!("99 % of the updates are acknowledged within {limit}")),
        thresholds.hit_ratio.map(|share| {
            format!("at least {} of the reads do without the store", percent(share.0))
        }),
        thresholds
            .store_reads_per_request
            .map(|reads| format!("at most {} reads of the store for each request", number(reads))),
        thresholds
            .stale_share
            .map(|share| format!("at most {} of the reads are definitely stale", percent(share.0))),
        thresholds
            .staleness
            .map(|age| format!("no value is served more than {age} after it was superseded")),
        thresholds.lost_writes.map(|writes| match writes {
            0 => "no acknowledged write is lost".to_owned(),
            writes => format!("at most {} are lost", counted(writes, "acknowledged write")),
        }),
        thresholds.errors.map(|share| format!("at most {} of the requests fail", percent(share.0))),
        thresholds.store_burst.map(|reads| {
            format!("at most {} of the store begin within 100 ms", counted(reads, "read"))
        }),
        thresholds.throttled.map(|share| {
            format!(
                "at most {} of the reads of the store are refused as too many",
                percent(share.0)
            )
        }),
        thresholds.read_your_writes.map(|share| {
            format!("at most {} of the reads miss the reader's own write", percent(share.0))
        }),
        thresholds
            .recovery
            .map(|limit| format!("after a fault, every figure is as before within {limit}")),
    ];
    let mut lines: Vec<_> = lines.into_iter().flatten().collect();
    let best = match scenario.prefer {
        Preference::ReadLatency => "the lowest p99 of the response time of reads",
        Preference::UpdateLatency => "the lowest p99 of the response time of updates",
        Preference::StoreLoad => "the fewest reads of the store for each request",
        Preference::Freshness => "the smallest share of definitely stale reads",
        Preference::Memory => "the least memory of the cache",
    };
    lines.push(match lines.is_empty() {
        true => format!("best is the strategy with {best}"),
        false => format!("of those that hold all this, best is the one with {best}"),
    });
    lines
}
