//! `cacheduel report`: renders a Record again, from its file alone.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::Exit;
use crate::report::folder::{RECORD_FILE, files, write_formats};
use crate::report::{self, Format, ceilings, text};

/// Renders a record again, without running anything
///
/// Without --format, rewrites what can be made from the record into its folder, and prints the
/// figures and the verdict.
#[derive(Debug, Args)]
pub struct Report {
    /// A record.json or a find-max.json, or the folder that holds one
    path: PathBuf,
    /// Render this form alone, to standard output or into --out
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// Where to write files
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Form {
    /// Table and verdict for a terminal
    Text,
    /// One page that works offline
    Html,
    /// Figures by interval, for spreadsheets
    Csv,
    /// Latency by interval, for HDR tools
    Hlog,
    /// One drawing for each chart
    Svg,
    /// The record itself
    Json,
}

impl Report {
    /// Fails where the record cannot be read or the files cannot be written.
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        if ceilings::holds_one(&self.path) {
            return self.run_search(out);
        }
        let record = report::read(&self.path)?;
        let home = home(&self.path);
        match (self.format.map(Format::from), &self.out) {
            (None, Some(folder)) => report::write(&record, folder)?,
            (None, None) => {
                if let Some(folder) = &home {
                    write_formats(&record, &DERIVED, folder)?;
                }
            }
            (Some(format), Some(folder)) => write_formats(&record, &[format], folder)?,
            (Some(Format::Svg), None) => match &home {
                Some(folder) => write_formats(&record, &[Format::Svg], folder)?,
                None => bail!(CHARTS_NEED_A_PLACE),
            },
            (Some(format), None) => {
                for (_, content) in files(&record, format) {
                    out.write_all(content.as_bytes())?;
                }
            }
        }
        if self.format.is_none() {
            out.write_all(text::render(&record).as_bytes())?;
        }
        Ok(Exit::Pass)
    }

    /// The same for what `find-max` has written.
    fn run_search(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let record = ceilings::read(&self.path)?;
        let home = home(&self.path);
        let form = self.format.map(Form::of_search).transpose()?;
        match (form, &self.out) {
            (None, Some(folder)) => ceilings::write(&record, folder)?,
            (None, None) => {
                if let Some(folder) = &home {
                    ceilings::write_forms(&record, &DERIVED_OF_SEARCH, folder)?;
                }
            }
            (Some(form), Some(folder)) => ceilings::write_forms(&record, &[form], folder)?,
            (Some(ceilings::Form::Svg), None) => match &home {
                Some(folder) => ceilings::write_forms(&record, &[ceilings::Form::Svg], folder)?,
                None => bail!(CHARTS_NEED_A_PLACE),
            },
            (Some(form), None) => {
                for (_, content) in ceilings::files(&record, form) {
                    out.write_all(content.as_bytes())?;
                }
            }
        }
        if form.is_none() {
            out.write_all(ceilings::text(&record).as_bytes())?;
        }
        Ok(Exit::Pass)
    }
}

const CHARTS_NEED_A_PLACE: &str = "charts are several files: say where with --out FOLDER";

/// What can be made from `find-max.json` again.
const DERIVED_OF_SEARCH: [ceilings::Form; 2] = [ceilings::Form::Html, ceilings::Form::Svg];

impl Form {
    /// The form of a search that goes by the same name.
    fn of_search(self) -> anyhow::Result<ceilings::Form> {
        Ok(match self {
            Self::Text => ceilings::Form::Text,
            Self::Html => ceilings::Form::Html,
            Self::Svg => ceilings::Form::Svg,
            Self::Json => ceilings::Form::Json,
            Self::Csv | Self::Hlog => {
                bail!(
                    "this is what `find-max` has found, and has no intervals: text, html, svg, json"
                )
            }
        })
    }
}

/// What can be made from `record.json` again.
const DERIVED: [Format; 4] = [Format::Html, Format::Csv, Format::Hlog, Format::Svg];

impl From<Form> for Format {
    fn from(form: Form) -> Self {
        match form {
            Form::Text => Self::Text,
            Form::Html => Self::Html,
            Form::Csv => Self::Csv,
            Form::Hlog => Self::Hlog,
            Form::Svg => Self::Svg,
            Form::Json => Self::Json,
        }
    }
}

/// The folder of the report that a path belongs to. A record that was put elsewhere under a name
/// of its own has none, so that nothing is written beside it unasked.
fn home(path: &Path) -> Option<PathBuf> {
    if path.is_dir() {
        return Some(path.to_owned());
    }
    let is_named =
        path.file_name().is_some_and(|name| name == RECORD_FILE || name == ceilings::CEILINGS_FILE);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    is_named.then(|| parent.unwrap_or(Path::new(".")).to_owned())
}
