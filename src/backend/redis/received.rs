//! What a server has sent, and the answers in it.

use std::ops::Range;

use bytes::{Buf, BytesMut};
use redis::{RedisResult, Value, ValueCodec};
use tokio_util::codec::Decoder;

/// How much is asked for at once. An answer that leaves no room has to be asked for twice.
const READ: usize = 16 << 10;
/// How many digits the length of a bulk string has at most: a server takes none beyond 512 MiB.
const DIGITS_MAX: usize = 9;
const LINE_END: &[u8] = b"\r\n";

/// Bytes of which the answers have not been taken yet.
#[derive(Default)]
pub(super) struct Received {
    bytes: BytesMut,
    codec: ValueCodec,
    /// Whether the codec has had a part of the next answer.
    is_begun: bool,
}

impl Received {
    /// Where to put what comes next.
    pub fn room(&mut self) -> &mut BytesMut {
        self.bytes.reserve(READ);
        &mut self.bytes
    }

    /// The next answer, if all of it is there.
    ///
    /// # Errors
    /// If it makes no sense.
    pub fn next(&mut self) -> RedisResult<Option<Value>> {
        if self.bytes.is_empty() {
            return Ok(None);
        }
        // Nearly every lookup is answered with one, on which the codec would spend as much time as
        // the strategy and all that is measured do together.
        if !self.is_begun
            && let Some(bulk) = bulk_string(&self.bytes)
        {
            match self.bytes.get(bulk.end..bulk.end + LINE_END.len()) {
                None => return Ok(None),
                Some(LINE_END) => return Ok(Some(self.take(bulk))),
                // The codec knows what to say of this.
                Some(_) => {}
            }
        }
        let answer = self.codec.decode(&mut self.bytes)?;
        self.is_begun = answer.is_none();
        Ok(answer)
    }

    fn take(&mut self, bulk: Range<usize>) -> Value {
        let next = bulk.end + LINE_END.len();
        let string = self.bytes[bulk].to_vec();
        self.bytes.advance(next);
        Value::BulkString(string)
    }
}

/// Where the bulk string is that `bytes` begin with, all of it or a part. `None` if they begin with
/// something else, or it cannot be told yet.
fn bulk_string(bytes: &[u8]) -> Option<Range<usize>> {
    let (b'$', line) = bytes.split_first()? else { return None };
    let digits = line.iter().take(DIGITS_MAX).take_while(|byte| byte.is_ascii_digit()).count();
    let length: usize = str::from_utf8(&line[..digits]).ok()?.parse().ok()?;
    let start = 1 + digits + LINE_END.len();
    (bytes.get(1 + digits..start)? == LINE_END).then_some(start..start + length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use redis::parse_redis_value;

    use super::*;

    fn answer() -> impl Strategy<Value = Vec<u8>> {
        let bulk = prop::collection::vec(any::<u8>(), 0..2_000).prop_map(|string| {
            [format!("${}\r\n", string.len()).as_bytes(), &string, LINE_END].concat()
        });
        let line = prop::sample::select(vec!["+OK", "$-1", "*-1", ":42", "-ERR no", "*0"]);
        let single = prop_oneof![bulk, line.prop_map(|line| [line.as_bytes(), LINE_END].concat())];
        single.prop_recursive(2, 16, 4, |inner| {
            prop::collection::vec(inner, 1..4).prop_map(|items| {
                [format!("*{}\r\n", items.len()).into_bytes(), items.concat()].concat()
            })
        })
    }

    proptest! {
        #[test]
        fn answers_are_the_librarys_however_they_come_in(
            answers in prop::collection::vec(answer(), 1..6),
            sizes in prop::collection::vec(1_usize..700, 1..8),
        ) {
            let expected: Vec<Value> =
                answers.iter().map(|answer| parse_redis_value(answer).unwrap()).collect();
            let (mut received, mut taken) = (Received::default(), Vec::new());
            let (mut left, mut sizes) = (&answers.concat()[..], sizes.into_iter().cycle());
            while !left.is_empty() {
                let (part, rest) = left.split_at(sizes.next().unwrap().min(left.len()));
                received.room().extend_from_slice(part);
                while let Some(answer) = received.next().unwrap() {
                    taken.push(answer);
                }
                left = rest;
            }
            prop_assert_eq!(taken, expected);
        }
    }

    #[test]
    fn what_makes_no_sense_is_an_error() {
        for nonsense in ["$3\r\nabcd\r\n", "?\r\n", "$x\r\n"] {
            let mut received = Received::default();
            received.room().extend_from_slice(nonsense.as_bytes());
            assert!(received.next().is_err(), "{nonsense:?}");
        }
    }
}
