//! The load generator, measured on itself: by a command of its own, and before every run.

use std::process::Command;

use assert_cmd::cargo::cargo_bin;
use cacheduel::record::{Calibration, Standing};
use cacheduel::report;

use super::{Stage, assert_code, finish};

fn calibrated(arguments: &[&str]) -> Calibration {
    let stage = Stage::new();
    let mut command = Command::new(cargo_bin!("cacheduel"));
    command.current_dir(stage.folder.path()).args(["calibrate", "tiny.toml", "--brief", "--json"]);
    let output = finish({
        command.args(["--work-dir", "work"]).args(arguments);
        command
    });
    assert_code(&output, 0);
    stage.assert_clear();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What must hold on any machine, however slow or busy.
fn assert_sound(calibration: &Calibration) {
    let paces = [Some(calibration.harness), calibration.bare, Some(calibration.alone)];
    for pace in paces.into_iter().flatten() {
        assert!(pace.rate > 0.0 && pace.cpu > 0.0, "{calibration:?}");
        // A thread has no more CPU time than there is time.
        assert!(pace.rate * pace.cpu < 1.05e9, "{calibration:?}");
    }
    let [lag] = calibration.lags.as_slice() else { panic!("the scenario has one rate") };
    assert!(lag.rate == 300.0 && lag.p50 <= lag.p99, "{lag:?}");
}

#[test]
fn on_a_real_redis_it_stands_beside_bare_clients() {
    let calibration = calibrated(&[]);
    assert_sound(&calibration);
    assert!(calibration.bare.is_some() && calibration.added().is_some(), "{calibration:?}");
}

#[test]
fn on_the_twin_there_are_no_bare_clients() {
    let calibration = calibrated(&["--embedded"]);
    assert_sound(&calibration);
    assert_eq!(calibration.bare, None);
}

#[test]
fn a_run_begins_with_it_and_one_that_asks_for_more_than_can_be_made_is_invalid() {
    let beyond_any_core = [
        ("poisson = { rate = 300 }", "even = { rate = 2_000_000 }"),
        ("warm-up = \"300ms\"", "warm-up = \"0s\""),
        ("duration = \"1s\"", "duration = \"10ms\""),
    ];
    let stage = Stage::with(&beyond_any_core);
    let output = stage.run(&["--only", "no-cache", "--store", "embedded", "--strict"]);
    assert_code(&output, 4);
    let record = report::read(&stage.report()).unwrap();
    assert!(record.calibration.is_some());
    let checks = &record.contenders[0].runs[0].checks;
    let capacity = checks.iter().find(|check| check.name == "capacity").unwrap();
    assert_eq!(capacity.standing, Standing::Invalid, "{}", capacity.detail);
}
