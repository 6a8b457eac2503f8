//! What goes over the wire between an API and its clients.
//!
//! `GET /rows/{key}` brings the row's JSON as the body, and what a row has besides in headers. Where
//! there is no row the answer is 404, with the headers of the deletion. 429 is a refusal.

use std::fmt::Display;
use std::str::FromStr;

use bytes::Bytes;
use http_body_util::{Empty, Full};
use hyper::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};

use super::gate::Refused;
use crate::backend::Read;
use crate::model::{Fault, FaultKind, Key, Nanos, Outcome, Value, Version, Writer};

const ROWS: &str = "/rows/";
const VERSION: HeaderName = HeaderName::from_static("row-version");
const WRITER: HeaderName = HeaderName::from_static("row-writer");
const CHECKSUM: HeaderName = HeaderName::from_static("row-checksum");
/// Rows that the store behind went through.
const EXAMINED: HeaderName = HeaderName::from_static("rows-examined");

/// The request for the row under `key`, to the API at `host`.
pub fn request(host: &HeaderValue, key: Key) -> Request<Empty<Bytes>> {
    Request::get(format!("{ROWS}{}", key.0))
        .header(HOST, host)
        .body(Empty::new())
        .expect("a number makes a valid path")
}

/// The key that a path asks for, if it asks for one.
pub fn key_in(path: &str) -> Option<Key> {
    path.strip_prefix(ROWS)?.parse().ok().map(Key)
}

