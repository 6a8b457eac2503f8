//! A sweep as people and other programs read it: each form a pure function of the file that it has left.

mod html;
mod tables;
mod text;

pub use html::render as html;
pub use tables::{capital, front_figures, measures, points, summary};
pub use text::render as text;

use std::path::{Path, PathBuf};

use super::charts;
use super::folder::{self, Document, Error, Format, Sort, drawings, one};
use crate::record::sweep::{FORMAT, KIND, Sweep};

impl Document for Sweep {
    const SORT: &'static Sort = &Sort {
        name: "sweep",
        command: "sweep",
        file: "sweep.json",
        kind: Some(KIND),
        format: FORMAT,
    };
    const FORMATS: &'static [Format] = &[Format::Html, Format::Svg, Format::Json];

    fn started(&self) -> &str {
        &self.started
    }

    fn files(&self, format: Format) -> Vec<(PathBuf, String)> {
        match format {
            Format::Text => one("report.txt", text(self)),
            Format::Html => one("report.html", html(self)),
            Format::Json => one(Self::SORT.file, folder::json(self)),
            Format::Svg => drawings(&charts::by_option(self)),
            // A point is told as a whole; its intervals are in its own Record.
            Format::Csv | Format::Hlog => Vec::new(),
        }
    }
}

/// What a reader must know before any latency of simulated points.
pub const SIMULATED_NOTICE: &str =
    "simulated: twins under virtual time; a latency here is as its profile says, not a server's.";

/// Reads a sweep from its file, or from the folder that holds it.
///
/// # Errors
/// If there is none, or this version cannot read it.
pub fn read(path: &Path) -> Result<Sweep, Error> {
    folder::read(path)
}
