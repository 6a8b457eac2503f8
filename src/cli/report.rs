//! `cacheduel report`: renders a Record again, from its file alone.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::Exit;
use crate::report::folder::{RECORD_FILE, files, write_formats};
use crate::report::{self, Format, text};

/// Renders a record again, without running anything
///
/// Without --format, rewrites what can be made from the record into its folder, and prints the
/// figures and the verdict.
#[derive(Debug, Args)]
pub struct Report {
    /// A record.json, or the folder that holds one
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
                None => bail!("charts are several files: say where with --out FOLDER"),
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
    let is_named = path.file_name().is_some_and(|name| name == RECORD_FILE);
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    is_named.then(|| parent.unwrap_or(Path::new(".")).to_owned())
}
