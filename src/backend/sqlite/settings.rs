//! What SQLite says of itself, for the Record: read back, not what was asked for.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::{Connection, Row, SqliteConnection};

use super::database::Database;
use crate::backend::pool::Endpoint;
use crate::backend::{Error, Server, filesystem};

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
