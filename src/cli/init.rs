use std::fs::Permissions;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use tempfile::NamedTempFile;

use super::Exit;

/// Writes a scenario to start from, with every option explained
#[derive(Debug, Args)]
pub struct Init {
    /// The file to write; one that exists is never touched
    #[arg(default_value = "scenario.toml")]
    path: PathBuf,
}

const TEMPLATE: &str = include_str!("init/template.toml");

impl Init {
    pub fn run(&self, out: &mut dyn Write) -> anyhow::Result<Exit> {
        let path = self.path.display();
        match write_new(&self.path, TEMPLATE) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                bail!("{path} exists already; nothing was written")
            }
            written => written.with_context(|| format!("cannot write {path}"))?,
        }
        writeln!(out, "Wrote {path}. What it does: cacheduel explain {path}")?;
        Ok(Exit::Pass)
    }
}

/// Writes a file that is there with all its text or not at all, and never takes another's place.
fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let directory = match path.parent() {
        Some(directory) if directory != Path::new("") => directory,
        _ => Path::new("."),
    };
    let mut file = readable_by_others(directory)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|refused| refused.error)?;
    Ok(())
}

/// A temporary file that, unlike most, is meant to stay: with the permissions of an ordinary one.
fn readable_by_others(directory: &Path) -> io::Result<NamedTempFile> {
    use std::os::unix::fs::PermissionsExt;
    tempfile::Builder::new()
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(directory)
        // The name of the temporary file in its message would only confuse.
        .map_err(|error| error.kind().into())
}
