//! Whole runs on real servers in whose course something breaks.

use cacheduel::record::{Record, Run, Standing};
use cacheduel::report;

use super::{Stage, assert_code, stdout};

/// The scenario, with faults, and long enough for them. Only a PostgreSQL can be killed.
fn stage(faults: &str) -> Stage {
    let with_faults = format!("{faults}\n\n[strategies.no-cache]");
    let server = if faults.contains("store") { "postgres" } else { "sqlite" };
    let store = format!("[store]\nserver = \"{server}\"");
    Stage::with(&[
        ("[strategies.no-cache]", &with_faults),
        ("duration = \"1s\"", "duration = \"2s\""),
        ("[cache]", "[cache]\ntimeout = \"200ms\""),
        ("[store]", &store),
    ])
}

/// The Record of a run that was carried out as planned, faults and all.
fn broken(faults: &str, arguments: &[&str]) -> Record {
    let stage = stage(faults);
    let output = stage.run(arguments);
    assert_code(&output, 0);
    assert!(stdout(&output).contains("THROUGH FAULTS"), "{}", stdout(&output));
    let record = report::read(&stage.report()).unwrap();
    for contender in &record.contenders {
        for run in &contender.runs {
            assert_eq!(check(run, "faults"), Standing::Ok, "{}: {:?}", contender.label, run.faults);
        }
    }
    stage.assert_clear();
    record
}

fn check(run: &Run, name: &str) -> Standing {
    run.checks.iter().find(|check| check.name == name).expect("the check was made").standing
}

#[test]
fn a_killed_redis_loses_the_writes_of_write_behind_alone() {
    let fault = "[[faults]]\nat = \"700ms\"\nlasts = \"300ms\"\nwhat = { cache = \"killed\" }";
    let record = broken(fault, &["--only", "cache-aside,write-through,write-behind"]);
    for contender in &record.contenders {
        let run = &contender.runs[0];
        assert!(run.faults[0].injected.began.as_secs_f64() >= 0.7, "{:?}", run.faults);
        if contender.label != "write-behind" {
            assert_eq!(run.audit.lost_writes, 0, "{}", contender.label);
        }
    }
}

#[test]
fn a_killed_postgres_keeps_every_write_that_it_acknowledged() {
    let fault = "[[faults]]\nat = \"500ms\"\nlasts = \"200ms\"\nwhat = { store = \"killed\" }";
    let record = broken(fault, &["--only", "no-cache,cache-aside"]);
    for contender in &record.contenders {
        let run = &contender.runs[0];
        assert_eq!(run.audit.lost_writes, 0, "{}", contender.label);
        assert!(!run.measures.requests.failed.is_empty(), "{} felt it", contender.label);
        assert_eq!(check(run, "store counters"), Standing::NotApplicable, "{}", contender.label);
    }
}

#[test]
fn a_worker_and_a_node_that_die_lose_nothing() {
    let faults = "[[faults]]\nat = \"400ms\"\nlasts = \"200ms\"\n\
                  what = { worker = \"killed-after-commit\" }\n\
                  [[faults]]\nat = \"800ms\"\nlasts = \"300ms\"\nwhat = { node = { killed = 0 } }";
    // Both strategies have a worker that writes to the store.
    let record = broken(faults, &["--only", "write-behind,event-invalidation"]);
    for contender in &record.contenders {
        let run = &contender.runs[0];
        assert_eq!(run.faults.len(), 2, "{}", contender.label);
        assert_eq!(run.audit.lost_writes, 0, "{}", contender.label);
        let findings = &run.findings;
        assert_eq!(findings.order_violations + findings.duplicate_versions, 0);
    }
}

#[test]
fn a_network_that_goes_silent_is_named_and_everything_ends() {
    let fault = "[[faults]]\nat = \"500ms\"\nlasts = \"400ms\"\nwhat = { cache = \"unreachable\" }";
    let record = broken(fault, &["--only", "cache-aside"]);
    assert!(record.cache.settings.contains_key("proxy"), "{:?}", record.cache.settings);
    assert_eq!(record.contenders[0].lost_writes(), 0);
}
