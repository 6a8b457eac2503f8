//! How much memory the generator itself had. What it keeps does not grow with the requests; where it
//! does grow, something that should have been forgotten is kept, and in the end it swaps.

use serde::{Deserialize, Serialize};

use super::{Check, Standing};

/// Bytes of this process that were in memory, over the measured window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resident {
    /// When the window opened.
    pub opened: u64,
    /// When it was last looked at: when the window closed, in the end.
    pub closed: u64,
    /// The most at any look, these two included.
    pub peak: u64,
}

impl Resident {
    /// By how much it may grow in a window before that is remarked on: what a judge and a meter take
    /// beside what they take from the beginning, and as much again for operations in flight.
    pub const GROWTH_MAX: u64 = 256 << 20;

    /// So many bytes as the window opens.
    pub const fn open(bytes: u64) -> Self {
        Self { opened: bytes, closed: bytes, peak: bytes }
    }

    /// So many bytes at a look since.
    pub fn see(&mut self, bytes: u64) {
        self.closed = bytes;
        self.peak = self.peak.max(bytes);
    }

    /// The most that it was above what it had been at the beginning.
    pub const fn growth(&self) -> u64 {
        self.peak.saturating_sub(self.opened)
    }

    /// Bytes in memory by what Linux says of a process in its `/proc/<pid>/status`; `None` where it does
    /// not say it.
    pub fn in_status(status: &str) -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1 << 10)
    }

    /// Whether it grew by no more than so many bytes. `None` is not applicable: a machine that does not
    /// say it.
    pub fn check(resident: Option<&Self>, growth_max: u64) -> Check {
        let name = "resident memory".into();
        let Some(resident) = resident else {
            let detail = "this machine does not say what a process takes".into();
            return Check { name, standing: Standing::NotApplicable, detail };
        };
        let is_flat = resident.growth() <= growth_max;
        let standing = if is_flat { Standing::Ok } else { Standing::Warn };
        let mebibytes = |bytes: u64| bytes.div_ceil(1 << 20);
        let detail = format!(
            "from {} MiB to {} MiB, {} MiB at most; it may grow by {} MiB",
            mebibytes(resident.opened),
            mebibytes(resident.closed),
            mebibytes(resident.peak),
            mebibytes(growth_max),
        );
        Check { name, standing, detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn the_peak_counts_and_not_what_is_left_of_it() {
        let mut resident = Resident::open(100 * MIB);
        assert_eq!(Resident::check(Some(&resident), 0).standing, Standing::Ok);
        for mebibytes in [90, 180, 120] {
            resident.see(mebibytes * MIB);
        }
        assert_eq!((resident.growth(), resident.closed), (80 * MIB, 120 * MIB));
        assert_eq!(Resident::check(Some(&resident), 80 * MIB).standing, Standing::Ok);
        let grown = Resident::check(Some(&resident), 80 * MIB - 1);
        assert_eq!(grown.standing, Standing::Warn);
        assert!(grown.detail.contains("from 100 MiB to 120 MiB, 180 MiB at most"), "{grown:?}");
        assert_eq!(Resident::check(None, 0).standing, Standing::NotApplicable);
    }

    #[test]
    fn what_is_resident_is_found_in_what_linux_says_of_a_process() {
        let status = "Name:\tcacheduel\nVmHWM:\t    9999 kB\nVmRSS:\t   12345 kB\nThreads:\t1\n";
        assert_eq!(Resident::in_status(status), Some(12_345 << 10));
        assert_eq!(Resident::in_status("Name:\tkthreadd\n"), None);
        assert_eq!(Resident::in_status("VmRSS:\tmuch kB\n"), None);
    }
}
