//! Checks of what comparisons are decided by.

use crate::scenario::Scenario;
use crate::scenario::gate::{Gate, Gated};
use crate::scenario::problem::Problem;

pub fn gate(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let gate = &scenario.gate;
    if gate.primary.is_empty() {
        problems.push(
            Problem::error(&["gate", "primary"], "nothing would decide a comparison")
                .expected("expected at least one figure")
                .help("remove it to have the usual ones"),
        );
    }
    for (place, figure) in gate.primary.iter().enumerate() {
        let place = place.to_string();
        let path = ["gate", "primary", &place];
        if gate.primary.iter().filter(|other| *other == figure).count() > 1 {
            problems.push(
                Problem::error(&path, "this figure is named more than once").expected("again"),
            );
        }
        if gate.primary == Gate::PRIMARY {
            continue;
        }
        if let Some(why) = never_there(scenario, *figure) {
            problems.push(Problem::error(&path, why).expected("there will never be such a figure"));
        }
    }
    for (figure, _) in gate.minimum_effect.iter().filter(|(it, _)| !gate.primary.contains(it)) {
        let name = serde_json::to_value(figure).unwrap_or_default();
        let name = name.as_str().unwrap_or_default();
        problems.push(
            Problem::warning(
                &["gate", "minimum-effect", name],
                "it is not among `primary`, and so decides nothing",
            )
            .help("add it to `primary`, or remove it"),
        );
    }
}

/// Why a figure that is named can never be measured. Of the usual ones it is no matter: those that
/// are not there do not decide.
fn never_there(scenario: &Scenario, figure: Gated) -> Option<&'static str> {
    let workload = &scenario.workload;
    let reads = !workload.reads.is_zero() || workload.own_reads.is_some();
    match figure {
        Gated::UpdateP50 | Gated::UpdateP99 if workload.updates() <= 0.0 => {
            Some("there are no updates to decide by")
        }
        Gated::ReadP50 | Gated::ReadP99 | Gated::HitRatio | Gated::StaleShare if !reads => {
            Some("there are no reads to decide by")
        }
        Gated::Recovery if scenario.faults.is_empty() => {
            Some("nothing breaks that could be recovered from")
        }
        _ => None,
    }
}
