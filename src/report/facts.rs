//! What ran, on what, and how to run it again: the provenance of a Record as named lines.

use serde_json::Value;

use super::tables::{beside_summary, steps, when};
use crate::compare::figure::{bytes, count, share, time};
use crate::record::{Calibration, Fit, Host, Profile, Record, Server, Spread};

/// One line of provenance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    pub name: &'static str,
    pub text: String,
}

/// Everything that decides the figures, from the load down to the machine.
pub fn of(record: &Record) -> Vec<Fact> {
    let fact = |name, text| Fact { name, text };
    let mut facts = vec![
        fact("load", load(record)),
        fact("plan", plan(record)),
        fact("mix", mix(record)),
        fact("cache", server(&record.cache)),
        fact("store", server(&record.store)),
        fact("host", host(record)),
        fact("started", format!("{}, took {}", record.started, time(record.took))),
        fact("tool", format!("{}, record format {}", record.tool, record.format)),
    ];
    if let Some(told) = &record.profile {
        facts.insert(5, fact("profile", profile(told)));
    }
    if let Some(beside) = &record.beside {
        facts.insert(6, fact("beside", beside_summary(beside)));
    }
    if let Some(calibration) = &record.calibration {
        facts.push(fact("harness", harness(calibration)));
    }
    if !record.scenario.workload.steps().is_empty() && steps(record).is_empty() {
        let text = "not told one by one: no interval of the timeline lies within one of them";
        facts.insert(1, fact("steps", text.into()));
    }
    if !record.scenario.faults.is_empty() {
        let planned: Vec<_> = record.planned_faults().iter().map(when).collect();
        facts.insert(1, fact("faults", planned.join("; ")));
    }
    facts
}

/// The command that repeats the run, given the scenario's file.
pub fn command(record: &Record) -> String {
    let has_twins = record.contenders.iter().any(|contender| contender.twin_of.is_some());
    let simulated = match &record.profile {
        None => "",
        Some(profile) if *profile == Profile::default() => " --simulate",
        Some(_) => " --simulate --profile profile.toml",
    };
    format!("cacheduel run {}.toml{}{simulated}", record.name, if has_twins { " --aa" } else { "" })
}

/// How long a simulation's servers took, in a line.
fn profile(profile: &Profile) -> String {
    let spread = |spread: &Spread| match spread.p50 == spread.p99 {
        true => spread.p50.to_string(),
        false => format!("{}/{}", spread.p50, spread.p99),
    };
    let (cache, store) = (&profile.cache, &profile.store);
    let mut text = format!(
        "{}; p50/p99: cache {} there and back, {} a command, store read {}, aggregation of 1,000 rows {}, \
         version {}, COMMIT {}",
        profile.source,
        spread(&cache.round_trip),
        cache.service,
        spread(&store.read),
        spread(&store.aggregation),
        spread(&store.version),
        spread(&store.commit),
    );
    if !cache.script.is_zero() {
        text += &format!(", a script {} beside its commands", cache.script);
    }
    if !profile.client.is_zero() {
        text += &format!(", client {}", spread(&profile.client));
    }
    if let Some(unsynced) = &store.unsynced {
        text += &format!(", COMMIT that does not wait for the disk {}", spread(unsynced));
    }
    if let Some(lag) = &store.replication_lag {
        text += &format!(", replicas behind by {}", spread(lag));
    }
    text
}

fn load(record: &Record) -> String {
    let workload = &record.scenario.workload;
    let window = format!("{} after {} of warm-up", workload.duration, workload.warm_up);
    let repeats = match record.scenario.repeats {
        1 => "1 repeat".to_owned(),
        repeats => format!("{repeats} repeats"),
    };
    let arrival = serde_json::to_value(&workload.arrival).map(|value| phrase(&value));
    let popularity = serde_json::to_value(&workload.popularity).map(|value| phrase(&value));
    format!(
        "arrivals {}, popularity {}; {window}, {repeats}, nodes {}, clients {}",
        arrival.unwrap_or_default(),
        popularity.unwrap_or_default(),
        workload.nodes,
        workload.clients,
    )
}

