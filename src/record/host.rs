//! The machine that an experiment ran on.

use std::fs;

use serde::{Deserialize, Serialize};

/// What of the machine changes the figures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    pub os: String,
    pub kernel: String,
    pub cpu: String,
    pub cores: u32,
    /// Bytes of memory, or 0 where the system does not say.
    pub memory: u64,
}

impl Host {
    /// The machine that this runs on. What it does not say is left empty.
    pub fn this() -> Self {
        let system = rustix::system::uname();
        Self {
            os: system.sysname().to_string_lossy().into_owned(),
            kernel: system.release().to_string_lossy().into_owned(),
            cpu: field("/proc/cpuinfo", "model name").unwrap_or_default(),
            cores: std::thread::available_parallelism().map_or(1, |cores| cores.get() as u32),
            memory: field("/proc/meminfo", "MemTotal").and_then(kibibytes).unwrap_or_default(),
        }
    }
}

/// The value of the first line `name : value` of a file of the proc file system.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kibibytes(text: String) -> Option<u64> {
    Some(text.strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
