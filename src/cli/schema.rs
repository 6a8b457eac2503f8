use std::io::Write;

use clap::Args;

use super::Exit;
use crate::scenario::Scenario;

/// Prints the JSON Schema of scenarios, with which editors complete and check them
#[derive(Debug, Args)]
pub struct Schema {}

impl Schema {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        serde_json::to_writer_pretty(&mut *out, &schemars::schema_for!(Scenario))?;
        writeln!(out)?;
        Ok(Exit::Pass)
    }
}
