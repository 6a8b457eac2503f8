//! What is kept of one run: of a Record, its figures, and whatever they depend on.

use crate::compare::difference::conditions;
use crate::compare::verdict::standing;
use crate::compare::{Figure, Metric};
use crate::record::exact::digest;
use crate::record::{Contender, Gate, Gated, Record, Server, Standing};

/// A run of a scenario, as a history has it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub ran: Ran,
    pub strategies: Vec<Kept>,
}

/// What ran, when and on what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// The scenario's name.
    pub scenario: String,
    /// As RFC 3339 in UTC.
    pub started: String,
    /// The version of cacheduel.
    pub tool: String,
    /// Of what was tested; empty where it is not known.
    pub revision: String,
    /// The plan's hash.
    pub plan: String,
    pub simulated: bool,
    /// Machine and servers, or the profile of a simulation.
    pub on: String,
}

/// One strategy of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub label: String,
    /// Equal where figures are comparable: a digest of everything that they depend on.
    pub conditions: String,
    /// Whether the figures can be believed.
    pub valid: bool,
    /// Over all repeats. With each goes the smallest change of it that matters, as a share.
    pub figures: Vec<(Metric, Figure, f64)>,
}

impl Entry {
    /// What is kept of `record`, which is of `revision`. Twins are left out.
    pub fn of(record: &Record, revision: &str) -> Self {
        let competing = record.contenders.iter().filter(|one| one.twin_of.is_none());
        Self {
            ran: Ran {
                scenario: record.name.clone(),
                started: record.started.clone(),
                tool: record.tool.clone(),
                revision: revision.to_owned(),
                plan: record.plan.hash.clone(),
                simulated: record.is_simulated(),
                on: on(record),
            },
            strategies: competing.map(|one| kept(record, one)).collect(),
        }
    }
}

fn kept(record: &Record, contender: &Contender) -> Kept {
    let of_all = record.checks.iter().map(|check| check.standing).max().unwrap_or_default();
    let figure = |metric: Metric| {
        let figure = metric.of(contender)?;
        Some((metric, figure, effect(&record.scenario.gate, metric)))
    };
    Kept {
        label: contender.label.clone(),
        conditions: digest(&conditions(record, &contender.label)),
        valid: standing(contender).max(of_all) != Standing::Invalid,
        figures: Metric::ALL.into_iter().filter_map(figure).collect(),
    }
}

/// The smallest change that matters, also of figures that no scenario can name.
fn effect(gate: &Gate, metric: Metric) -> f64 {
    const USUAL: f64 = 0.1;
    let gated = Gated::ALL.into_iter().find(|gated| Metric::from(*gated) == metric);
    gated.map_or(USUAL, |gated| gate.effect(gated))
}

fn on(record: &Record) -> String {
    match &record.profile {
        Some(profile) => format!("simulated, {}", profile.source),
        None => {
            let host = &record.host;
            let server = |server: &Server| format!("{} {}", server.kind, server.version);
            format!(
                "{}, {} cores, {} {}; {}, {}",
                host.cpu,
                host.cores,
                host.os,
                host.kernel,
                server(&record.cache).trim_end(),
                server(&record.store).trim_end()
            )
        }
    }
}
