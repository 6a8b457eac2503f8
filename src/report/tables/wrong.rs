//! What went wrong, in more detail than the first table has room for.

use std::collections::BTreeMap;

use super::super::table::{Table, figures, words};
use super::metric_cell;
use crate::compare::figure::count;
use crate::compare::{Metric, Verdict};
use crate::record::{Contender, Fault, FaultKind, Op, Record, Side};

/// Guarantees that a client's session was owed, and updates that were overwritten unseen. Empty where
/// none was broken and none was lost.
pub fn sessions(record: &Record, verdict: &Verdict) -> Table {
    let mut table = Table::new(
        "Reads that broke what a client's session is owed, as shares of all judged reads, and \
         read-modify-writes that overwrote what they had not read",
        [
            words("strategy"),
            figures("own writes not seen"),
            figures("as a share"),
            figures("reads that went back"),
            figures("as a share"),
            figures("lost updates"),
        ],
    );
    let lost = |one: &Contender| one.total(|run| run.findings.lost_updates);
    let own = |one: &Contender| one.total(|run| run.findings.read_your_writes_violations);
    let back = |one: &Contender| one.total(|run| run.findings.monotonic_violations);
    if record.contenders.iter().all(|one| own(one) + back(one) + lost(one) == 0) {
        return table;
    }
    for contender in &record.contenders {
        table.push([
            contender.label.as_str().into(),
            count(own(contender)).into(),
            metric_cell(Metric::ReadYourWrites, contender, verdict),
            count(back(contender)).into(),
            metric_cell(Metric::MonotonicReads, contender, verdict),
            count(lost(contender)).into(),
        ]);
    }
    table.without_blank_columns()
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
