//! `cacheduel completions`: what a shell needs to know of the command line.

use std::io::Write;

use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

use super::{Cli, Exit};

/// Prints completions for a shell, for it to load
#[derive(Debug, Args)]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
}

impl Completions {
    /// Fails where they cannot be printed.
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        // Collected first: the generator panics where its writer fails.
        let mut script = Vec::new();
        generate(self.shell, &mut Cli::command(), "cacheduel", &mut script);
        out.write_all(&script)?;
        Ok(Exit::Pass)
    }
}
