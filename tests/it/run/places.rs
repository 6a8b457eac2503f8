//! Places that cannot be written to, and disks that are full.

use std::fs;
use std::process::{Command, Output};

use super::{Stage, assert_code, finish, has_begun, names, stderr};

#[test]
fn a_place_for_reports_that_cannot_be_written_to_is_found_out_before_the_run() {
    // Permissions would not do: the superuser may write anywhere.
    let stage = Stage::new();
    fs::write(stage.path("file.txt"), "not a folder").unwrap();
    for out in ["file.txt/x", "/proc/nope"] {
        let output = finish(stage.command_to(out, &[]));
        assert_code(&output, 1);
        assert!(stderr(&output).contains(out), "{}", stderr(&output));
        assert!(!has_begun(&output), "{}", stderr(&output));
        stage.assert_clear();
    }
}

#[test]
fn a_work_folder_that_does_not_exist_is_told_by_its_name() {
    let stage = Stage::new();
    fs::remove_dir(stage.path("work")).unwrap();
    let output = stage.run(&["--only", "ttl"]);
    assert_code(&output, 1);
    assert!(stderr(&output).contains("/work"), "{}", stderr(&output));
    assert_eq!(names(stage.folder.path()), ["tiny.toml"]);
}

#[test]
fn a_disk_that_is_full_of_the_database_is_told_with_the_file() {
    let stage = Stage::with(&[
        ("keys = 100", "keys = 20000"),
        ("{ aggregation = { rows = 5 } }", "\"point-lookup\""),
    ]);
    let output = limited(&stage, 2048, &["--only", "ttl"]);
    assert_code(&output, 1);
    let told = stderr(&output);
    assert!(told.contains("cannot prepare the database") && told.contains(".db"), "{told}");
    assert!(names(&stage.path("out")).is_empty(), "no folder is left");
    stage.assert_clear();
}

#[test]
fn a_disk_that_is_full_of_the_report_is_told_with_the_file() {
    let stage = Stage::with(&[("[store]", "[store]\nserver = \"embedded\"")]);
    let output = limited(&stage, 8, &["--embedded", "--only", "ttl"]);
    assert_code(&output, 1);
    let told = stderr(&output);
    assert!(told.contains("cannot write") && told.contains("report.html"), "{told}");
    assert!(told.contains("caused by: File too large"), "{told}");
    assert!(names(&stage.path("out")).is_empty(), "no half of a report is left");
    stage.assert_clear();
}

/// A run that cannot make a file longer than so many blocks of the shell's. The limit stands in for
/// a full disk: a write that exceeds it fails, once the signal that comes with it is ignored.
fn limited(stage: &Stage, blocks: u32, arguments: &[&str]) -> Output {
    let run = stage.command(arguments);
    let mut command = Command::new("sh");
    command.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
    command.arg(run.get_program()).args(run.get_args()).current_dir(stage.folder.path());
    finish(command)
}
