//! A stream read by one group of consumers: the write queue, the events.

use std::sync::{Mutex, PoisonError};

use redis::{
    Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, RedisResult, Value, cmd, from_redis_value,
};

use super::link::Link;
use crate::model::Nanos;

/// The one group that reads each stream.
pub(super) const GROUP: &str = "workers";

/// How many items are settled by one command.
pub(super) const SETTLE_CHUNK: usize = 500;

/// One item of a stream: its id, and its values in the order they were added in.
pub(super) struct Item {
    pub id: String,
    values: Vec<Value>,
}

impl Item {
    pub fn take<T: FromRedisValue>(&mut self, place: usize) -> RedisResult<T> {
        let value = self.values.get_mut(place).map(std::mem::take).unwrap_or_default();
        Ok(from_redis_value(value)?)
    }
}

/// One consumer's place in the group of a stream.
pub(super) struct Consumer {
    stream: String,
    name: String,
    /// When pending items were last looked through; `None` if never.
    looked: Mutex<Option<Nanos>>,
}

impl Consumer {
    pub fn new(stream: String, name: String) -> Self {
        Self { stream, name, looked: Mutex::new(None) }
    }

    /// When pending items are next to be looked through: once per `idle`. To look at every call
    /// would cost a round trip each, and find nothing for as long as no worker dies.
    pub fn next_look(&self, idle: Nanos) -> Nanos {
        let looked = *self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        looked.map_or(Nanos::ZERO, |looked| looked + idle)
    }

    /// Takes over up to `max` items that any consumer has left unsettled for `idle`. All of it is over
    /// by `deadline`.
    pub async fn take_over(
        &self,
        link: &Link,
        deadline: Nanos,
        max: usize,
        idle: Nanos,
        now: Nanos,
    ) -> RedisResult<Vec<Item>> {
        let mut items = Vec::new();
        let mut cursor = b"0-0".to_vec();
        while items.len() < max {
            let mut claim = cmd("XAUTOCLAIM");
            claim.arg(&self.stream).arg(GROUP).arg(&self.name).arg(millis(idle)).arg(cursor);
            claim.arg("COUNT").arg(max - items.len());
            let found = self.healed(link, deadline, &claim, Nanos::ZERO).await?;
            let (next, found) = parse_claimed(found)?;
            items.extend(found);
            if next == b"0-0" {
                // Had `max` been reached before the end, the next call would look on.
                *self.looked.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
                break;
            }
            cursor = next;
        }
        Ok(items)
    }

    /// Takes up to `max` items that no consumer has had yet, waiting up to `wait` for the first. All of
    /// it is over by `deadline`, which leaves time for an answer after the wait.
    pub async fn read(
        &self,
        link: &Link,
        deadline: Nanos,
        max: usize,
        wait: Nanos,
    ) -> RedisResult<Vec<Item>> {
        let mut read = cmd("XREADGROUP");
        read.arg("GROUP").arg(GROUP).arg(&self.name).arg("COUNT").arg(max);
        if wait > Nanos::ZERO {
            read.arg("BLOCK").arg(millis(wait));
        }
        read.arg("STREAMS").arg(&self.stream).arg(">");
        parse_read(self.healed(link, deadline, &read, wait).await?)
    }

    /// Makes the call. A server that was started anew or emptied has no group: it is made, and the call
    /// too.
    async fn healed(
        &self,
        link: &Link,
        deadline: Nanos,
        command: &Cmd,
        wait: Nanos,
    ) -> RedisResult<Value> {
        let query = async || match wait {
            Nanos::ZERO => link.query_by(deadline, command).await,
            _ => link.query_blocking(deadline, command).await,
        };
        match query().await {
            Err(error) if has_no_group(&error) => {
                create_group(link, deadline, &self.stream).await?;
                query().await
            }
            answer => answer,
        }
    }
}

/// Whether the stream or its group is gone: at the call, or while the call waited for items.
fn has_no_group(error: &RedisError) -> bool {
    matches!(error.code(), Some("NOGROUP" | "UNBLOCKED"))
}

/// Makes the group, and the stream if there is none. One that exists stays as it is.
pub(super) async fn create_group(link: &Link, deadline: Nanos, stream: &str) -> RedisResult<()> {
    let mut create = cmd("XGROUP");
    create.arg("CREATE").arg(stream).arg(GROUP).arg("0").arg("MKSTREAM");
    match link.query_by(deadline, &create).await {
        Err(error) if error.code() != Some("BUSYGROUP") => Err(error),
        _ => Ok(()),
    }
}

/// Removes items from the group and from the stream.
pub(super) async fn settle<'a>(
    link: &Link,
    deadline: Nanos,
    stream: &str,
    ids: impl ExactSizeIterator<Item = &'a str>,
) -> RedisResult<()> {
    let ids: Vec<&str> = ids.collect();
    for ids in ids.chunks(SETTLE_CHUNK) {
        let mut commands = Pipeline::with_capacity(2);
        commands.cmd("XACK").arg(stream).arg(GROUP).arg(ids);
        commands.cmd("XDEL").arg(stream).arg(ids);
        link.query_all(deadline, &commands).await?;
    }
    Ok(())
}

