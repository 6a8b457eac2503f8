//! Checks of what the requests do: the shares of the operations, and what they need to find.

use super::at_least_one;
use crate::scenario::Scenario;
use crate::scenario::problem::Problem;

pub fn requests(scenario: &Scenario, problems: &mut Vec<Problem>) {
    shares(scenario, problems);
    inserts(scenario, problems);
    own_reads(scenario, problems);
}

fn shares(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let workload = &scenario.workload;
    if workload.updates() >= 0.0 {
        return;
    }
    let given = [
        ("reads", workload.reads),
        ("inserts", workload.inserts),
        ("deletes", workload.deletes),
        ("read-modify-writes", workload.read_modify_writes),
    ];
    let given: Vec<_> = given
        .iter()
        .filter(|(_, share)| !share.is_zero())
        .map(|(name, share)| format!("{name} {}", share.0))
        .collect();
    problems.push(
        Problem::error(&["workload", "reads"], "the shares come to more than all requests")
            .expected(format!("{} together are above 1", given.join(", ")))
            .help("lower them: what they leave of 1 updates"),
    );
}

/// An insert takes a key that has no row when the run begins.
fn inserts(scenario: &Scenario, problems: &mut Vec<Problem>) {
    if scenario.workload.inserts.is_zero() {
        return;
    }
    let dataset = &scenario.dataset;
    // How many keys a trace brings is not known before it is read.
    let is_full = match dataset.keys {
        Some(keys) => dataset.loaded(keys) == keys,
        None => dataset.absent.is_zero(),
    };
    if is_full {
        problems.push(
            Problem::error(
                &["workload", "inserts"],
                "every key has a row, so none can be inserted",
            )
            .expected("needs keys without a row")
            .help("set `absent` of [dataset], such as `absent = 0.1`"),
        );
    }
}

fn own_reads(scenario: &Scenario, problems: &mut Vec<Problem>) {
    let workload = &scenario.workload;
    let Some(own_reads) = workload.own_reads else { return };
    let after = ["workload", "own-reads", "after"];
    at_least_one(&after, own_reads.after, "request between a write and its read", problems);
    if workload.reads.0 >= 1.0 {
        problems.push(
            Problem::error(
                &["workload", "own-reads"],
                "there are no writes for clients to look at",
            )
            .about_key()
            .expected("contradicts `reads`"),
        );
    }
}