fn plan(record: &Record) -> String {
    let plan = &record.plan;
    format!(
        "{}, seed {}: {} requests over {} keys ({} asked for), {} reads, top 1 % of keys gets {}",
        plan.hash,
        record.scenario.workload.seed,
        count(plan.requests),
        count(plan.keys),
        count(plan.distinct_keys),
        share(plan.read_share),
        share(plan.top_percent_share),
    )
}

/// What the load generator itself costs.
fn harness(calibration: &Calibration) -> String {
    let added = calibration
        .added()
        .map_or(String::new(), |added| format!(", {:+.0} % beside bare clients", added * 100.0));
    format!(
        "a cache hit takes it {:.1} us of CPU time{added}; its core is full at {} of them a second",
        calibration.harness.cpu / 1e3,
        count(calibration.ceiling() as u64),
    )
}

/// What was asked for beside what the draws came to, and whether chance alone is between them.
fn mix(record: &Record) -> String {
    let (asked, plan) = (&record.scenario.workload, &record.plan);
    let shares = [
        ("read", asked.reads.0, plan.read_share),
        ("update", asked.updates(), plan.update_share),
        ("insert", asked.inserts.0, plan.insert_share),
        ("delete", asked.deletes.0, plan.delete_share),
        ("read and write", asked.read_modify_writes.0, plan.read_modify_write_share),
    ];
    let asked_for = shares.iter().filter(|(_, asked, realised)| *asked > 0.0 || *realised > 0.0);
    let told = asked_for.map(|(name, asked, realised)| {
        format!("{name} {} (asked {})", share(*realised), share(*asked))
    });
    let mut text = told.collect::<Vec<_>>().join(", ");
    let fits = plan.fits.iter().map(|fit| {
        let Fit { statistic, degrees_of_freedom, .. } = fit;
        format!("{}, chi-squared {statistic:.1} ({degrees_of_freedom} d.f.)", fit.told())
    });
    let fits: Vec<_> = fits.collect();
    if !fits.is_empty() {
        text += &format!("; fit of the draws: {}", fits.join("; "));
    }
    text
}

/// A server with what it says of itself, in a line.
pub(super) fn server(server: &Server) -> String {
    let started = if server.managed { "started by the run" } else { "found running" };
    let mut parts = vec![format!("{} {} ({started})", server.kind, server.version)];
    if !server.address.is_empty() {
        parts.push(format!("at {}", server.address));
    }
    parts.extend(server.settings.iter().map(|(name, value)| format!("{name}={value}")));
    parts.join(", ")
}

/// The machine, in a line.
pub fn host(record: &Record) -> String {
    machine(&record.host)
}

pub(super) fn machine(host: &Host) -> String {
    let mut parts = vec![format!("{} {}", host.os, host.kernel)];
    if !host.cpu.is_empty() {
        parts.push(host.cpu.clone());
    }
    parts.push(if host.cores == 1 { "1 core".into() } else { format!("{} cores", host.cores) });
    if host.memory > 0 {
        parts.push(bytes(host.memory));
    }
    parts.join(", ")
}

/// An option as a scenario writes it, as a phrase: `{"poisson":{"rate":2000}}` is `poisson, rate
/// 2000`.
fn phrase(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| match phrase(value) {
                inner if value.is_object() => format!("{name} ({inner})"),
                inner => format!("{name} {inner}"),
            });
            fields.collect::<Vec<_>>().join(", ")
        }
        Value::Array(items) => items.iter().map(phrase).collect::<Vec<_>>().join(" "),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(whole) if whole.fract() == 0.0 && whole < 1e15 => format!("{whole:.0}"),
            _ => number.to_string(),
        },
        other => other.to_string(),
    }
}
