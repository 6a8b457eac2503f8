//! `--emit FORMAT=FILE`: figures for other programs, beside whatever a command prints.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use anyhow::Context;
use clap::Args;

use super::Usage;
use crate::report::emit::{Form, Subject, render};

/// The files that are asked for.
#[derive(Debug, Args)]
pub struct Emits {
    /// Write the figures for another program, as often as you like; FORMAT is one of json, markdown,
    /// junit, smaller-is-better, bigger-is-better (github-action-benchmark), bencher, go-bench,
    /// openmetrics and html
    #[arg(long, value_name = "FORMAT=FILE")]
    emit: Vec<Emit>,
}

/// One format, and where it goes.
#[derive(Clone, Debug)]
struct Emit {
    form: Form,
    file: PathBuf,
}

impl Emits {
    pub fn is_empty(&self) -> bool {
        self.emit.is_empty()
    }

    /// A slip in a path is told before anything is measured.
    ///
    /// # Errors
    /// If there is no such folder.
    pub fn check(&self) -> Result<(), Usage> {
        for Emit { form, file } in &self.emit {
            let folder = file.parent().filter(|folder| *folder != Path::new(""));
            if folder.is_some_and(|folder| !folder.is_dir()) || file.is_dir() {
                return Err(Usage(format!(
                    "--emit {}={}: no file can be written there",
                    form.name(),
                    file.display()
                )));
            }
        }
        Ok(())
    }

    /// Writes each file.
    ///
    /// # Errors
    /// If one cannot be written.
    pub fn write(&self, subject: Subject<'_>) -> anyhow::Result<()> {
        for Emit { form, file } in &self.emit {
            fs::write(file, render(subject, *form))
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        Ok(())
    }
}

impl FromStr for Emit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = text
            .split_once('=')
            .filter(|(_, file)| !file.is_empty())
            .ok_or("write it as FORMAT=FILE, as in junit=report.xml")?;
        let form = Form::ALL.into_iter().find(|form| form.name() == name).ok_or_else(|| {
            let names = Form::ALL.map(Form::name).join(", ");
            format!("there is no format {name}; there are {names}")
        })?;
        Ok(Self { form, file: file.into() })
    }
}
