//! What went wrong, in more detail than the first table has room for.

use std::collections::BTreeMap;

use super::super::table::{Cell, Mark, Table, figures, words};
use super::metric_cell;
use crate::compare::figure::count;
use crate::compare::{Metric, Verdict};
use crate::record::{Contender, Fault, FaultKind, Op, Record, Side};

/// Guarantees that a client's session was owed, and updates that were overwritten unseen. Empty where
/// none was broken, none was lost, and none can have been overlooked.
pub fn sessions(record: &Record, verdict: &Verdict) -> Table {
    let mut table = Table::new(
        "Reads that broke what a client's session is owed, as shares of all judged reads, and \
         read-modify-writes that overwrote what they had not read; of pairs of client and key that were \
         forgotten it is not known what the client had seen, so that breaks are at least so many",
        [
            words("strategy"),
            figures("own writes not seen"),
            figures("as a share"),
            figures("reads that went back"),
            figures("as a share"),
            figures("lost updates"),
            figures("pairs forgotten"),
        ],
    );
    let forgotten = |one: &Contender| one.total(|run| run.findings.forgotten_pairs);
    let lost = |one: &Contender| one.total(|run| run.findings.lost_updates);
    let own = |one: &Contender| one.total(|run| run.findings.read_your_writes_violations);
    let back = |one: &Contender| one.total(|run| run.findings.monotonic_violations);
    if record.contenders.iter().all(|one| own(one) + back(one) + lost(one) + forgotten(one) == 0) {
        return table;
    }
    for contender in &record.contenders {
        table.push([
            contender.label.as_str().into(),
            breaks(contender, own(contender)),
            metric_cell(Metric::ReadYourWrites, contender, verdict),
            breaks(contender, back(contender)),
            metric_cell(Metric::MonotonicReads, contender, verdict),
            count(lost(contender)).into(),
            count(forgotten(contender)).into(),
        ]);
    }
    table.without_blank_columns()
}

/// So many breaks of what a session is owed: at least, where the judge had to forget what clients had
/// seen.
pub(super) fn breaks(contender: &Contender, found: u64) -> Cell {
    match contender.total(|run| run.findings.forgotten_pairs) {
        0 => count(found).into(),
        _ => Cell::marked(format!("at least {}", count(found)), Mark::Warn),
    }
}

/// Failed requests by what failed. Empty where none did.
pub fn faults(record: &Record) -> Table {
    let mut table = Table::new(
        "Requests that failed",
        [words("strategy"), words("operation"), words("where"), words("why"), figures("requests")],
    );
    for contender in &record.contenders {
        let mut faults: BTreeMap<(Op, Fault), u64> = BTreeMap::new();
        for failed in contender.runs.iter().flat_map(|run| &run.measures.requests.failed) {
            *faults.entry((failed.op, failed.fault)).or_default() += failed.count;
        }
        for ((op, fault), requests) in faults {
            table.push([
                contender.label.clone(),
                op.name().to_owned(),
                side(fault).to_owned(),
                reason(fault.kind).to_owned(),
                count(requests),
            ]);
        }
    }
    table
}

const fn side(fault: Fault) -> &'static str {
    match fault.side {
        Some(Side::Cache) => "cache",
        Some(Side::Store) => "store",
        Some(Side::Node) => "node",
        None => "as a whole",
    }
}

const fn reason(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Timeout => "no answer in time",
        FaultKind::Unavailable => "could not be reached",
        FaultKind::Refused => "refused",
        FaultKind::Throttled => "throttled: asked too often (429)",
        FaultKind::Corrupt => "not what was written",
    }
}
