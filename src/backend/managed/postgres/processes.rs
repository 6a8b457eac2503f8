//! Which processes a server has: PostgreSQL has one for each connection, and puts them in groups of
//! their own.

use std::fs;
use std::path::Path;
use std::process::Command;

use rustix::process::{Pid, test_kill_process};

/// The processes that `parent` has started and that have not ended.
pub fn children(parent: Pid) -> Vec<Pid> {
    let all = if Path::new("/proc/self/stat").exists() { by_proc() } else { by_ps() };
    let parent = parent.as_raw_pid();
    all.into_iter().filter(|&(_, its)| its == parent).map(|(process, _)| process).collect()
}

/// Whether the process has ended. One that nobody has waited for yet has.
pub fn is_gone(process: Pid) -> bool {
    match stat(process.as_raw_pid()) {
        Some((state, _)) => state == 'Z' || state == 'X',
        None => test_kill_process(process).is_err(),
    }
}

/// Every process with its parent.
fn by_proc() -> Vec<(Pid, i32)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter_map(|number: i32| Some((Pid::from_raw(number)?, stat(number)?.1))).collect()
}

/// The same where there is no `/proc`.
fn by_ps() -> Vec<(Pid, i32)> {
    let output = Command::new("ps").args(["-A", "-o", "pid=", "-o", "ppid="]).output();
    let table = output.map(|output| output.stdout).unwrap_or_default();
    let pair = |line: &str| {
        let mut numbers = line.split_whitespace();
        let process = Pid::from_raw(numbers.next()?.parse().ok()?)?;
        Some((process, numbers.next()?.parse().ok()?))
    };
    String::from_utf8_lossy(&table).lines().filter_map(pair).collect()
}

/// The state and the parent of a process, where there is a `/proc`. A process's name may hold
/// anything, blanks and parentheses included.
fn stat(process: i32) -> Option<(char, i32)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_is_found_by_either_way_until_it_has_ended() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let (own, its) = (rustix::process::getpid(), Pid::from_child(&child));
        assert!(children(own).contains(&its) && !is_gone(its));
        assert!(by_ps().contains(&(its, own.as_raw_pid())));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(is_gone(its) && !children(own).contains(&its));
    }
}
