//! `cacheduel man`: manual pages of the tool and of each of its commands.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Args, CommandFactory};
use clap_mangen::{Man as Page, generate_to};

use super::{Cli, Exit};

/// Prints the manual page, or writes one for each command
#[derive(Debug, Args)]
pub struct Man {
    /// Write the pages there, as to ~/.local/share/man/man1
    folder: Option<PathBuf>,
}

impl Man {
    /// Fails where the pages cannot be written.
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        // What it says stands in the other pages.
        let command = Cli::command().disable_help_subcommand(true);
        match &self.folder {
            None => Page::new(command).render(&mut *out)?,
            Some(folder) => fs::create_dir_all(folder)
                .and_then(|()| generate_to(command, folder))
                .with_context(|| format!("cannot write pages into {}", folder.display()))?,
        }
        Ok(Exit::Pass)
    }
}
