//! The end-state audit: what is left in cache and store once everything has come to rest.

use super::ledger::Ledger;
use super::{Audit, Findings, Suspect};
use crate::model::{Key, Version, Writer};

/// How many suspects an audit names.
const EXAMPLES: usize = 10;

/// What cache and store hold after the last request and the drain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EndState {
    /// Every written key, and any other that is to be compared, each once and in any order. A
    /// written key that is missing here is counted as `unchecked`.
    pub keys: Vec<EndKey>,
}

/// One key's end state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndKey {
    pub key: Key,
    pub cached: Cached,
    /// The store's row, or `None` where there is none that can be read.
    pub stored: Option<(Version, Writer)>,
    /// False where the store's row is not what any writer wrote.
    pub stored_intact: bool,
}

/// What the cache holds under one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cached {
    Absent,
    Holds {
        version: Version,
        writer: Writer,
    },
    /// An entry that is not what any writer wrote.
    Corrupt,
}

/// The audit on its way: it is told the keys' end states some at a time, so that nobody has to hold all of
/// them.
pub struct Reckoning {
    ledger: Ledger,
    findings: Findings,
    audit: Audit,
}

impl Reckoning {
    pub(super) fn new(ledger: Ledger, findings: Findings) -> Self {
        Self { ledger, findings, audit: Audit::default() }
    }

    /// Compares keys with themselves and with what is known of them, and adds to the findings what only
    /// the end shows.
    ///
    /// # Panics
    ///
    /// If a key is not one of the dataset.
    pub fn compare(&mut self, keys: &[EndKey]) {
        for key in keys {
            self.compare_one(key);
        }
    }

    /// All keys were told that there is something to be told of.
    pub fn conclude(mut self) -> (Findings, Audit) {
        for history in self.ledger.rest() {
            self.audit.unchecked += 1;
            self.findings.unclaimed_versions += history.unclaimed();
            self.findings.dirty_reads += history.reads_of_usurped();
        }
        (self.findings, self.audit)
    }

    fn compare_one(&mut self, key: &EndKey) {
        let Self { ledger, findings, audit } = self;
        let wrong = compare(key, audit);
        let history = ledger.take(key.key);
        let mut lost = 0;
        if let Some(history) = &history {
            findings.unclaimed_versions += history.unclaimed();
            if key.stored.is_some() || key.stored_intact {
                lost = history.lost_writes(key.stored);
                findings.dirty_reads += history.reads_of_nowhere(key.stored);
            } else {
                findings.dirty_reads += history.reads_of_usurped();
            }
        }
        audit.lost_writes += lost;
        if (wrong || lost > 0) && audit.examples.len() < EXAMPLES {
            let acknowledged = history.and_then(|history| history.highest_acknowledged());
            audit.examples.push(suspect(key, acknowledged));
        }
    }
}

/// Counts one key, and says whether it is wrong.
fn compare(end: &EndKey, audit: &mut Audit) -> bool {
    audit.keys += 1;
    let (count, wrong) = match (end.cached, end.stored) {
        _ if !end.stored_intact => (&mut audit.corrupt, true),
        (Cached::Corrupt, _) => (&mut audit.corrupt, true),
        (Cached::Absent, _) => (&mut audit.absent, false),
        (Cached::Holds { .. }, None) => (&mut audit.phantom, true),
        (Cached::Holds { version, writer }, Some(stored)) => match version.cmp(&stored.0) {
            std::cmp::Ordering::Less => (&mut audit.stale, true),
            std::cmp::Ordering::Greater => (&mut audit.ahead, true),
            std::cmp::Ordering::Equal if writer == stored.1 => (&mut audit.equal, false),
            std::cmp::Ordering::Equal => (&mut audit.phantom, true),
        },
    };
    *count += 1;
    wrong
}

fn suspect(end: &EndKey, acknowledged: Option<Version>) -> Suspect {
    let cached = match end.cached {
        Cached::Holds { version, .. } => Some(version),
        Cached::Absent | Cached::Corrupt => None,
    };
    Suspect { key: end.key, cached, stored: end.stored.map(|(version, _)| version), acknowledged }
}
