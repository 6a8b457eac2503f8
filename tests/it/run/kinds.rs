//! Which program the private server is started from.

use std::os::unix::fs::symlink;

use cacheduel::report;

use super::{Stage, assert_code, stderr};
use crate::private_servers::kinds;

#[test]
fn the_program_that_is_named_is_the_one_that_is_started() {
    for kind in kinds() {
        let program = kind.program.unwrap();
        let name = program.file_name().unwrap().to_str().unwrap().to_owned();
        let stage = Stage::new();
        // By its name on PATH, by its path, and from a folder that is no part of PATH.
        symlink(&program, stage.path("mine")).unwrap();
        for named in [name.as_str(), program.to_str().unwrap(), "./mine"] {
            let output = stage.run(&["--redis-server", named, "--only", "cache-aside"]);
            assert_code(&output, 0);
            let record = report::read(&stage.report()).unwrap();
            assert!(record.cache.managed && name.starts_with(&record.cache.kind), "{record:?}");
            std::fs::remove_dir_all(stage.path("out")).unwrap();
            stage.assert_clear();
        }
    }
}

#[test]
fn a_program_that_is_not_there_is_told_before_anything_is_made() {
    let stage = Stage::new();
    for named in ["no-such-server", "./no-such-server", "/nonexistent/redis-server"] {
        let output = stage.run(&["--redis-server", named]);
        assert_code(&output, 2);
        assert!(stderr(&output).contains(named), "{}", stderr(&output));
        stage.assert_clear();
    }
}
