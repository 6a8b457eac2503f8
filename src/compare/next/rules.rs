//! One rule each: what of a Record has to be so, and what is said then.

use super::super::Metric;
use super::super::figure::{bytes, count, share, time};
use super::{Case, Rule};
use crate::record::{
    Contender, Distribution, Latency, Nanos, Op, Record, Run, ServedBy, Share, Span, Standing,
};

/// In the order in which they are told: what is not the strategy's at all comes first.
pub const ALL: [(Metric, Rule); 7] = [
    (Metric::ReadP99, generator),
    (Metric::ReadP99, pool),
    (Metric::ReadP99, store),
    (Metric::StoreReads, duplicates),
    (Metric::HitRatio, evictions),
    (Metric::Staleness, expiry),
    (Metric::StaleShare, undelivered),
];

/// A smaller part of the loads is not worth a sentence.
const DUPLICATES_MIN: f64 = 0.05;
/// How near to the TTL the 99th percentile of ages has to come: ages that end for another reason end
/// anywhere.
const NEAR_TTL: f64 = 0.9;

/// Requests began so late that a good part of the latency is the load generator's.
fn generator(_: &Record, contender: &Contender) -> Option<Case> {
    let late = |run: &Run| {
        run.checks.iter().any(|it| it.name == "dispatch lag" && it.standing == Standing::Warn)
    };
    let lag = merged(contender.runs.iter().filter(|run| late(run)).map(|run| &run.measures.lag));
    let (lag, p99) = (lag.certified(0.99)?, contender.response(Op::Read).certified(0.99)?);
    let label = &contender.label;
    Some(Case {
        label: label.clone(),
        weight: lag.0 as f64 / p99.0.max(1) as f64,
        text: format!(
            "The read p99 of {label} ({}) is partly the load generator's, which began 1 of 100 requests \
             {} late or later. A lower rate, or a core to spare, shows the strategy's own.",
            time(p99),
            time(lag)
        ),
        brief: format!("{} late, of {}", time(lag), time(p99)),
    })
}

/// Calls to the store spent more of their time in line for a connection than at the store.
fn pool(record: &Record, contender: &Contender) -> Option<Case> {
    let waits = |part: fn(&Run) -> u64| contender.total(part);
    let (calls, waited) =
        (waits(|run| run.store_counters.pool.calls), waits(|run| run.store_counters.pool.total.0));
    let causes = || contender.runs.iter().flat_map(|run| &run.measures.store.causes);
    let took = mean(causes().map(|cause| (cause.busy, cause.calls)))?;
    let wait = Nanos(waited.checked_div(calls)?);
    if wait <= Nanos(took.0 / 2) {
        return None;
    }
    let label = &contender.label;
    let through_api = contender.runs.iter().any(|run| run.store_counters.api.is_some());
    let more = match through_api {
        true => "More connections to the API".to_owned(),
        false => format!("More than {} connections a node", record.scenario.store.connections),
    };
    Some(Case {
        label: label.clone(),
        weight: wait.0 as f64 / took.0.max(1) as f64,
        text: format!(
            "Calls of {label} to the store wait for a connection: {} of the {} that each took. {more}, or \
             fewer store reads, would shorten them.",
            time(wait),
            time(took)
        ),
        brief: format!("{} of {}", time(wait), time(took)),
    })
}

/// Most of the slowest reads went to the store, and most of their time was spent there.
fn store(_: &Record, contender: &Contender) -> Option<Case> {
    let hit_ratio = contender.hit_ratio().filter(|ratio| *ratio > 0.0 && *ratio < 1.0)?;
    let reads = || contender.runs.iter().flat_map(|run| &run.measures.latency).filter(is_read);
    let is_missed = |latency: &&Latency| latency.served_by == ServedBy::Store;
    let missed = merged(reads().filter(is_missed).map(|latency| &latency.response));
    let others = merged(reads().filter(|one| !is_missed(one)).map(|latency| &latency.response));
    let all = contender.response(Op::Read);
    let p99 = all.certified(0.99)?;
    // The p99 itself is one of them.
    let shorter = Nanos(p99.0.saturating_sub(1));
    let (slowest, of_them) = (all.count_beyond(shorter), missed.count_beyond(shorter));
    if of_them <= slowest / 2 || at_store(contender)?.0 as f64 * 2.0 <= missed.mean() {
        return None;
    }
    let (label, misses, each) = (&contender.label, share(1.0 - hit_ratio), missed.certified(0.5)?);
    let without =
        others.certified(0.99).map(|p99| format!("; of all others the p99 is {}", time(p99)));
    Some(Case {
        label: label.clone(),
        weight: p99.0 as f64,
        text: format!(
            "The read p99 of {label} ({}) is the store's: {misses} misses cost {} each, and {} of the {} \
             reads that took as long were such{}. Fewer misses, or cheaper ones, lower it.",
            time(p99),
            time(each),
            count(of_them),
            count(slowest),
            without.unwrap_or_default()
        ),
        brief: format!("{misses}, {} each", time(each)),
    })
}

/// How long a read of the store took on average that a client waited for.
fn at_store(contender: &Contender) -> Option<Nanos> {
    let causes = || {
        let causes = contender.runs.iter().flat_map(|run| &run.measures.store.causes);
        causes.filter(|cause| !cause.background && cause.purpose.asks_for_a_value())
    };
    mean(causes().map(|cause| (cause.reading, cause.reads)))
}

