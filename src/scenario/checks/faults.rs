//! Checks of what is to break.

use crate::backend::redis::SCHEMES;
use crate::backend::{CacheServer, StoreServer};
use crate::model::{Breakage, CacheBreakage, Lasting, NodeBreakage, Span, StoreBreakage, Toxics};
use crate::scenario::Scenario;
use crate::scenario::problem::Problem;
use crate::workload::PlannedFault;

pub fn faults(scenario: &Scenario, problems: &mut Vec<Problem>) {
    for (index, fault) in scenario.faults.iter().enumerate() {
        let place = index.to_string();
        let within = |key| ["faults", &place, key];
        times(scenario, fault, &within, problems);
        what(scenario, fault, &within("what"), problems);
    }
    overlapping(scenario, problems);
}

fn times<'p>(
    scenario: &Scenario,
    fault: &PlannedFault,
    within: &impl Fn(&'static str) -> [&'p str; 3],
    problems: &mut Vec<Problem>,
) {
    let window = scenario.workload.duration;
    if fault.at >= window {
        problems.push(
            Problem::error(&within("at"), "the measured window is over by then")
                .expected(format!("expected less than its {window}")),
        );
    } else if fault.over() >= window.nanos() {
        let path = within(if fault.lasts == Span::default() { "at" } else { "lasts" });
        problems.push(
            Problem::warning(&path, "the window closes before the fault is over")
                .help("make `duration` long enough to see what follows"),
        );
    }
    let lasts = fault.lasts != Span::default();
    match fault.what.lasting() {
        Lasting::Never if lasts => problems.push(
            Problem::error(&within("lasts"), "what happens at once does not last")
                .about_key()
                .expected("remove it"),
        ),
        Lasting::Always if !lasts => problems.push(
            Problem::error(&within("what"), "this means nothing unless it lasts")
                .expected("how long is not said")
                .help("add `lasts = \"2s\"`"),
        ),
        Lasting::Never | Lasting::Maybe | Lasting::Always => {}
    }
}

/// What cannot be done to these servers and nodes.
fn what(scenario: &Scenario, fault: &PlannedFault, path: &[&str; 3], problems: &mut Vec<Problem>) {
    match fault.what {
        Breakage::Cache(breakage) => cache(scenario, breakage, path, problems),
        Breakage::Store(StoreBreakage::Killed)
            if scenario.store.server != StoreServer::Postgres =>
        {
            problems.push(
                Problem::error(path, "this store has no process that the run could kill")
                    .expected("only for `server = \"postgres\"`")
                    .help("say `{ store = \"down\" }`"),
            );
        }
        Breakage::Node(NodeBreakage::Killed(node)) if node >= scenario.workload.nodes => {
            let nodes = scenario.workload.nodes;
            problems.push(
                Problem::error(path, format!("there is no node {node}"))
                    .expected(format!("expected less than {nodes}, for they count from 0")),
            );
        }
        Breakage::Store(_) | Breakage::Events(_) | Breakage::Worker(_) | Breakage::Node(_) => {}
    }
}

fn cache(
    scenario: &Scenario,
    breakage: CacheBreakage,
    path: &[&str; 3],
    problems: &mut Vec<Problem>,
) {
    let is_own = matches!(scenario.cache.server, CacheServer::Url(_));
    if is_own && matches!(breakage, CacheBreakage::Killed | CacheBreakage::Paused) {
        problems.push(
            Problem::error(path, "the run does not stop a server that is not its own")
                .expected("only for a managed server")
                .help("say `{ cache = \"unreachable\" }`"),
        );
    }
    if let CacheServer::Url(url) = &scenario.cache.server
        && breakage.is_of_the_network()
        && !url.starts_with("redis://")
        && SCHEMES.iter().any(|scheme| url.starts_with(scheme))
    {
        problems.push(
            Problem::error(path, "a proxy can stand in front of TCP without TLS only")
                .expected("only for redis://")
                .help("let the run start a server of its own, with `server = \"managed\"`"),
        );
    }
    if let CacheBreakage::Slow(toxics) = breakage {
        if toxics == Toxics::default() {
            problems.push(
                Problem::error(path, "nothing is slower than before")
                    .expected("expected `latency`, `jitter` or `bandwidth`"),
            );
        }
        if toxics.jitter > toxics.latency {
            problems.push(
                Problem::error(path, "no byte arrives before it is sent")
                    .expected("`jitter` can be no more than `latency`"),
            );
        }
        if toxics.bandwidth.is_some_and(|bandwidth| bandwidth.0 == 0) {
            problems.push(
                Problem::error(path, "nothing ever arrives without bandwidth")
                    .expected("expected more than zero")
                    .help("say `{ cache = \"unreachable\" }`"),
            );
        }
    }
}

/// Two at once of the same kind would end each other.
fn overlapping(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let kind = |fault: &PlannedFault| std::mem::discriminant(&fault.what);
    for (index, fault) in scenario.faults.iter().enumerate() {
        let meets = |other: &PlannedFault| {
            kind(other) == kind(fault)
                && other.at.nanos() <= fault.over()
                && fault.at.nanos() <= other.over()
        };
        if let Some(other) = scenario.faults[..index].iter().position(meets) {
            let path = ["faults", &index.to_string(), "at"];
            problems.push(
                Problem::error(&path, format!("fault {} is not over yet", other + 1))
                    .expected("two of one kind cannot go on at once"),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::scenario::parse;

    /// What is said against `fault` where the cache is at `url`.
    fn said(url: &str, fault: &str) -> String {
        let text = format!(
            r#"
            question = "Which?"
            [dataset]
            entity = "product"
            keys = 100
            [workload]
            reads = 0.9
            popularity = "uniform"
            arrival = {{ even = {{ rate = 5 }} }}
            duration = "1m"
            [[faults]]
            at = "10s"
            lasts = "2s"
            what = {{ cache = {fault} }}
            [cache]
            server = {{ url = "{url}" }}
            [strategies]
            ttl = {{}}
            "#
        );
        parse("test", &text).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_network_breaks_only_where_a_proxy_can_stand() {
        for fault in ["\"unreachable\"", "{ slow = { latency = \"20ms\" } }"] {
            assert_eq!(said("redis://localhost", fault), "");
            for url in ["unix:///run/redis.sock", "rediss://localhost"] {
                assert!(said(url, fault).contains("without TLS"), "{url}");
            }
        }
    }
}
