//! The build script, compiled and run by itself: what it makes of a folder with git, and without.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Runs it as cargo would for this folder.
fn version(script: &Path, folder: &Path, profile: &str) -> String {
    let mut command = Command::new(script);
    let command = command.current_dir(folder).env("CARGO_MANIFEST_DIR", folder);
    let told = command.env("CARGO_PKG_VERSION", "1.2.3").env("PROFILE", profile).output().unwrap();
    assert!(told.status.success(), "{told:?}");
    let text = String::from_utf8(told.stdout).unwrap();
    let set =
        text.lines().find_map(|line| line.strip_prefix("cargo::rustc-env=CACHEDUEL_VERSION="));
    set.expect("a version is told").to_owned()
}

fn compiled() -> (TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("build-script");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/build.rs");
    let mut rustc = Command::new("rustc");
    let made = rustc.args(["--edition", "2024", source, "-o"]).arg(&script).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    (folder, script)
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut git = Command::new("git");
    // As on a machine where nobody has ever set up git.
    let git = git.current_dir(folder).env("HOME", folder).env("GIT_CONFIG_NOSYSTEM", "1");
    let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    let told = git.args(who).args(arguments).output().unwrap();
    assert!(told.status.success(), "{told:?}");
    String::from_utf8(told.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_release_build_tells_its_commit_and_whether_the_sources_differ_from_it() {
    let (_made, script) = compiled();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("source"), "one").unwrap();
    git(folder, &["init", "--quiet"]);
    git(folder, &["add", "source"]);
    git(folder, &["commit", "--quiet", "--message", "one"]);
    git(folder, &["tag", "--annotate", "v1", "--message", "not the tag is told"]);
    let commit = git(folder, &["rev-parse", "--short=12", "HEAD"]);
    assert_eq!(version(&script, folder, "release"), format!("1.2.3 ({commit})"));
    assert_eq!(version(&script, folder, "debug"), "1.2.3", "a commit rebuilds no tests");
    fs::write(folder.join("source"), "two").unwrap();
    assert_eq!(version(&script, folder, "release"), format!("1.2.3 ({commit}-dirty)"));

    let inside = folder.join("unpacked");
    fs::create_dir(&inside).unwrap();
    assert_eq!(version(&script, &inside, "release"), "1.2.3", "the commit is of something else");
}

#[test]
fn without_git_the_revision_is_the_packages_or_none() {
    let (_made, script) = compiled();
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(version(&script, folder.path(), "release"), "1.2.3");
    let note =
        r#"{ "git": { "sha1": "0123456789abcdef0123456789abcdef01234567" }, "path_in_vcs": "" }"#;
    fs::write(folder.path().join(".cargo_vcs_info.json"), note).unwrap();
    assert_eq!(version(&script, folder.path(), "release"), "1.2.3 (0123456789ab)");
    fs::write(folder.path().join(".cargo_vcs_info.json"), r#"{ "git": { "dirty": true } }"#)
        .unwrap();
    assert_eq!(version(&script, folder.path(), "release"), "1.2.3");
}
