//! A new database cluster: what `initdb` makes before a server can start.

use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::super::server::tail;
use super::super::user::User;
use super::super::workspace::{Ending, Manner, Workspace};
use crate::backend::Error;
use crate::clock::Clock;
use crate::model::Nanos;

/// Its superuser.
pub const USER: &str = "cacheduel";
/// How long `initdb` may take. It takes a second or two on a quiet machine.
const MADE_WITHIN: Nanos = Nanos::from_secs(120);
const MADE_POLL: Nanos = Nanos::from_millis(5);

pub struct Cluster {
    /// The folder that only the server uses.
    pub folder: PathBuf,
    pub data: PathBuf,
    /// Whom the server has to run as, where that is not the run's own user.
    pub user: Option<User>,
    /// Of [`USER`]: without one, everybody on this machine could do as they like, and by PostgreSQL's
    /// own means even as the server's user.
    pub password: String,
}

impl Cluster {
    /// Makes a cluster in a folder of its own, by the programs in the folder `programs`.
    pub async fn create(
        workspace: &Workspace,
        programs: &Path,
        clock: &Clock,
    ) -> Result<Self, Error> {
        let user = User::instead_of_root()?;
        let folder = workspace.folder("postgres", user.as_ref())?;
        let data = folder.join("data");
        let secret = folder.join("password");
        let password = random_word().map_err(file_error(Path::new(RANDOM)))?;
        write_secret(&secret, &password).map_err(file_error(&secret))?;
        if let Some(user) = &user {
            user.give(&secret)?;
        }
        let cluster = Self { folder, data, user, password };
        // Written down once all of it is there, which is faster than file by file.
        cluster.initdb(workspace, programs, clock, &cluster.made_of(&secret)).await?;
        fs::remove_file(&secret).map_err(file_error(&secret))?;
        let data = cluster.data.display().to_string();
        cluster
            .initdb(workspace, programs, clock, &["--sync-only".into(), "-D".into(), data])
            .await?;
        Ok(cluster)
    }

    fn made_of(&self, secret: &Path) -> Vec<String> {
        vec![
            "--no-sync".into(),
            // What the order of letters is in some country must not change what a lookup costs.
            "--no-locale".into(),
            "--encoding=UTF8".into(),
            "--auth=scram-sha-256".into(),
            format!("--username={USER}"),
            format!("--pwfile={}", secret.display()),
            format!("--pgdata={}", self.data.display()),
        ]
    }

    async fn initdb(
        &self,
        workspace: &Workspace,
        programs: &Path,
        clock: &Clock,
        arguments: &[String],
    ) -> Result<(), Error> {
        let (program, log) = (programs.join("initdb"), workspace.path().join("initdb.log"));
        let failed =
            |reason: String| Error::NotStarted { program: program.display().to_string(), reason };
        let manner = Manner { user: self.user.clone(), ending: Ending::AtOnce };
        let mut process = workspace.start_in(&self.folder, &manner, &program, arguments, &log)?;
        let deadline = clock.now() + MADE_WITHIN;
        loop {
            match process.ended().map_err(|error| failed(error.to_string()))? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => {
                    let log = tail(&log);
                    return Err(failed(format!(
                        "it ended with {status}; the end of its log:\n{log}"
                    )));
                }
                None if clock.now() >= deadline => {
                    return Err(failed(format!("it did not end within {MADE_WITHIN}")));
                }
                None => clock.sleep(MADE_POLL).await,
            }
        }
    }
}

/// Where the system's own randomness comes from. A seed would make the password known to whoever
/// knows the scenario.
const RANDOM: &str = "/dev/urandom";

/// A word that nobody can guess.
fn random_word() -> io::Result<String> {
    let mut bytes = [0; 24];
    File::open(RANDOM)?.read_exact(&mut bytes)?;
    Ok(bytes.iter().fold(String::new(), |mut word, byte| {
        write!(word, "{byte:02x}").expect("a string takes whatever is written to it");
        word
    }))
}

fn write_secret(path: &Path, secret: &str) -> io::Result<()> {
    let mut file = File::options().write(true).create_new(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, secret.as_bytes())
}

fn file_error(path: &Path) -> impl Fn(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::File { path: path.clone(), source }
}
