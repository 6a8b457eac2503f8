//! What a run's exit code says of its figures.

use cacheduel::report;

use super::{Stage, assert_code, stderr};

/// A closed loop is never late, so that a busy machine cannot make its figures invalid.
const NEVER_LATE: (&str, &str) = (
    "arrival = { poisson = { rate = 300 } }\nwarm-up = \"300ms\"",
    "arrival = { closed = { clients = 2, think = \"2ms\" } }\nwarm-up = \"300ms\"",
);

#[test]
fn a_run_in_which_no_strategy_holds_the_thresholds_ends_with_3() {
    let stage = Stage::with(&[NEVER_LATE, ("[strategies.no-cache]", ASKED)]);
    let output = stage.run(&["--embedded", "--only", "ttl"]);
    assert_code(&output, 3);
    assert!(report::read(&stage.report()).is_ok(), "the report is written all the same");
    stage.assert_clear();
}

const ASKED: &str = "[thresholds]\nread-p50 = \"1us\"\n\n[strategies.no-cache]";

#[test]
fn a_run_in_which_a_strategy_holds_the_thresholds_ends_with_0() {
    let asked = "[thresholds]\nlost-writes = 0\n\n[strategies.no-cache]";
    // The shorter window has too few samples to rank those that hold them.
    for window in ["duration = \"1s\"", "duration = \"50ms\""] {
        let changes = [NEVER_LATE, ("[strategies.no-cache]", asked), ("duration = \"1s\"", window)];
        let stage = Stage::with(&changes);
        assert_code(&stage.run(&["--embedded", "--only", "ttl"]), 0);
    }
}

#[test]
fn figures_that_cannot_be_trusted_end_with_4_where_that_was_asked_for() {
    // One request at the start, and none in the window: nothing to trust.
    let stage = Stage::with(&[
        ("poisson = { rate = 300 }", "even = { rate = 1 }"),
        ("duration = \"1s\"", "duration = \"100ms\""),
    ]);
    let output = stage.run(&["--embedded", "--only", "ttl", "--strict"]);
    assert_code(&output, 4);
    assert!(!stderr(&output).contains("error"), "{}", stderr(&output));
    assert!(report::read(&stage.report()).is_ok(), "the report is written all the same");
}
