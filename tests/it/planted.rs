//! Strategies with planted bugs, in whole runs: plan, driver, tap, judge and audit. Each bug must be
//! caught in the figure that names it, and strategies without one must show none.

mod bugs;
mod whole_run;

use std::sync::{Arc, Mutex};

use cacheduel::strategy::{Spec, Strategy};

use self::bugs::{
    DropsWrites, Log, NeverInvalidates, RemembersTheFirst, ReversesVersions, SetsInReverse,
    SettlesBeforeCommit,
};
use self::whole_run::{Outcome, overlapping, run, separate};

fn registered(name: &str) -> impl Fn() -> Box<dyn Strategy> {
    let options = serde_json::json!({});
    let spec = Spec::read_options(name, options).unwrap().unwrap();
    move || spec.build()
}

/// Everything that only a wrong strategy can cause, or a stale answer.
fn faults(outcome: &Outcome) -> [(&'static str, u64); 13] {
    let Outcome { findings, audit, .. } = outcome;
    [
        ("definitely stale", findings.definitely_stale),
        ("monotonic", findings.monotonic_violations),
        ("read your writes", findings.read_your_writes_violations),
        ("dirty", findings.dirty_reads),
        ("order", findings.order_violations),
        ("duplicate", findings.duplicate_versions),
        ("unclaimed", findings.unclaimed_versions),
        ("absent", findings.phantom_absent),
        ("stale entries", audit.stale),
        ("entries ahead", audit.ahead),
        ("phantom entries", audit.phantom),
        ("corrupt", findings.corrupt + audit.corrupt),
        ("lost writes", audit.lost_writes),
    ]
}

/// Asserts that the figures named are above zero and that all others are zero.
fn assert_only(outcome: &Outcome, expected: &[&str]) {
    for (name, count) in faults(outcome) {
        assert_eq!(count > 0, expected.contains(&name), "{name}: {count}");
    }
}

#[test]
fn strategies_without_a_bug_show_no_fault_where_requests_do_not_overlap() {
    for name in ["no-cache", "cache-aside", "write-through", "write-behind"] {
        let outcome = run(registered(name), &separate());
        assert_eq!(faults(&outcome).map(|(_, count)| count), [0; 13], "{name}");
        assert_eq!(outcome.findings.possibly_stale, 0, "{name}");
        assert!(outcome.findings.reads > 7_000 && outcome.findings.writes > 1_500, "{name}");
    }
}

#[test]
fn the_control_shows_no_fault_where_requests_overlap() {
    let outcome = run(registered("no-cache"), &overlapping());
    assert_only(&outcome, &[]);
    assert!(outcome.findings.possibly_stale > 100, "requests do overlap");
}

#[test]
fn entries_that_are_never_invalidated_are_stale_for_clients_and_in_the_end() {
    let build = || Box::new(NeverInvalidates::new()) as Box<dyn Strategy>;
    let outcome = run(build, &separate());
    assert_only(&outcome, &["definitely stale", "read your writes", "stale entries"]);
    assert_eq!(outcome.findings.definitely_stale, outcome.older_than_acknowledged);
    assert_eq!(outcome.findings.possibly_stale, outcome.older_than_acknowledged);

    let outcome = run(build, &overlapping());
    assert_only(&outcome, &["definitely stale", "read your writes", "stale entries"]);
}

#[test]
fn values_that_a_node_remembers_are_stale_though_the_cache_is_empty() {
    let build = || Box::new(RemembersTheFirst::default()) as Box<dyn Strategy>;
    let outcome = run(build, &separate());
    assert_only(&outcome, &["definitely stale", "read your writes"]);
    assert_eq!(outcome.findings.definitely_stale, outcome.older_than_acknowledged);
    assert_eq!(outcome.audit.absent, outcome.audit.keys);
    assert_only(&run(build, &overlapping()), &["definitely stale", "read your writes"]);
}

#[test]
fn acknowledged_writes_that_never_reach_the_store_are_lost() {
    let log = Log::default();
    let outcome = run(|| Box::new(DropsWrites::new(log.clone())) as Box<dyn Strategy>, &separate());
    // The next write of the key gets the version that the dropped one was promised.
    let expected = ["definitely stale", "read your writes", "order", "duplicate", "lost writes"];
    assert_only(&outcome, &expected);
    assert_eq!(outcome.audit.lost_writes, outcome.missing(&log.lock().unwrap()));

    let log = Log::default();
    let outcome =
        run(|| Box::new(DropsWrites::new(log.clone())) as Box<dyn Strategy>, &overlapping());
    assert_eq!(outcome.audit.lost_writes, outcome.missing(&log.lock().unwrap()));
    assert!(outcome.audit.lost_writes > 0 && outcome.findings.duplicate_versions > 0);
}

#[test]
fn a_queue_that_is_settled_before_the_commit_loses_writes() {
    for load in [separate(), overlapping()] {
        let log = Log::default();
        let batches = Arc::new(Mutex::new(0));
        let build = || {
            Box::new(SettlesBeforeCommit::new(log.clone(), batches.clone())) as Box<dyn Strategy>
        };
        let outcome = run(build, &load);
        assert!(outcome.audit.lost_writes > 0);
        assert!(outcome.audit.ahead > 0, "the cache still holds what the store never got");
        assert_eq!(outcome.audit.lost_writes, outcome.missing(&log.lock().unwrap()));
        let findings = &outcome.findings;
        assert_eq!(findings.order_violations + findings.duplicate_versions, 0);
    }
}

#[test]
fn sets_in_reverse_order_leave_the_cache_stale() {
    for load in [separate(), overlapping()] {
        let held_back = Arc::default();
        let build = || Box::new(SetsInReverse::new(Arc::clone(&held_back))) as Box<dyn Strategy>;
        let outcome = run(build, &load);
        let Outcome { findings, audit, .. } = &outcome;
        assert!(findings.definitely_stale > 0 && findings.read_your_writes_violations > 0);
        assert!(audit.stale > 0);
        assert_eq!((audit.lost_writes, audit.ahead, audit.phantom), (0, 0, 0));
        assert_eq!(findings.order_violations + findings.duplicate_versions, 0);
        assert_eq!(findings.dirty_reads, 0);
    }
}

#[test]
fn versions_that_are_given_out_in_reverse_order_contradict_real_time() {
    let log = Log::default();
    let build = || Box::new(ReversesVersions::new(log.clone())) as Box<dyn Strategy>;
    let outcome = run(build, &separate());
    let reversed = log.lock().unwrap().len() as u64;
    assert!(reversed > 500, "{reversed}");
    assert_eq!(outcome.findings.order_violations, reversed);
    // The store holds what the reversed order would have left, so nothing counts as lost.
    assert_eq!((outcome.audit.lost_writes, outcome.findings.definitely_stale), (0, 0));
    assert_eq!(outcome.findings.duplicate_versions, 0);
}
