//! `cacheduel report`: renders a Record again, from its file alone.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueEnum};

use super::emit::Emits;
use super::{Exit, Usage, print};
use crate::record::Record;
use crate::record::ceilings::Ceilings;
use crate::record::sweep::Sweep;
use crate::report::emit::Subject;
use crate::report::folder::write_formats;
use crate::report::{self, Document, Format, ceilings, sweep};

/// Renders a record again, without running anything
///
/// Without --format, rewrites what can be made from the record into its folder, and prints the
/// figures and the verdict.
#[derive(Debug, Args)]
pub struct Report {
    /// A record.json, a find-max.json or a sweep.json, or the folder that holds one
    path: PathBuf,
    /// Render this form alone, to standard output or into --out
    #[arg(long, value_enum)]
    format: Option<Form>,
    /// Where to write files
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    #[command(flatten)]
    emits: Emits,
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
        self.emits.check()?;
        let (is_search, is_sweep) = (is_sort::<Ceilings>(&self.path), is_sort::<Sweep>(&self.path));
        if (is_search || is_sweep) && !self.emits.is_empty() {
            let whose = if is_search { "find-max" } else { "sweep" };
            let refusal = format!("--emit tells of records, not of what `{whose}` writes");
            return Err(Usage(refusal).into());
        }
        if is_search {
            self.render(&ceilings::read(&self.path)?, out)
        } else if is_sweep {
            self.render(&sweep::read(&self.path)?, out)
        } else {
            let record = report::read(&self.path)?;
            self.emits.write(Subject::Record(&record))?;
            self.render(&record, out)
        }
    }

    fn render<D: Document>(&self, document: &D, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let Some(format) = self.format.map(Format::from) else {
            match (&self.out, home(&self.path)) {
                (Some(folder), _) => report::write(document, folder)?,
                (None, Some(folder)) => write_formats(document, &derived::<D>(), &folder)?,
                (None, None) => {}
            }
            print(document, Format::Text, out)?;
            return Ok(Exit::Pass);
        };
        if format != Format::Text && !D::FORMATS.contains(&format) {
            bail!("what `{}` writes cannot be had in this format", D::SORT.command);
        }
        // Charts are several files, and belong in a folder.
        let folder =
            self.out.clone().or_else(|| home(&self.path).filter(|_| format == Format::Svg));
        match folder {
            Some(folder) => write_formats(document, &[format], &folder)?,
            None if format == Format::Svg => {
                bail!("charts are several files: say where with --out FOLDER")
            }
            None => print(document, format, out)?,
        }
        Ok(Exit::Pass)
    }
}

/// What can be made from the document's own file again.
fn derived<D: Document>() -> Vec<Format> {
    D::FORMATS.iter().copied().filter(|&format| format != Format::Json).collect()
}

/// Whether it is a document of this sort. A Record may be large, and so is told by its name where that
/// will do.
fn is_sort<D: Document>(path: &Path) -> bool {
    let named = Record::SORT.file;
    let is_record = path.ends_with(named) || path.join(named).is_file();
    !is_record && D::SORT.is_at(path)
}

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
    let sorts = [Record::SORT, Ceilings::SORT, Sweep::SORT];
    let is_named = sorts.iter().any(|sort| path.ends_with(sort.file));
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    is_named.then(|| parent.unwrap_or(Path::new(".")).to_owned())
}