/// The answer that tells a read's outcome.
pub fn answer(outcome: Outcome<Read>) -> Response<Full<Bytes>> {
    let Read { value, rows } = match outcome {
        Ok(read) => read,
        Err(fault) => return empty(status(fault.kind)),
    };
    let (body, checksum) = value.in_full();
    let mut response = match body {
        None => empty(StatusCode::NOT_FOUND),
        Some(body) => {
            let mut response = Response::new(Full::new(body));
            let json = HeaderValue::from_static("application/json");
            response.headers_mut().insert(CONTENT_TYPE, json);
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(VERSION, value.version.0.into());
    headers.insert(WRITER, value.writer.0.into());
    headers.insert(CHECKSUM, checksum.into());
    headers.insert(EXAMINED, rows.into());
    response
}

/// The answer to a request beyond the rate limit.
pub fn refusal(refused: Refused) -> Response<Full<Bytes>> {
    let mut response = empty(StatusCode::TOO_MANY_REQUESTS);
    // HTTP knows whole seconds only.
    let seconds = refused.retry_after.0.div_ceil(Nanos::from_secs(1).0);
    response.headers_mut().insert(RETRY_AFTER, seconds.into());
    response
}

/// The answer to a request that asks for no row.
pub fn misdirected() -> Response<Full<Bytes>> {
    empty(StatusCode::BAD_REQUEST)
}

/// What an answer about `key` says.
pub fn understand(key: Key, status: StatusCode, headers: &HeaderMap, body: Bytes) -> Outcome<Read> {
    let body = match status {
        StatusCode::OK => Some(body.into()),
        StatusCode::NOT_FOUND => None,
        other => return Err(Fault::store(kind(other))),
    };
    let read = || {
        let value = Value {
            key,
            version: Version(number(headers, &VERSION)?),
            writer: Writer(number(headers, &WRITER)?),
            checksum: number(headers, &CHECKSUM)?,
            aggregate: None,
            body,
        };
        Some(Read { value, rows: number(headers, &EXAMINED)? })
    };
    read().ok_or(Fault::store(FaultKind::Corrupt))
}

fn empty(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

const fn status(kind: FaultKind) -> StatusCode {
    match kind {
        FaultKind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        FaultKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        FaultKind::Refused => StatusCode::INTERNAL_SERVER_ERROR,
        FaultKind::Throttled => StatusCode::TOO_MANY_REQUESTS,
        FaultKind::Corrupt => StatusCode::BAD_GATEWAY,
    }
}

fn kind(status: StatusCode) -> FaultKind {
    match status {
        StatusCode::GATEWAY_TIMEOUT => FaultKind::Timeout,
        StatusCode::SERVICE_UNAVAILABLE => FaultKind::Unavailable,
        StatusCode::INTERNAL_SERVER_ERROR => FaultKind::Refused,
        StatusCode::TOO_MANY_REQUESTS => FaultKind::Throttled,
        _ => FaultKind::Corrupt,
    }
}

fn number<N: FromStr + Display>(headers: &HeaderMap, name: &HeaderName) -> Option<N> {
    headers.get(name)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use http_body_util::BodyExt;
    use proptest::prelude::*;

    use super::*;
    use crate::model::Draft;

    const KEY: Key = Key(7);

    /// What a client understands of an answer.
    fn received(response: Response<Full<Bytes>>) -> Outcome<Read> {
        let (parts, body) = response.into_parts();
        let body = body.collect().now_or_never().unwrap().unwrap().to_bytes();
        understand(KEY, parts.status, &parts.headers, body)
    }

    #[test]
    fn what_is_answered_is_understood() {
        let row = Draft::new(KEY, Writer(u64::MAX), Bytes::from_static(b"{}")).at(Version(9));
        let deletion = Draft::deletion(KEY, Writer(3)).at(Version(4));
        let reads = [(row, 1), (deletion, 1), (Value::never_written(KEY), 0)];
        for (value, rows) in reads {
            let read = Read { value, rows };
            assert_eq!(received(answer(Ok(read.clone()))), Ok(read));
        }
    }

    #[test]
    fn every_fault_keeps_its_kind() {
        use FaultKind::{Corrupt, Refused, Throttled, Timeout, Unavailable};
        for kind in [Timeout, Unavailable, Refused, Throttled, Corrupt] {
            let fault = Err(Fault::store(kind));
            assert_eq!(received(answer(fault.clone())), fault);
        }
    }

    #[test]
    fn a_refusal_says_how_many_seconds_to_wait() {
        for (millis, seconds) in [(1, "1"), (1_000, "1"), (1_001, "2")] {
            let response = refusal(Refused { retry_after: Nanos::from_millis(millis) });
            assert_eq!(response.headers()[RETRY_AFTER], seconds);
            assert_eq!(received(response), Err(Fault::store(FaultKind::Throttled)));
        }
    }

    #[test]
    fn an_answer_without_its_headers_is_corrupt() {
        let bare = Response::new(Full::new(Bytes::from_static(b"{}")));
        assert_eq!(received(bare), Err(Fault::store(FaultKind::Corrupt)));
        assert_eq!(received(misdirected()), Err(Fault::store(FaultKind::Corrupt)));
    }

    #[test]
    fn a_path_names_a_key_or_none() {
        let path = request(&HeaderValue::from_static("host"), KEY).uri().path().to_owned();
        assert_eq!(key_in(&path), Some(KEY));
        for path in ["/", "/rows", "/rows/", "/rows/x", "/rows/7/more", "/7"] {
            assert_eq!(key_in(path), None, "{path}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_understood_or_a_fault(
            status in 100_u16..1_000,
            headers in proptest::collection::vec((0_usize..5, "[ -~]{0,24}|[0-9]{1,24}"), 0..8),
            body: Vec<u8>,
        ) {
            let names = [VERSION, WRITER, CHECKSUM, EXAMINED, RETRY_AFTER];
            let mut all = HeaderMap::new();
            for (name, value) in headers {
                all.append(&names[name], HeaderValue::from_str(&value).unwrap());
            }
            let status = StatusCode::from_u16(status).unwrap();
            let read = understand(KEY, status, &all, body.clone().into());
            if let Ok(Read { value, .. }) = read {
                prop_assert!(value.key == KEY && value.body.is_none_or(|read| read.text() == body));
            }
        }

        #[test]
        fn whatever_is_asked_for_is_a_row_or_not(path in "(/rows/)?[ -~]{0,30}") {
            if let Some(key) = key_in(&path) {
                prop_assert!(path.starts_with(ROWS) && path.ends_with(&key.0.to_string()));
            }
        }
    }
}
