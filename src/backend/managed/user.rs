//! Another user for a server that refuses to run as the superuser.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use rustix::process::geteuid;

use crate::backend::Error;

/// Whom a server may run as: its own user where there is one, and else the one that owns nothing.
const NAMES: [&str; 2] = ["postgres", "nobody"];

/// A user of the system without rights of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    name: &'static str,
    uid: u32,
    gid: u32,
}

impl User {
    /// Whom a server that refuses the superuser has to run as; `None` where the run is nobody special
    /// itself.
    ///
    /// # Errors
    /// If the run is the superuser's, and there is no other user.
    pub fn instead_of_root() -> Result<Option<Self>, Error> {
        if !geteuid().is_root() {
            return Ok(None);
        }
        match NAMES.into_iter().find_map(Self::named) {
            Some(user) => Ok(Some(user)),
            None => Err(Error::NotStarted {
                program: "postgres".into(),
                reason: format!(
                    "it refuses to run as root, and there is no user {}",
                    NAMES.join(" or ")
                ),
            }),
        }
    }

    /// Lets the user pass through the private directory `path`, without reading it.
    ///
    /// # Errors
    /// If that cannot be set, or if the user cannot even come there.
    pub fn admit(&self, path: &Path) -> Result<(), Error> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| Error::File { path, source }
        };
        for outer in path.ancestors().skip(1) {
            if !self.may_enter(&fs::metadata(outer).map_err(at(outer))?) {
                return Err(Error::NotStarted {
                    program: "postgres".into(),
                    reason: format!(
                        "it refuses to run as root, and the user {} may not enter {}: name another \
                         folder for the run's files",
                        self.name,
                        outer.display()
                    ),
                });
            }
        }
        chown(path, None, Some(self.gid)).map_err(at(path))?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o710)).map_err(at(path))
    }

    /// Makes the user the owner of `path`.
    ///
    /// # Errors
    /// If that cannot be done.
    pub fn give(&self, path: &Path) -> Result<(), Error> {
        chown(path, Some(self.uid), Some(self.gid))
            .map_err(|source| Error::File { path: path.to_owned(), source })
    }

    /// Has `command` run as this user, and as a member of no other group.
    pub fn run(&self, command: &mut Command) {
        command.uid(self.uid).gid(self.gid);
    }

    fn named(name: &'static str) -> Option<Self> {
        let number = |of: &str| -> Option<u32> {
            let output = Command::new("id").args([of, name]).output().ok()?;
            String::from_utf8(output.stdout).ok()?.trim().parse().ok()
        };
        Some(Self { name, uid: number("-u")?, gid: number("-g")? })
    }

    fn may_enter(&self, folder: &fs::Metadata) -> bool {
        let bit = if folder.uid() == self.uid {
            0o100
        } else if folder.gid() == self.gid {
            0o010
        } else {
            0o001
        };
        folder.mode() & bit != 0
    }
}
