//! Whether two Records were asked the same, of the same servers, on the same machine. If not, what
//! differs between their figures says nothing of what changed in between.

use serde_json::{Value, json};

use super::{between, competing, find};
use crate::record::{Contender, Differing, Record, Server};

/// What keeps two Records from being compared, with what it is on either side.
pub type Mismatch = Differing;

/// What of a scenario changes what is measured. Its words, its repeats, and what its figures are held
/// to do not.
const ASKED: [&str; 6] = ["dataset", "workload", "generator", "cache", "store", "faults"];

/// Everything that differs in what was asked of whom, in the order of a Record.
pub fn mismatches(baseline: &Record, candidate: &Record) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let (simulated, other) = (baseline.is_simulated(), candidate.is_simulated());
    if simulated != other {
        let kind = |is_simulated| if is_simulated { "simulated" } else { "measured" };
        found.push(mismatch("the run", kind(simulated), kind(other)));
    }
    found.extend(between("", &asked(baseline), &asked(candidate)));
    found.extend(strategies(baseline, candidate));
    found.extend(between("the plan's hash", &baseline.plan.hash, &candidate.plan.hash));
    found.extend(server("the cache", &baseline.cache, &candidate.cache, simulated && other));
    found.extend(server("the store", &baseline.store, &candidate.store, simulated && other));
    // A simulation is the same on any machine.
    if !(simulated && other) {
        found.extend(between("the machine", &baseline.host, &candidate.host));
    }
    found
}

/// What has to be the same for figures of one strategy to be of the same: two Records with equal conditions
/// have no mismatch. Of simulations, the profile too.
pub fn conditions(record: &Record, label: &str) -> Value {
    let simulated = record.is_simulated();
    json!({
        "asked": asked(record),
        "options": options(record, label),
        "plan": record.plan.hash,
        "cache": known(&record.cache, simulated),
        "store": known(&record.store, simulated),
        "host": (!simulated).then_some(&record.host),
        "profile": record.profile,
    })
}

/// The parts of the scenario that change what is measured.
fn asked(record: &Record) -> Value {
    let mut scenario = serde_json::to_value(&record.scenario).unwrap_or_default();
    let Some(parts) = scenario.as_object_mut() else { return Value::Null };
    parts.retain(|name, _| ASKED.contains(&name.as_str()));
    // Where the program is does not matter: the server tells what it is.
    if let Some(cache) = parts.get_mut("cache").and_then(Value::as_object_mut) {
        cache.remove("program");
    }
    scenario
}

/// Every strategy of the baseline must have been run again, with the same options.
fn strategies(baseline: &Record, candidate: &Record) -> Vec<Mismatch> {
    let of_one = |one: &Contender| match find(candidate, &one.label) {
        None => vec![mismatch(&format!("strategies.{}", one.label), "was run", "was not run")],
        Some(_) => {
            let path = format!("strategies.{}", one.label);
            between(&path, &options(baseline, &one.label), &options(candidate, &one.label))
        }
    };
    competing(baseline).flat_map(of_one).collect()
}

fn options(record: &Record, label: &str) -> Value {
    let chosen = record.scenario.strategies.0.iter().find(|chosen| chosen.label == label);
    chosen.map_or(Value::Null, |chosen| Value::Object(chosen.options()))
}

fn server(which: &str, one: &Server, other: &Server, is_simulated: bool) -> Vec<Mismatch> {
    let (one, other) = (known(one, is_simulated), known(other, is_simulated));
    let part = |part: &str| between(&format!("{which}'s {part}"), &one[part], &other[part]);
    let kind = part("kind");
    // Between servers of different kinds, everything else differs too.
    if kind.is_empty() { [part("version"), part("settings")].concat() } else { kind }
}

/// What of a server changes what is measured. What a simulation says of its servers' versions is the
/// tool's own.
fn known(server: &Server, is_simulated: bool) -> Value {
    match is_simulated {
        true => json!({ "kind": server.kind }),
        false => json!({
            "kind": server.kind, "version": server.version, "settings": server.settings,
        }),
    }
}

pub fn mismatch(path: &str, baseline: &str, candidate: &str) -> Mismatch {
    let [path, baseline, candidate] = [path, baseline, candidate].map(str::to_owned);
    Mismatch { path, baseline, candidate }
}
