//! Which kind of fault an error of SQLite is.

use sqlx::Error;

use crate::model::FaultKind;

// Primary result codes, from https://www.sqlite.org/rescode.html. The low byte of an extended code
// is its primary code.
const INTERRUPT: u32 = 9;
const IOERR: u32 = 10;
const CORRUPT: u32 = 11;
const CANTOPEN: u32 = 14;
const PROTOCOL: u32 = 15;
const MISMATCH: u32 = 20;
const NOTADB: u32 = 26;

pub fn kind(error: &Error) -> FaultKind {
    match error {
        Error::Database(database) => {
            let code = database.code().and_then(|code| code.parse().ok());
            code.map_or(FaultKind::Unavailable, kind_of_code)
        }
        Error::ColumnDecode { .. }
        | Error::Decode(_)
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::ColumnNotFound(_)
        | Error::TypeNotFound { .. } => FaultKind::Corrupt,
        _ => FaultKind::Unavailable,
    }
}

/// Busy, locked, full, read-only, a constraint and everything else that SQLite says "no" to is a
/// refusal, but for codes that mean that the file cannot be reached or makes no sense.
fn kind_of_code(code: u32) -> FaultKind {
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
}
