//! Which kind of fault an error of PostgreSQL is.

use sqlx::Error;

use crate::model::FaultKind;

pub fn kind(error: &Error) -> FaultKind {
    match error {
        Error::Database(database) => {
            database.code().map_or(FaultKind::Unavailable, |code| kind_of_state(&code))
        }
        Error::ColumnDecode { .. }
        | Error::Decode(_)
        | Error::ColumnIndexOutOfBounds { .. }
        | Error::ColumnNotFound(_)
        | Error::TypeNotFound { .. } => FaultKind::Corrupt,
        _ => FaultKind::Unavailable,
    }
}

/// Whether the connection is of no more use: it broke, or what came over it makes no sense, or the
/// server has told that it ends it.
pub fn is_lost(error: &Error) -> bool {
    match error {
        Error::Database(database) => database.code().is_some_and(|code| ends_session(&code)),
        Error::Io(_) | Error::Tls(_) | Error::Protocol(_) => true,
        _ => false,
    }
}

/// SQLSTATEs, from <https://www.postgresql.org/docs/current/errcodes-appendix.html>. What the server
/// says "no" to (a lack of something, a deadlock, a lock that is not to be had, a read-only
/// transaction, a constraint) is a refusal, but for classes that mean that the server is not there
/// for us or that its data makes no sense.
fn kind_of_state(state: &str) -> FaultKind {
    if ends_session(state) || state.starts_with("58") {
        return FaultKind::Unavailable;
    }
    match state {
        // Data, or an index, is corrupted; a value is not of its type.
        "XX001" | "XX002" | "22P02" | "22P03" => FaultKind::Corrupt,
        _ => FaultKind::Refused,
    }
}

/// Connection exceptions, and a server that shuts down, starts up, or has crashed.
fn ends_session(state: &str) -> bool {
    state.starts_with("08") || state.starts_with("57P")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_of_the_kind_of_its_class() {
        let kinds = [
            ("08006", FaultKind::Unavailable), // connection failure
            ("57P01", FaultKind::Unavailable), // admin shutdown
            ("57P02", FaultKind::Unavailable), // crash shutdown
            ("57P03", FaultKind::Unavailable), // cannot connect now
            ("58030", FaultKind::Unavailable), // I/O error
            ("53300", FaultKind::Refused),     // too many connections
            ("53100", FaultKind::Refused),     // disk full
            ("40001", FaultKind::Refused),     // serialization failure
            ("40P01", FaultKind::Refused),     // deadlock
            ("25006", FaultKind::Refused),     // read-only transaction
            ("55P03", FaultKind::Refused),     // lock not available
            ("57014", FaultKind::Refused),     // query cancelled, by a timeout of the server's
            ("23505", FaultKind::Refused),     // unique violation
            ("XX001", FaultKind::Corrupt),     // data corrupted
        ];
        for (state, kind) in kinds {
            assert_eq!(kind_of_state(state), kind, "state {state}");
        }
    }
}
