//! The highest rates that strategies hold, as people and other programs read them: each form a pure
//! function of the file that the search has left.

mod html;
mod tables;
mod text;

pub use html::render as html;
pub use tables::{sentences, steps, summary};
pub use text::render as text;

use std::path::{Path, PathBuf};

use super::charts;
use super::folder::{self, Document, Error, Format, Sort, drawings, one};
use crate::compare::figure::count;
use crate::record::ceilings::{Ceilings, FORMAT, KIND, Outcome, Step};

impl Document for Ceilings {
    const SORT: &'static Sort = &Sort {
        name: "search",
        command: "find-max",
        file: "find-max.json",
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
            Format::Svg => drawings(&charts::by_rate(self)),
            // A step is told as a whole, and has no intervals.
            Format::Csv | Format::Hlog => Vec::new(),
        }
    }
}

/// Reads a search from its file, or from the folder that holds it.
///
/// # Errors
/// If there is none, or this version cannot read it.
pub fn read(path: &Path) -> Result<Ceilings, Error> {
    folder::read(path)
}

/// Requests a second, to the four digits that a search has.
pub fn rate(rate: f64) -> String {
    if rate >= 1_000.0 {
        return count(rate.round() as u64);
    }
    // Ten decimals hide what a binary fraction adds.
    let text = format!("{rate:.10}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What a step came to, in words: `held`, or what broke.
pub fn told(step: &Step) -> String {
    match step.outcome {
        Outcome::Held => "held".into(),
        Outcome::Broke => {
            let broken = step.broken();
            let broken = broken
                .iter()
                .map(|bound| format!("{} {} ({})", bound.what, bound.found, bound.asked));
            broken.collect::<Vec<_>>().join(", ")
        }
        Outcome::Outrun | Outcome::Invalid => {
            let checks: Vec<_> =
                step.invalid().map(|check| format!("{} {}", check.name, check.detail)).collect();
            let who = if step.outcome == Outcome::Outrun {
                "the generator was outrun"
            } else {
                "invalid"
            };
            format!("{who}: {}", checks.join("; "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_written_with_the_digits_it_has() {
        let written = [0.5, 60.0, 565.7, 1_414.0, 1_000_000.0].map(rate);
        assert_eq!(written, ["0.5", "60", "565.7", "1,414", "1,000,000"]);
    }
}
