//! What the failures of calls mean.

use std::io;

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::model::{Fault, FaultKind};

/// What a failed call means to the one who made it.
pub(super) fn fault(error: &RedisError) -> Fault {
    Fault::cache(match error.kind() {
        _ if error.is_timeout() => FaultKind::Timeout,
        ErrorKind::Parse | ErrorKind::UnexpectedReturnType => FaultKind::Corrupt,
        ErrorKind::Server(_) | ErrorKind::Extension | ErrorKind::AuthenticationFailed => {
            FaultKind::Refused
        }
        _ => FaultKind::Unavailable,
    })
}

/// Why a server refused, in words that say what to do about it.
pub(super) fn reason(error: &RedisError) -> String {
    let why = match error.kind() {
        ErrorKind::Server(ServerErrorKind::ReadOnly) => {
            "it takes no writes: it is a read-only replica"
        }
        ErrorKind::Server(ServerErrorKind::BusyLoading) => "it is still loading its data",
        ErrorKind::AuthenticationFailed => "it does not accept the user or the password",
        ErrorKind::Server(_) | ErrorKind::Extension => match error.code() {
            Some("OOM") => "its memory is full, and its policy evicts nothing that would make room",
            Some("MISCONF") => "it takes no writes, because it cannot save its data to its disk",
            Some("NOREPLICAS") => "it takes no writes, because too few replicas follow it",
            Some("NOAUTH") => "it asks for a password, and the address has none",
            Some("NOPERM") => "the user of the address may not do this",
            _ => return error.to_string(),
        },
        _ => return error.to_string(),
    };
    format!("{why} ({error})")
}

pub(super) fn timed_out() -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, "no answer in time").into()
}

/// Every failure to connect looks like this, a timeout too: the call itself was never made.
pub(super) fn disconnected(reason: &str) -> RedisError {
    io::Error::new(io::ErrorKind::NotConnected, reason).into()
}

/// An answer that ends in its middle, with the connection, is told by the library like one that makes
/// no sense. Of neither can be said what it would have been: the connection broke before it came.
pub(super) fn broken_off(error: RedisError) -> RedisError {
    match error.kind() {
        ErrorKind::Parse => disconnected(&error.to_string()),
        _ => error,
    }
}
