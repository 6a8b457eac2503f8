//! The tap's count of store calls against the store's server's own.

use super::{Check, Standing, Totals};
use crate::model::DatabaseCounters;

/// The statements that only read, by the names that the store gives them; all others write.
const READS: [&str; 3] = ["read", "version", "outbox"];

/// What is known of a run's store.
#[derive(Default)]
pub struct StoreEvidence<'a> {
    /// What its server counted over the whole run, if it counts.
    pub counters: Option<&'a DatabaseCounters>,
    /// Whether the server is the run's own, so that nobody else's calls are in its counters.
    pub is_private: bool,
    /// Whether an API stands in front of it, which reads it over connections of its own.
    pub has_api: bool,
    /// Whether its server was killed in the course of the run.
    pub was_killed: bool,
    /// Calls whose caller was gone before the answer came.
    pub given_up: u64,
}

pub fn store_counters(evidence: &StoreEvidence<'_>, totals: &Totals) -> Check {
    const NAME: &str = "store counters";
    let statements = match statements(evidence, totals) {
        Ok(statements) => statements,
        Err(why) => return Check::new(NAME, Standing::NotApplicable, why),
    };
    let (mut reads, mut writes) = (0, 0);
    for (name, calls) in statements {
        *if READS.contains(&name.as_str()) { &mut reads } else { &mut writes } += calls;
    }
    let pairs = [("reads", totals.store_reads, reads), ("writes", totals.store_writes, writes)];
    let wrong: Vec<_> = pairs
        .iter()
        // Where a caller was gone before the answer, the call may or may not have come to the server.
        .filter(|(_, tap, server)| !(*tap..=tap + evidence.given_up).contains(server))
        .map(|(kind, tap, server)| format!("{kind}: tap {tap}, server {server}"))
        .collect();
    if wrong.is_empty() {
        let calls = totals.store_reads + totals.store_writes;
        Check::new(NAME, Standing::Ok, format!("tap and server agree on {calls} calls"))
    } else {
        Check::new(NAME, Standing::Invalid, wrong.join("; "))
    }
}

/// The server's count of each statement, or why it says nothing about the tap's.
fn statements<'a>(
    evidence: &StoreEvidence<'a>,
    totals: &Totals,
) -> Result<&'a std::collections::BTreeMap<String, u64>, &'static str> {
    if evidence.has_api {
        return Err("an API reads the store over connections of its own");
    }
    let Some(counters) = evidence.counters else {
        return Err("the store has no server that tells what it has counted");
    };
    if !evidence.is_private {
        return Err("others may use the server too");
    }
    if evidence.was_killed {
        return Err("the server was killed, and forgot what it had counted");
    }
    let Some(statements) = &counters.statements else {
        return Err("the server has no pg_stat_statements, and counts no calls");
    };
    if totals.store_failed > 0 {
        return Err("calls failed, and may or may not have reached the server");
    }
    Ok(statements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(reads: u64, writes: u64) -> DatabaseCounters {
        let names = [("read", reads - 1), ("outbox", 1), ("write", writes - 2), ("trim", 2)];
        let statements = names.into_iter().map(|(name, calls)| (name.to_owned(), calls)).collect();
        DatabaseCounters { statements: Some(statements), ..DatabaseCounters::default() }
    }

    fn totals() -> Totals {
        Totals { store_reads: 10, store_writes: 5, ..Totals::default() }
    }

    fn private(counters: &DatabaseCounters) -> StoreEvidence<'_> {
        StoreEvidence { counters: Some(counters), is_private: true, ..StoreEvidence::default() }
    }

    #[test]
    fn a_count_that_the_server_does_not_share_is_caught() {
        let standing = |reads, writes, given_up| {
            let counters = counted(reads, writes);
            let evidence = StoreEvidence { given_up, ..private(&counters) };
            store_counters(&evidence, &totals()).standing
        };
        assert_eq!(standing(10, 5, 0), Standing::Ok);
        assert_eq!(standing(9, 5, 0), Standing::Invalid, "the tap saw one that never was");
        assert_eq!(standing(11, 5, 0), Standing::Invalid, "the tap missed a read");
        assert_eq!(standing(10, 6, 0), Standing::Invalid, "the tap missed a write");
        assert_eq!(standing(11, 5, 1), Standing::Ok, "the one may have come to the server");
        assert_eq!(standing(12, 5, 1), Standing::Invalid);
    }

    #[test]
    fn where_the_server_cannot_be_asked_the_check_says_why() {
        let counters = counted(99, 99);
        let silent = DatabaseCounters::default();
        let failed = Totals { store_failed: 1, ..totals() };
        let said = |evidence: StoreEvidence<'_>, totals: &Totals| {
            let check = store_counters(&evidence, totals);
            assert_eq!(check.standing, Standing::NotApplicable, "{}", check.detail);
            check.detail
        };
        let whys = [
            said(StoreEvidence { has_api: true, ..private(&counters) }, &totals()),
            said(StoreEvidence::default(), &totals()),
            said(StoreEvidence { is_private: false, ..private(&counters) }, &totals()),
            said(StoreEvidence { was_killed: true, ..private(&counters) }, &totals()),
            said(private(&silent), &totals()),
            said(private(&counters), &failed),
        ];
        let words = ["API", "no server", "others", "killed", "pg_stat_statements", "failed"];
        for (why, word) in whys.iter().zip(words) {
            assert!(why.contains(word), "{why}");
        }
    }
}
