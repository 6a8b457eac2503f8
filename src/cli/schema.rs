use std::io::Write;

use clap::{Args, ValueEnum};

use super::Exit;
use crate::model::Profile;
use crate::report::emit::json::{ComparisonFile, FiguresFile};
use crate::report::history::HistoryFile;
use crate::scenario::Scenario;

/// Prints a JSON Schema: of scenarios, with which editors complete and check them, or of emitted JSON
#[derive(Debug, Args)]
pub struct Schema {
    /// Of what
    #[arg(value_enum, default_value_t = Of::Scenario)]
    of: Of,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// The files that `run` takes
    Scenario,
    /// How long simulated servers take: the files that `--profile` takes
    Profile,
    /// What `compare --emit json=..` and `gate --emit json=..` write
    Comparison,
    /// What `report --emit json=..` writes
    Figures,
    /// What `history --json` prints
    History,
}

impl Schema {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let schema = match self.of {
            Of::Scenario => schemars::schema_for!(Scenario),
            Of::Profile => schemars::schema_for!(Profile),
            Of::Comparison => schemars::schema_for!(ComparisonFile),
            Of::Figures => schemars::schema_for!(FiguresFile),
            Of::History => schemars::schema_for!(HistoryFile),
        };
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)?;
        Ok(Exit::Pass)
    }
}
