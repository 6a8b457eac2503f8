//! What SQLite says of itself, for the Record: read back, not what was asked for.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::{Connection, Row, SqliteConnection};

use super::database::Database;
use crate::backend::{Error, Server};

/// The settings that change what a read or a COMMIT costs.
const PRAGMAS: [(&str, &str); 8] = [
    ("journal_mode", "PRAGMA journal_mode"),
    ("synchronous", "PRAGMA synchronous"),
    ("fullfsync", "PRAGMA fullfsync"),
    ("page_size", "PRAGMA page_size"),
    ("cache_size", "PRAGMA cache_size"),
    ("mmap_size", "PRAGMA mmap_size"),
    ("wal_autocheckpoint", "PRAGMA wal_autocheckpoint"),
    ("busy_timeout", "PRAGMA busy_timeout"),
];

pub async fn server(database: &Database, directory: &Path) -> Result<Server, Error> {
    let (version, mut settings) =
        ask(database).await.map_err(|error: sqlx::Error| database.error(&error))?;
    settings.insert("filesystem".into(), filesystem(directory)?);
    Ok(Server {
        kind: "sqlite".into(),
        version,
        managed: true,
        address: directory.display().to_string(),
        settings,
    })
}

async fn ask(database: &Database) -> Result<(String, BTreeMap<String, String>), sqlx::Error> {
    let mut connection = database.connect().await?;
    let version = text(&mut connection, "SELECT sqlite_version()").await?.unwrap_or_default();
    let mut settings = BTreeMap::new();
    for (name, pragma) in PRAGMAS {
        if let Some(value) = text(&mut connection, pragma).await? {
            let value = if name == "synchronous" { synchronous(&value).into() } else { value };
            settings.insert(name.into(), value);
        }
    }
    connection.close().await?;
    Ok((version, settings))
}

/// The first column of the first row as text, whatever its type; `None` where there is no row.
async fn text(
    connection: &mut SqliteConnection,
    sql: &'static str,
) -> Result<Option<String>, sqlx::Error> {
    let row = sqlx::query(sql).fetch_optional(connection).await?;
    row.map(|row| row.try_get_unchecked(0)).transpose()
}

/// SQLite takes this setting by name and tells it by number.
fn synchronous(number: &str) -> &str {
    match number {
        "0" => "off",
        "1" => "normal",
        "2" => "full",
        "3" => "extra",
        other => other,
    }
}

/// The kind of file system under `directory`: on one in memory an fsync costs nothing, and a
/// durable COMMIT is as fast as one that is not.
#[cfg(target_os = "linux")]
pub fn filesystem(directory: &Path) -> Result<String, Error> {
    let status = rustix::fs::statfs(directory)
        .map_err(|error| Error::File { path: directory.to_owned(), source: error.into() })?;
    // The magic numbers of linux/magic.h, and of the file systems that are not in it.
    let name = match status.f_type as u32 {
        0x0102_1994 => "tmpfs",
        0x8584_58f6 => "ramfs",
        // ext2, ext3 and ext4 have the same number.
        0x0000_ef53 => "ext",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x2fc1_2fc1 => "zfs",
        0xf2f5_2010 => "f2fs",
        0x794c_7630 => "overlayfs",
        0x0000_6969 => "nfs",
        0xff53_4d42 | 0xfe53_4d42 => "smb",
        0x6573_5546 => "fuse",
        0x0102_1997 => "9p",
        unknown => return Ok(format!("{unknown:#010x}")),
    };
    Ok(name.into())
}

/// The kind of file system under `directory`, which other systems tell by other means.
#[cfg(not(target_os = "linux"))]
pub fn filesystem(_directory: &Path) -> Result<String, Error> {
    Ok("unknown".into())
}
