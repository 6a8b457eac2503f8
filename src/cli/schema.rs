use std::io::Write;

use clap::Args;

use super::Exit;
use crate::model::Profile;
use crate::scenario::Scenario;

/// Prints the JSON Schema of scenarios, with which editors complete and check them
#[derive(Debug, Args)]
pub struct Schema {
    /// The schema of profiles instead, which say how long simulated servers take
    #[arg(long)]
    profile: bool,
}

impl Schema {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let schema = match self.profile {
            true => schemars::schema_for!(Profile),
            false => schemars::schema_for!(Scenario),
        };
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)?;
        Ok(Exit::Pass)
    }
}
