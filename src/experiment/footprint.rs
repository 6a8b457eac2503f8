//! How much memory a simulated run takes, said before it starts.
//!
//! All of it is in one process: what a server would hold, what is known of every key, and what the
//! figures are made of. It is an upper bound of what a run really takes, and no more than twice that
//! where the run asks for all keys that there are.

use std::fs;

use super::Error;
use crate::backend::ENTRY_HEAD;
use crate::judge::Memory;
use crate::model::Size;
use crate::scenario::Scenario;
use crate::workload::Arrival;

/// The head of an entry and the promise of its body, and its place in the cache's table and in the order of
/// use.
const ENTRY: u64 = 176;
/// An entry once more, while all are moved to where there is room for more: where nobody could say beforehand
/// how many there would be.
const MOVED: u64 = 176;
/// A row that was written, whose body is only promised.
const ROW: u64 = 240;
/// What rows are at least, and so bodies, whatever size was asked for.
const BODY_MIN: u64 = 360;
/// Where the judge has a key's slot.
const PLACE: u64 = 8;
/// The judge's slot of a key that was written.
const SLOT: u64 = 64;
/// A key in the count of what is asked for.
const ASKED: u64 = 4;
/// A key in the closed forms, and in the count of what was asked for: after the judge is done.
const COUNTED: u64 = 36;
/// A key with a history, while it is remembered version by version.
const HISTORY: u64 = 512;
/// Histograms, batches of samples, the program itself.
const FIGURES: u64 = 48 << 20;

/// Bytes that a simulated run takes at most, by what they are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Footprint {
    pub cache: Size,
    pub store: Size,
    /// What is known of every key, to judge reads by.
    pub judge: Size,
    pub figures: Size,
}

impl Footprint {
    /// What one run of the scenario over so many keys takes.
    pub fn of(scenario: &Scenario, keys: u64) -> Self {
        let workload = &scenario.workload;
        let requests = requests(scenario);
        let body = scenario.dataset.size.max().0.max(BODY_MIN);
        // Written only for who has to look at it, be it to make it smaller.
        let promised = scenario.strategies.0.iter().all(|one| one.spec.keeps(body as usize));
        let body = if promised { 0 } else { body };
        let moved = if scenario.dataset.keys.is_some() { 0 } else { MOVED };
        let cache = entries(scenario, keys).saturating_mul(ENTRY + moved + body);
        let limit = scenario.cache.maxmemory.map_or(u64::MAX, |limit| limit.0.saturating_mul(2));
        let writes = (requests as f64 * (1.0 - workload.reads.0).max(0.0)).ceil() as u64;
        let written = keys.min(writes);
        let Memory { histories, pairs } = Memory::USUAL;
        let histories = (histories as u64).min(written.saturating_mul(HISTORY));
        let pairs = (pairs as u64).min(requests).saturating_mul(16);
        let known =
            keys.saturating_mul(PLACE + ASKED).saturating_add(histories).saturating_add(pairs);
        let known = known.saturating_add(written.saturating_mul(SLOT));
        let counted = keys.saturating_mul(COUNTED);
        Self {
            cache: Size(cache.min(limit)),
            store: Size(written.saturating_mul(ROW)),
            judge: Size(known.max(counted)),
            figures: Size(FIGURES),
        }
    }

    /// Whether the machine has room for so many of them at once.
    ///
    /// # Errors
    /// If it has not. Where it does not say what it has, it is taken at that.
    pub fn fits(&self, at_once: usize) -> Result<(), Error> {
        let needed = Size(self.total().0.saturating_mul(at_once as u64));
        match available() {
            Some(available) if needed > available => {
                Err(Error::Memory { needed: rounded(needed), available: rounded(available) })
            }
            _ => Ok(()),
        }
    }

    pub fn total(&self) -> Size {
        let parts = [self.cache, self.store, self.judge, self.figures];
        Size(parts.iter().fold(0, |sum, part| sum.saturating_add(part.0)))
    }

    /// In words, such as "about 1.2 GiB: 700 MiB for the cache, ...".
    pub fn told(&self) -> String {
        let Self { cache, store, judge, figures } = *self;
        format!(
            "at most {} of memory: {} for the cache, {} for written rows, {} for the judge, {} for figures",
            rounded(self.total()),
            rounded(cache),
            rounded(store),
            rounded(judge),
            rounded(figures),
        )
    }
}

/// Entries that the cache of a run over so many keys holds at most.
pub fn entries(scenario: &Scenario, keys: u64) -> u64 {
    let workload = &scenario.workload;
    let asked_for = if workload.prefill { keys } else { keys.min(requests(scenario)) };
    // None takes less than its head.
    let limit = scenario.cache.maxmemory.map_or(u64::MAX, |limit| limit.0 / ENTRY_HEAD as u64);
    asked_for.min(scenario.cache.max_keys.unwrap_or(u64::MAX)).min(limit)
}

/// Memory that the machine has left for a process, where it says so: what is free or can be freed, and
/// what the group of processes is allowed.
pub fn available() -> Option<Size> {
    let free = in_meminfo(&fs::read_to_string("/proc/meminfo").ok()?)?;
    let read = |name| {
        let text = fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?;
        text.trim().parse::<u64>().ok()
    };
    let left = read("memory.max").zip(read("memory.current"));
    let left = left.map_or(u64::MAX, |(max, current)| max.saturating_sub(current));
    Some(Size(free.min(left)))
}

/// `MemAvailable` of a `/proc/meminfo`.
fn in_meminfo(text: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// How many requests a run comes to: as many as an open loop asks for. A closed loop has as many as get
/// answers, and may ask for every key.
fn requests(scenario: &Scenario) -> u64 {
    let workload = &scenario.workload;
    match workload.arrival {
        Arrival::Closed(_) => u64::MAX >> 8,
        Arrival::Even(_) | Arrival::Poisson(_) => {
            let span = workload.warm_up.nanos() + workload.duration.nanos();
            let peak = workload.peak_rate().unwrap_or_default();
            // A hundredth more than there are on average.
            (peak * span.as_secs_f64() * 1.01).ceil() as u64
        }
    }
}

/// To three digits, in the largest unit.
fn rounded(Size(bytes): Size) -> String {
    let mut rest = bytes as f64;
    let mut unit = "B";
    for larger in ["KiB", "MiB", "GiB", "TiB"] {
        if rest < 1024.0 {
            break;
        }
        rest /= 1024.0;
        unit = larger;
    }
    match rest {
        _ if rest >= 100.0 || unit == "B" => format!("{rest:.0} {unit}"),
        _ if rest >= 10.0 => format!("{rest:.1} {unit}"),
        _ => format!("{rest:.2} {unit}"),
    }
}

#[cfg(test)]
mod tests;
