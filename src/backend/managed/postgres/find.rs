//! Where this machine has PostgreSQL's server: many systems do not put it on PATH.

use std::cmp::Reverse;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::workspace::{find_program, is_program};

/// Where systems install servers side by side: a folder, how the names in it begin, and what in each
/// of those holds the programs.
const PLACES: [(&str, &str, &str); 6] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/local/lib/postgresql", "", "bin"),
    ("/usr/local", "pgsql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
];

/// The folder with `initdb` and `postgres`: the first on PATH, else the one that `pg_config` names,
/// else the newest that is installed in one of the usual places.
pub fn find_postgres() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .find(|folder| has_server(folder))
        .or_else(configured)
        .or_else(installed)
}

fn configured() -> Option<PathBuf> {
    let output = Command::new(find_program("pg_config")?).arg("--bindir").output().ok()?;
    let folder = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
    has_server(&folder).then_some(folder)
}

fn installed() -> Option<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = Vec::new();
    for (place, prefix, programs) in PLACES {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            let folder = entry.path().join(programs);
            if let Some(rest) = name.strip_prefix(prefix)
                && has_server(&folder)
            {
                found.push((version(rest), folder));
            }
        }
    }
    found.sort_by_key(|(version, _)| Reverse(*version));
    found.into_iter().next().map(|(_, folder)| folder)
}

/// The first number in a name: 16 of `@16`. A name without one is taken for the oldest.
fn version(name: &str) -> u32 {
    let digits: String = name
        .chars()
        .skip_while(|sign| !sign.is_ascii_digit())
        .take_while(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap_or(0)
}

fn has_server(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| is_program(&folder.join(program)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_is_known_by_its_number() {
        assert!(version("16") > version("9.6"));
        assert_eq!(version("@17"), 17);
        assert_eq!(version(""), 0);
    }
}
