//! Which kind of fault an error of SQLite is.

use rusqlite::Error;
use thiserror::Error as ThisError;

use crate::model::FaultKind;

/// Why a call brought no answer.
#[derive(Debug, ThisError)]
pub enum Failure {
    #[error(transparent)]
    Sqlite(#[from] Error),
    /// A reset has brought another database since, or a thread has panicked.
    #[error("its connections are closed")]
    Closed,
}

// Primary result codes, from https://www.sqlite.org/rescode.html. The low byte of an extended code
// is its primary code.
const INTERRUPT: i32 = 9;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const CANTOPEN: i32 = 14;
const PROTOCOL: i32 = 15;
const MISMATCH: i32 = 20;
const NOTADB: i32 = 26;

pub fn kind(error: &Error) -> FaultKind {
    match error {
        Error::SqliteFailure(error, _) | Error::SqlInputError { error, .. } => {
            kind_of_code(error.extended_code)
        }
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..)
        | Error::InvalidColumnIndex(..)
        | Error::InvalidColumnName(..)
        | Error::InvalidColumnType(..) => FaultKind::Corrupt,
        _ => FaultKind::Unavailable,
    }
}

/// Busy, locked, full, read-only, a constraint and everything else that SQLite says "no" to is a
/// refusal, but for codes that mean that the file cannot be reached or makes no sense.
fn kind_of_code(code: i32) -> FaultKind {
    match code & 0xff {
        INTERRUPT | IOERR | CANTOPEN | PROTOCOL => FaultKind::Unavailable,
        CORRUPT | MISMATCH | NOTADB => FaultKind::Corrupt,
        _ => FaultKind::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_codes_are_of_their_primary_kind() {
        let kinds = [
            (5, FaultKind::Refused),                 // SQLITE_BUSY
            (5 | (2 << 8), FaultKind::Refused),      // SQLITE_BUSY_SNAPSHOT
            (6, FaultKind::Refused),                 // SQLITE_LOCKED
            (8 | (1 << 8), FaultKind::Refused),      // SQLITE_READONLY_RECOVERY
            (13, FaultKind::Refused),                // SQLITE_FULL
            (10 | (4 << 8), FaultKind::Unavailable), // SQLITE_IOERR_FSYNC
            (11, FaultKind::Corrupt),                // SQLITE_CORRUPT
        ];
        for (code, kind) in kinds {
            assert_eq!(kind_of_code(code), kind, "code {code}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_corrupt() {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        let read = connection.query_row("SELECT 'text'", [], |row| row.get::<_, i64>(0));
        assert_eq!(kind(&read.unwrap_err()), FaultKind::Corrupt);
        assert_eq!(kind(&Error::IntegralValueOutOfRange(0, -1)), FaultKind::Corrupt);
    }
}
