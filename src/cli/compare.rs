//! `cacheduel compare`: what has changed from one Record to another.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::emit::Emits;
use super::{Exit, Usage, stored, warn};
use crate::compare::difference::{Error, Side};
use crate::compare::{Change, Comparison, compare};
use crate::report::comparison;
use crate::report::emit::{Form, Subject, render};

/// Compares two records of the same scenario: what has improved, regressed or stayed
///
/// Records of simulations are compared exactly, measured ones by the statistics of their runs. Ends with
/// code 3 if a figure that decides is worse; [gate] of the scenario says which ones decide. A simulation
/// may be held against the exact figures that `bless` has written: there, every figure decides.
#[derive(Debug, Args)]
pub struct Compare {
    /// What it was: a record.json, the folder of a report, the name of one in reports/records/, or the exact
    /// figures of a simulation by their name in reports/baseline/
    baseline: PathBuf,
    /// What it is now
    candidate: PathBuf,
    /// Compare only these strategies
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,
    #[command(flatten)]
    telling: Telling,
}

/// How a comparison is told, and how it ends.
#[derive(Debug, Args)]
pub struct Telling {
    #[command(flatten)]
    pub emits: Emits,
    /// Print the comparison as JSON instead of the tables
    #[arg(long)]
    json: bool,
    /// End with code 4 if it cannot be told whether anything has changed
    #[arg(long)]
    strict: bool,
}

impl Compare {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        self.telling.emits.check()?;
        let [mut baseline, mut candidate] =
            [stored::read(&self.baseline)?, stored::read(&self.candidate)?];
        baseline.keep_only(&self.only)?;
        candidate.keep_only(&self.only)?;
        self.telling.tell(&compared(&baseline, &candidate)?, out)
    }
}

impl Telling {
    /// Prints the comparison and writes the files that are asked for.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn tell(&self, compared: &Comparison, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let subject = Subject::Comparison(compared);
        let text = if self.json { render(subject, Form::Json) } else { comparison::text(compared) };
        out.write_all(text.as_bytes())?;
        self.emits.write(subject)?;
        Ok(match compared.change() {
            Change::Changed | Change::Regressed => Exit::Missed,
            Change::Inconclusive => {
                warn(&compared.headline());
                if self.strict { Exit::Unsure } else { Exit::Pass }
            }
            Change::Improved | Change::Unchanged => Exit::Pass,
        })
    }
}

/// The comparison of two sides.
///
/// # Errors
/// If they cannot be compared, which is for whoever named them to mend, or there is nothing to compare.
pub fn compared<'a>(
    baseline: impl Into<Side<'a>>,
    candidate: impl Into<Side<'a>>,
) -> anyhow::Result<Comparison> {
    compare(baseline, candidate).map_err(|error| match error {
        Error::Incomparable(_) => Usage(error.to_string()).into(),
        Error::NoData(_) => error.into(),
    })
}
