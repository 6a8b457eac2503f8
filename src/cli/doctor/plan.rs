//! What a scenario would use here, and what would stop it.

use super::finding::Finding;
use super::redis::Looked;
use crate::backend::managed::find_postgres;
use crate::backend::{CacheServer, StoreServer, redacted};
use crate::cli::text;
use crate::scenario::Loaded;

pub fn look(loaded: &Loaded, cache: &Looked, store_works: bool) -> Vec<Finding> {
    let scenario = &loaded.scenario;
    let time = text::rounded(scenario.schedule().total());
    let strategies = match scenario.strategies.0.len() {
        1 => "1 strategy".to_owned(),
        more => format!("{more} strategies"),
    };
    let mut findings = vec![Finding::ok("checks", format!("{strategies}, about {time}"))];
    for warning in &loaded.warnings {
        let advice =
            warning.help.clone().unwrap_or_else(|| "read the figures with that in mind".into());
        findings.push(Finding::warn(&warning.path.join("."), warning.message.as_str(), advice));
    }
    findings.push(cache_of(&scenario.cache.server, cache));
    findings.push(store_of(&scenario.store.server, store_works));
    if scenario.cache.server != CacheServer::Embedded {
        for contender in &scenario.strategies.0 {
            if let Some(feature) = cache.lacks_for(contender.spec.about().name) {
                let found = format!("needs {feature}, which does not work on this server");
                let advice = "leave it out by --only, or use another server";
                findings.push(Finding::fail(&contender.label, found, advice));
            }
        }
    }
    findings
}

fn cache_of(server: &CacheServer, looked: &Looked) -> Finding {
    const WHAT: &str = "cache";
    match (server, looked) {
        (CacheServer::Embedded, _) => {
            Finding::warn(WHAT, "the in-memory twin", "its latency is not that of Redis")
        }
        (_, looked) if looked.is_useless() => {
            let advice = "mend what is marked above, or use --embedded";
            Finding::fail(WHAT, "there is none that works", advice)
        }
        (CacheServer::Url(url), _) => Finding::ok(WHAT, format!("yours at {}", redacted(url))),
        (CacheServer::Managed, Looked::Server(server, _)) => {
            let found = format!("a private {} {} for each run", server.kind, server.version);
            Finding::ok(WHAT, found)
        }
        (CacheServer::Managed, _) => {
            let advice = "install redis or valkey, or name yours by --redis-url";
            Finding::warn(WHAT, "the in-memory twin would stand in", advice)
        }
    }
}

fn store_of(server: &StoreServer, works: bool) -> Finding {
    const WHAT: &str = "store";
    match server {
        StoreServer::Sqlite => Finding::ok(WHAT, "a private SQLite file"),
        StoreServer::Embedded => {
            Finding::warn(WHAT, "rows in memory", "its latency is not that of a database")
        }
        StoreServer::Postgres if find_postgres().is_some() => {
            Finding::ok(WHAT, "a private PostgreSQL")
        }
        StoreServer::Postgres => Finding::fail(
            WHAT,
            "a private PostgreSQL, but there is none to start",
            "install postgresql, or use --store sqlite",
        ),
        StoreServer::Url(url) if works => Finding::ok(WHAT, format!("yours at {}", redacted(url))),
        StoreServer::Url(url) => {
            let advice = "mend what is marked above, or use --store sqlite";
            Finding::fail(WHAT, format!("yours at {} does not work", redacted(url)), advice)
        }
    }
}
