//! `cacheduel guide`: the README's table of strategies, from Records.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use super::Exit;
use crate::report::{self, guide};

/// Prints a guide to the strategies as Markdown, with the figures of records
#[derive(Debug, Args)]
pub struct Guide {
    /// A record.json, or the folder that holds one; the first that has a strategy speaks for it
    #[arg(required = true, value_name = "RECORD")]
    records: Vec<PathBuf>,
}

impl Guide {
    /// Fails where a record cannot be read.
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let mut sources = Vec::with_capacity(self.records.len());
        for path in &self.records {
            let record = report::read(path)?;
            sources.push(guide::Source { place: path.display().to_string(), record });
        }
        out.write_all(guide::render(&sources).as_bytes())?;
        Ok(Exit::Pass)
    }
}
