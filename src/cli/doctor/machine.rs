//! What is on this machine: programs, cores, memory, and the disk that a run would use.

use std::path::Path;
use std::process::{Command, Stdio};

use bytesize::ByteSize;

use super::finding::Finding;
use crate::backend::filesystem;
use crate::backend::managed::{SERVERS, find_postgres, find_program};
use crate::record::Host;

/// Less than this and a run with many rows may fill the disk.
const FREE_MIN: u64 = 1 << 30;
/// A file system that keeps nothing on a disk.
const IN_MEMORY: [&str; 2] = ["tmpfs", "ramfs"];
/// Looks at the machine, and at the folder in which a run would work.
pub fn look(work_dir: Option<&Path>) -> Vec<Finding> {
    let host = Host::this();
    let mut findings = vec![cores(&host)];
    if host.memory > 0 {
        findings.push(Finding::ok("memory", size(host.memory)));
    }
    findings.push(disk(&work_dir.map_or_else(std::env::temp_dir, Path::to_path_buf)));
    let found = SERVERS.map(|name| (name, find_program(name)));
    let has_one = found.iter().any(|(_, path)| path.is_some());
    for (name, path) in found {
        match path {
            Some(path) => findings.push(Finding::ok(name, versioned(&path))),
            // Either of them will do.
            None if has_one => findings.push(Finding::ok(name, "not here, and not needed")),
            None => findings.push(Finding::warn(
                name,
                "not on PATH",
                "install redis or valkey; without either, the in-memory twin stands in",
            )),
        }
    }
    findings.push(match find_postgres() {
        Some(programs) => Finding::ok("postgres", versioned(&programs.join("postgres"))),
        None => Finding::warn(
            "postgres",
            "neither on PATH nor in the usual places",
            "install postgresql for a private one, or name yours by --store-url",
        ),
    });
    findings
}

fn cores(host: &Host) -> Finding {
    let found = format!("{} ({} {}, {})", host.cores, host.os, host.kernel, host.cpu);
    if host.cores >= 2 {
        Finding::ok("cores", found)
    } else {
        let advice = "clients, cache and store share it: latencies will be those of a busy machine";
        Finding::warn("cores", found, advice)
    }
}

fn disk(folder: &Path) -> Finding {
    const WHAT: &str = "work folder";
    let kind = match filesystem(folder) {
        Ok(kind) => kind,
        Err(error) => return Finding::fail(WHAT, error.to_string(), "give another by --work-dir"),
    };
    let free = rustix::fs::statvfs(folder).map(|status| status.f_bavail * status.f_frsize);
    let free = free.unwrap_or_default();
    let found = format!("{} on {kind}, {} free", folder.display(), size(free));
    if IN_MEMORY.contains(&kind.as_str()) {
        let advice = "an fsync costs nothing in memory, so durable writes look too fast: give a \
                      folder on a disk by --work-dir";
        Finding::warn(WHAT, found, advice)
    } else if free < FREE_MIN {
        Finding::warn(WHAT, found, "a large dataset may fill it: give another by --work-dir")
    } else {
        Finding::ok(WHAT, found)
    }
}

/// Where a program is, and what it says its version is.
fn versioned(path: &Path) -> String {
    let output = Command::new(path).arg("--version").stdin(Stdio::null()).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = text.ok().and_then(|text| version(&text));
    format!("{} {}", path.display(), version.unwrap_or_else(|| "(of unknown version)".into()))
}

/// The version in a line such as `Redis server v=7.0.15 sha=...` or `postgres (PostgreSQL) 15.6`.
fn version(line: &str) -> Option<String> {
    line.split_whitespace().map(|word| word.trim_start_matches("v=")).find_map(|word| {
        let is_version = word.starts_with(|sign: char| sign.is_ascii_digit());
        (is_version && word.contains('.')).then(|| word.to_owned())
    })
}

fn size(bytes: u64) -> String {
    ByteSize(bytes).display().iec().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_where_servers_put_them() {
        for (line, expected) in [
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0", Some("7.0.15")),
            ("Valkey server v=8.0.1 sha=00000000:1 malloc=libc", Some("8.0.1")),
            ("postgres (PostgreSQL) 15.6 (Debian 15.6-0)", Some("15.6")),
            ("what?", None),
        ] {
            assert_eq!(version(line).as_deref(), expected);
        }
    }
}
