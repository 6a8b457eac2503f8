//! Tells the tool its version, as `CACHEDUEL_VERSION`: that of the package, and in release builds the
//! revision it is made from. What is built for tests does without, so that a commit rebuilds nothing.
#![allow(clippy::print_stdout, reason = "cargo listens there")]

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Characters of a revision that are shown.
const SHOWN: usize = 12;

fn main() {
    let package = env::var("CARGO_PKG_VERSION").expect("cargo names the version");
    let folder = env::var("CARGO_MANIFEST_DIR").expect("cargo names the folder");
    let folder = Path::new(&folder);
    println!("cargo::rerun-if-changed=build.rs");
    let is_release = env::var("PROFILE").is_ok_and(|profile| profile == "release");
    let revision = if is_release { revision(folder) } else { None };
    let version = revision.map_or_else(|| package.clone(), |of| format!("{package} ({of})"));
    println!("cargo::rustc-env=CACHEDUEL_VERSION={version}");
}

/// The commit, and whether the sources differ from it; `None` where no one knows.
fn revision(folder: &Path) -> Option<String> {
    // Without a repository of its own the folder may still lie in somebody else's.
    if folder.join(".git").exists() { committed(folder) } else { packaged(folder) }
}

fn committed(folder: &Path) -> Option<String> {
    // A checkout changes the one, a commit the other.
    for name in ["HEAD", "logs/HEAD"] {
        let path = git(folder, &["rev-parse", "--path-format=absolute", "--git-path", name])?;
        if Path::new(&path).exists() {
            println!("cargo::rerun-if-changed={path}");
        }
    }
    for sources in ["src", "Cargo.toml", "Cargo.lock"] {
        println!("cargo::rerun-if-changed={sources}");
    }
    let shown = format!("--abbrev={SHOWN}");
    git(folder, &["describe", "--always", "--dirty", "--exclude=*", &shown])
}

/// What git says; `None` where there is no git, or it refuses.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let told = Command::new("git").current_dir(folder).args(arguments).output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| told.status.success() && !text.is_empty())
}

/// The commit that cargo has noted in a package.
fn packaged(folder: &Path) -> Option<String> {
    let note = fs::read_to_string(folder.join(".cargo_vcs_info.json")).ok()?;
    let (_, after) = note.split_once("\"sha1\"")?;
    let hash: String = after.chars().skip_while(|it| !it.is_ascii_hexdigit()).collect();
    let hash: String = hash.chars().take_while(char::is_ascii_hexdigit).take(SHOWN).collect();
    Some(hash).filter(|hash| hash.len() == SHOWN)
}