/// Loads of a key began while another load of the same key was under way, and nothing guards them.
fn duplicates(record: &Record, contender: &Contender) -> Option<Case> {
    let loads = contender.total(|run| run.measures.store.loads());
    let twice = contender.total(|run| run.measures.store.duplicate_fills);
    let part = twice as f64 / loads.max(1) as f64;
    if part < DUPLICATES_MIN {
        return None;
    }
    let guard = record.option(&contender.label, "stampede")?.as_str()?.to_owned();
    let has = |name: &str| guard.split('+').any(|part| part == name);
    let is_alone = record.scenario.workload.nodes == 1;
    if has("lock") || has("lease") || has("coalesce") && is_alone {
        return None;
    }
    let (label, reads) =
        (&contender.label, contender.total(|run| run.measures.store.origin_reads()));
    let wanted = if is_alone { "coalesce" } else { "coalesce+lock" };
    Some(Case {
        label: label.clone(),
        weight: part,
        text: format!(
            "{} of {} loads of {label} ({}) began while another of the same key was under way: a guard \
             (stampede = \"{wanted}\") would save up to so many of its {} store reads.",
            count(twice),
            count(loads),
            share(part),
            count(reads)
        ),
        brief: format!("{} of {}", count(twice), count(loads)),
    })
}

/// The cache was full, and what was asked for does not fit into it.
fn evictions(record: &Record, contender: &Contender) -> Option<Case> {
    let runs = contender.runs.len() as u64;
    let evicted =
        contender.total(|run| run.cache_counters.as_ref().map_or(0, |it| it.evicted_keys));
    let held = contender.total(|run| run.stock.entries).checked_div(runs)?;
    let asked = record.plan.distinct_keys;
    let each = contender.memory()?.checked_div(held)?;
    if evicted == 0 || held >= asked {
        return None;
    }
    let (label, hit_ratio) = (&contender.label, contender.hit_ratio()?);
    let limit = match (record.scenario.cache.maxmemory, record.scenario.cache.max_keys) {
        (Some(limit), _) => bytes(limit.0),
        (None, Some(limit)) => format!("{} keys", count(limit)),
        (None, None) => return None,
    };
    // The limit is of the server's own memory too; what is missing is not.
    let missing = bytes((asked - held).saturating_mul(each));
    Some(Case {
        label: label.clone(),
        weight: evicted as f64,
        text: format!(
            "The cache of {label} was full ({limit}): it evicted {} entries a run and had {} in the end, \
             but {} keys were asked for: all of them take {missing} more, at {} each. As it is, its hit \
             ratio is {}.",
            count(evicted / runs),
            count(held),
            count(asked),
            bytes(each),
            share(hit_ratio)
        ),
        brief: format!(
            "{} evicted, {missing} more, hit ratio {}",
            count(evicted / runs),
            share(hit_ratio)
        ),
    })
}

/// Old entries were served for as long as entries live: nothing but the TTL ended them.
fn expiry(record: &Record, contender: &Contender) -> Option<Case> {
    let option = |name: &str| record.option(&contender.label, name);
    if option("preset").is_some() {
        return None;
    }
    let ttl: Span = serde_json::from_value(option("ttl")?).ok()?;
    let jitter: Share = serde_json::from_value(option("jitter")?).ok()?;
    let ages = merged(contender.runs.iter().map(|run| &run.findings.age_at_least));
    let (p99, oldest, ttl) = (ages.certified(0.99)?, ages.max(), ttl.nanos());
    // An entry may have been old when it came: its row is read before it is kept.
    let longest = ttl.0 as f64 * (1.0 + jitter.0) + contender.service(Op::Read).max().0 as f64;
    if (p99.0 as f64) < NEAR_TTL * ttl.0 as f64 || oldest.0 as f64 > longest {
        return None;
    }
    let label = &contender.label;
    Some(Case {
        label: label.clone(),
        weight: p99.0 as f64,
        text: format!(
            "Old answers of {label} end with its TTL of {}: 1 of 100 of its {} stale reads was {} old or \
             older, and none older than {}. A shorter TTL bounds them by as much.",
            time(ttl),
            count(ages.len()),
            time(p99),
            time(oldest)
        ),
        brief: format!("{} of {}", time(p99), time(ttl)),
    })
}

/// Writes took effect of which the cache was never told.
fn undelivered(record: &Record, contender: &Contender) -> Option<Case> {
    let untold = contender.total(|run| run.measures.requests.undelivered);
    let writes = contender.total(|run| run.measures.requests.writes);
    if untold == 0 {
        return None;
    }
    let label = &contender.label;
    let events = record.option(label, "events").and_then(|it| it.as_str().map(str::to_owned));
    let more = match events.as_deref() {
        Some("none") => "; events = \"delete\" would tell it once more",
        _ => "",
    };
    Some(Case {
        label: label.clone(),
        weight: untold as f64,
        text: format!(
            "{} of {} writes of {label} took effect without the cache being told, for all attempts failed: \
             what it had of them stays until it expires{more}.",
            count(untold),
            count(writes)
        ),
        brief: format!("{} of {}", count(untold), count(writes)),
    })
}

/// The time of one call, from the time and the number of all.
fn mean(calls: impl Iterator<Item = (Nanos, u64)>) -> Option<Nanos> {
    let add = |(time, count): (Nanos, u64), (more, one): (Nanos, u64)| {
        (time + more, count.saturating_add(one))
    };
    let (time, count) = calls.fold((Nanos::ZERO, 0), add);
    time.0.checked_div(count).map(Nanos)
}

fn is_read(latency: &&Latency) -> bool {
    latency.op == Op::Read
}

fn merged<'a>(parts: impl Iterator<Item = &'a Distribution>) -> Distribution {
    parts.fold(Distribution::new(), |mut whole, part| {
        whole.merge(part);
        whole
    })
}
