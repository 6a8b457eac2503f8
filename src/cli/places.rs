//! Where reports go: found out before anything is measured, and left as it was where nothing came of it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// Folders that were not there before. Those that are still empty when this is dropped are removed:
/// a run that failed leaves nothing.
pub struct NewFolders {
    /// The innermost first.
    paths: Vec<PathBuf>,
}

impl NewFolders {
    /// `folder` and those that it is in, as far as they are missing now.
    pub fn below(folder: &Path) -> Self {
        let missing =
            folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        Self { paths: missing.map(Path::to_owned).collect() }
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        for path in &self.paths {
            // One that has content by now is not removed, which is as it should be.
            let _ = fs::remove_dir(path);
        }
    }
}

/// Fails where nothing can be written to `folder`, which is made if it is missing.
pub fn check_writable(folder: &Path) -> anyhow::Result<()> {
    let attempt = || {
        fs::create_dir_all(folder)?;
        let mut probe = tempfile::NamedTempFile::new_in(folder)?;
        probe.write_all(b"can this be written?")?;
        probe.as_file().sync_all()
    };
    attempt().with_context(|| format!("reports cannot be written to {}", folder.display()))
}

/// A folder named after the time, and numbered where another run has started in the same second.
pub fn free_folder(reports: &Path, started: &str) -> PathBuf {
    let time: String = started.chars().filter(|sign| !matches!(sign, '-' | ':')).collect();
    let numbered = (2..).map(|number| format!("{time}-{number}"));
    std::iter::once(time.clone())
        .chain(numbered)
        .map(|name| reports.join(name))
        .find(|folder| !folder.exists())
        .expect("one of endlessly many names is free")
}
