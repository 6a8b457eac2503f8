//! A Record as people and other programs read it: one format per file, each a pure function of the
//! Record. Nothing here asks a live system.

pub mod advice;
pub mod ceilings;
pub mod charts;
pub mod comparison;
pub mod csv;
pub mod emit;
pub mod facts;
pub mod folder;
pub mod guide;
pub mod history;
pub mod hlog;
pub mod html;
pub mod sweep;
pub mod table;
pub mod tables;
pub mod text;

pub use folder::{Document, Error, Format, Sort, write};

use std::path::{Path, PathBuf};

use self::folder::{drawings, one};
use crate::record::{FORMAT, Record};

/// What a reader must know before any figure of a record whose cache was the twin.
pub const EMBEDDED_NOTICE: &str =
    "embedded: the in-memory twin stood in for Redis; latency is not Redis's.";

/// What a reader must know before any figure of a record whose servers were not real.
pub fn notice(record: &Record) -> Option<String> {
    if let Some(profile) = &record.profile {
        return Some(format!(
            "SIMULATED: virtual time, and twins for the servers. Latencies are the profile's and were not \
             measured here. Profile: {}",
            profile.source
        ));
    }
    record.is_embedded().then(|| EMBEDDED_NOTICE.into())
}

impl Document for Record {
    const SORT: &'static Sort =
        &Sort { name: "record", command: "run", file: "record.json", kind: None, format: FORMAT };
    const FORMATS: &'static [Format] =
        &[Format::Html, Format::Csv, Format::Hlog, Format::Svg, Format::Json];

    fn started(&self) -> &str {
        &self.started
    }

    fn files(&self, format: Format) -> Vec<(PathBuf, String)> {
        match format {
            Format::Text => one("report.txt", text::render(self)),
            Format::Html => one("report.html", html::render(self)),
            Format::Csv => one("timeline.csv", csv::render(self)),
            Format::Hlog => one("intervals.hlog", hlog::render(self)),
            Format::Json => one(Self::SORT.file, folder::json(self)),
            Format::Svg => drawings(&charts::all(self)),
        }
    }
}

/// Reads a Record from its file, or from the folder that holds one.
///
/// # Errors
/// If there is none, or this version cannot read it.
pub fn read(path: &Path) -> Result<Record, Error> {
    folder::read(path)
}
