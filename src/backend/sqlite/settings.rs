//! What SQLite says of itself, for the Record: read back, not what was asked for.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension};

use super::database::Database;
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

pub async fn server(database: &Arc<Database>, directory: &Path) -> Result<Server, Error> {
    let mut settings = database.aside(|database| ask(&database.connect(&[])?)).await?;
    settings.insert("filesystem".into(), filesystem(directory)?);
    Ok(Server {
        kind: "sqlite".into(),
        version: rusqlite::version().into(),
        managed: true,
        address: directory.display().to_string(),
        settings,
    })
}

fn ask(connection: &Connection) -> rusqlite::Result<BTreeMap<String, String>> {
    let mut settings = BTreeMap::new();
    for (name, pragma) in PRAGMAS {
        if let Some(value) = text(connection, pragma)? {
            let value = if name == "synchronous" { synchronous(&value).into() } else { value };
            settings.insert(name.into(), value);
        }
    }
    Ok(settings)
}

/// The first column of the first row as text, whatever its type; `None` where there is no row.
fn text(connection: &Connection, sql: &str) -> rusqlite::Result<Option<String>> {
    let row = connection.query_row(sql, [], |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Null => String::new(),
            ValueRef::Integer(number) => number.to_string(),
            ValueRef::Real(number) => number.to_string(),
            ValueRef::Text(text) | ValueRef::Blob(text) => String::from_utf8_lossy(text).into(),
        })
    });
    row.optional()
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