/// Whole milliseconds, rounded up: to the server, 0 is forever.
pub(super) fn millis(span: Nanos) -> u64 {
    span.0.div_ceil(1_000_000)
}

/// Reads `[next, [item, ...], ...]`.
fn parse_claimed(answer: Value) -> RedisResult<(Vec<u8>, Vec<Item>)> {
    let mut parts = array(answer)?.into_iter();
    let Some(Value::BulkString(next)) = parts.next() else {
        return Err(unexpected());
    };
    Ok((next, parse_items(parts.next().unwrap_or_default())?))
}

/// Reads `[[stream, [item, ...]]]`, or `{stream: [item, ...]}` in RESP3, or nil for nothing new.
fn parse_read(answer: Value) -> RedisResult<Vec<Item>> {
    let streams = match answer {
        Value::Nil => return Ok(Vec::new()),
        Value::Map(streams) => streams.into_iter().next().map(|(_, items)| items),
        streams => {
            array(array(streams)?.into_iter().next().unwrap_or_default())?.into_iter().nth(1)
        }
    };
    parse_items(streams.unwrap_or_default())
}

fn parse_items(items: Value) -> RedisResult<Vec<Item>> {
    let items = array(items)?.into_iter();
    // Redis 6.2 answers nil for an item that was deleted while it was pending.
    items.filter(|item| !matches!(item, Value::Nil)).map(parse_item).collect()
}

/// Reads `[id, [field, value, ...]]`.
fn parse_item(item: Value) -> RedisResult<Item> {
    let mut parts = array(item)?.into_iter();
    let id = from_redis_value(parts.next().unwrap_or_default())?;
    let fields = array(parts.next().unwrap_or_default())?;
    Ok(Item { id, values: fields.into_iter().skip(1).step_by(2).collect() })
}

fn array(value: Value) -> RedisResult<Vec<Value>> {
    match value {
        Value::Array(values) => Ok(values),
        _ => Err(unexpected()),
    }
}

/// The error for an answer of another form than the command's.
pub(super) fn unexpected() -> RedisError {
    (ErrorKind::UnexpectedReturnType, "the answer is not of the command's form").into()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// Anything that a server may answer.
    fn answer() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Nil),
            any::<i64>().prop_map(Value::Int),
            any::<Vec<u8>>().prop_map(Value::BulkString),
            "[0-9]{1,20}(-[0-9]{1,3})?".prop_map(|id| Value::BulkString(id.into())),
            ".{0,8}".prop_map(Value::SimpleString),
            any::<f64>().prop_map(Value::Double),
            any::<bool>().prop_map(Value::Boolean),
            Just(Value::Okay),
        ];
        leaf.prop_recursive(6, 40, 5, |inner| {
            prop_oneof![
                4 => vec(inner.clone(), 0..5).prop_map(Value::Array),
                1 => vec(inner.clone(), 0..5).prop_map(Value::Set),
                1 => vec((inner.clone(), inner), 0..3).prop_map(Value::Map),
            ]
        })
    }

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    fn item(id: &str, fields: &[&str]) -> Value {
        Value::Array(vec![text(id), Value::Array(fields.iter().map(|field| text(field)).collect())])
    }

    proptest! {
        #[test]
        fn whatever_is_answered_is_items_or_an_error(answer in answer(), place in 0_usize..4) {
            for items in [
                parse_read(answer.clone()),
                parse_claimed(answer.clone()).map(|(_, items)| items),
                parse_item(answer).map(|item| vec![item]),
            ] {
                for mut item in items.into_iter().flatten() {
                    let _ = item.take::<u64>(place);
                    let _ = item.take::<Vec<u8>>(place);
                }
            }
        }
    }

    #[test]
    fn items_are_read_in_every_form_that_they_come_in() {
        let items = Value::Array(vec![item("1-1", &["key", "7"]), Value::Nil]);
        let streams = Value::Array(vec![Value::Array(vec![text("queue"), items.clone()])]);
        let map = Value::Map(vec![(text("queue"), items.clone())]);
        let claimed = Value::Array(vec![text("0-0"), items, Value::Array(vec![])]);
        let (next, claimed) = parse_claimed(claimed).unwrap();
        assert_eq!(next, b"0-0");
        for mut items in [parse_read(streams).unwrap(), parse_read(map).unwrap(), claimed] {
            assert_eq!((items.len(), items[0].id.as_str()), (1, "1-1"));
            assert_eq!(items[0].take::<u64>(0).unwrap(), 7);
            assert!(items[0].take::<u64>(1).is_err(), "there is no second value");
        }
    }
}
