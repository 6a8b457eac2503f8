//! What `sweep` and `advise` do alike: several experiments of one scenario, one after the other, and a
//! folder with all their Records.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Usage;
use super::run::Run;
use crate::compare::sweep::Made;
use crate::record::sweep::Sweep;
use crate::record::{Check, Record, Standing};
use crate::report::folder::{self, Document, Format, Sort};
use crate::scenario::Loaded;
use crate::scenario::vary::Variation;

/// One experiment that is to be made.
pub struct Take {
    pub value: f64,
    pub written: String,
    pub loaded: Loaded,
}

/// The experiments of a variation, with what the command line says in place of what the file says.
///
/// # Errors
/// If one of them cannot be run like that.
pub fn takes(run: &Run, variation: &Variation) -> Result<Vec<Take>, Usage> {
    let takes = variation.variants.iter().map(|variant| {
        let (value, written) = (variant.value.number, variant.value.written.clone());
        let mut loaded = variant.loaded.clone();
        run.adapt(&mut loaded)
            .map_err(|error| Usage(format!("{} = {written}: {error}", variation.option)))?;
        Ok(Take { value, written, loaded })
    });
    takes.collect()
}

/// Makes one experiment after the other, until the last, until they are enough or until something ends
/// it. What was made by then is there in any case.
pub fn take(
    run: &Run,
    option: &str,
    takes: &[Take],
    enough: impl Fn(&[Made]) -> bool,
) -> (Vec<Made>, anyhow::Result<()>) {
    let mut made = Vec::new();
    for (index, next) in takes.iter().enumerate() {
        if enough(&made) {
            break;
        }
        if !run.measuring().quiet {
            let (number, total) = (index + 1, takes.len());
            eprintln!("point {number} of {total}: {option} = {}", next.written);
        }
        let (record, ended) = run.measured(&next.loaded).unwrap_or_else(|error| (None, Err(error)));
        made.extend(record.map(|record| Made {
            value: next.value,
            written: next.written.clone(),
            file: format!("points/{:02}.json", index + 1),
            warnings: warnings(&next.loaded),
            record,
        }));
        if ended.is_err() {
            return (made, ended);
        }
    }
    (made, Ok(()))
}

/// What is allowed, but makes some figure mean less than it seems to.
pub fn warnings(loaded: &Loaded) -> Vec<String> {
    let warnings = loaded.warnings.iter();
    warnings.map(|warning| format!("{}: {}", warning.path.join("."), warning.message)).collect()
}

/// A sweep with the Records that it is of, which its folder holds beside it.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub struct Swept {
    pub sweep: Sweep,
    #[serde(skip)]
    pub records: Vec<(PathBuf, Record)>,
}

impl Swept {
    /// What ended it before its time becomes a check.
    pub fn new(mut sweep: Sweep, made: Vec<Made>, ended: &anyhow::Result<()>) -> Self {
        if let Err(error) = ended {
            let (made, planned) = (sweep.points.len(), sweep.varied.planned.len());
            sweep.checks.push(Check {
                name: "complete".into(),
                standing: Standing::Invalid,
                detail: format!("{made} of {planned} points were begun: {error:#}"),
            });
        }
        let records = made.into_iter().map(|made| (made.file.into(), made.record));
        Self { sweep, records: records.collect() }
    }
}

impl Document for Swept {
    const SORT: &'static Sort = Sweep::SORT;
    const FORMATS: &'static [Format] = Sweep::FORMATS;

    fn started(&self) -> &str {
        self.sweep.started()
    }

    fn files(&self, format: Format) -> Vec<(PathBuf, String)> {
        self.sweep.files(format)
    }

    fn beside(&self) -> Vec<(PathBuf, String)> {
        let records = self.records.iter();
        records.map(|(file, record)| (file.clone(), folder::json(record))).collect()
    }
}
