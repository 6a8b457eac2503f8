//! A connection that serves one call at a time.
//!
//! Calls can share the library's connections, for which each of those has a task, a queue, and a
//! channel for every answer. Where a call has its connection to itself, that would be a tenth of what a
//! lookup costs. What is sent and received is made and read by the library's own means all the same.

use std::io;

use redis::{Cmd, ConnectionInfo, Pipeline, RedisError, RedisResult, Value, cmd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::received::Received;

/// A connection over TCP. One on which a call failed or was given up can serve no other: the answer may
/// still come.
pub(super) struct Exclusive {
    stream: TcpStream,
    sent: Vec<u8>,
    received: Received,
}

impl Exclusive {
    /// Connects to `host` and `port`, as the user and to the database that `info` names.
    pub async fn connect(host: &str, port: u16, info: &ConnectionInfo) -> RedisResult<Self> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        let mut connection = Self { stream, sent: Vec::new(), received: Received::default() };
        for command in introduction(info) {
            connection.query(&command).await?;
        }
        Ok(connection)
    }

    pub async fn query(&mut self, command: &Cmd) -> RedisResult<Value> {
        self.sent.clear();
        command.write_packed_command(&mut self.sent);
        self.stream.write_all(&self.sent).await?;
        self.answer().await?.extract_error()
    }

    /// The answers to all commands, none of which may be an error.
    pub async fn query_all(&mut self, pipeline: &Pipeline) -> RedisResult<Vec<Value>> {
        self.stream.write_all(&pipeline.get_packed_pipeline()).await?;
        let mut answers = Vec::with_capacity(pipeline.len());
        for _ in 0..pipeline.len() {
            answers.push(self.answer().await?);
        }
        answers.into_iter().map(Value::extract_error).collect()
    }

    async fn answer(&mut self) -> RedisResult<Value> {
        loop {
            if let Some(answer) = self.received.next()? {
                return Ok(answer);
            }
            if self.stream.read_buf(self.received.room()).await? == 0 {
                return Err(RedisError::from(io::Error::from(io::ErrorKind::UnexpectedEof)));
            }
        }
    }
}

/// What is to be said on a new connection.
fn introduction(info: &ConnectionInfo) -> Vec<Cmd> {
    let info = info.redis_settings();
    let mut commands = Vec::new();
    if let Some(password) = info.password() {
        let mut authenticate = cmd("AUTH");
        authenticate.arg(info.username()).arg(password);
        commands.push(authenticate);
    }
    if info.db() != 0 {
        let mut select = cmd("SELECT");
        select.arg(info.db());
        commands.push(select);
    }
    commands
}
