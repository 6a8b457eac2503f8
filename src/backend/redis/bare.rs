//! Clients that do nothing but ask: what the library and the connections cost by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::future::join_all;
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, Value, cmd};

use super::host::RedisHost;
use crate::backend::Connections;
use crate::model::{Key, Nanos};

impl RedisHost {
    /// So many clients, each of which asks for one key after the other until `until`, over
    /// connections as a node has them. Returns how many answers came.
    pub(super) async fn bare_clients(
        &self,
        clients: u32,
        keys: &[Key],
        until: Nanos,
    ) -> RedisResult<u64> {
        let (layout, count) = (self.connections, self.connections.count().min(clients).max(1));
        let mut connections = Vec::new();
        for _ in 0..count {
            connections.push(self.endpoint.connect().await?);
        }
        let clients = match layout {
            Connections::Shared(_) => clients,
            // Whoever has no connection to itself waits: the others are as busy without.
            Connections::Pooled(_) => count,
        };
        let names: Arc<[Vec<u8>]> =
            keys.iter().map(|&key| self.naming.entry(key).into_bytes()).collect();
        let answers = Arc::new(AtomicU64::new(0));
        let asking = (0..clients).map(|client| {
            let connection = connections[(client % count) as usize].clone();
            let (names, answers, clock) =
                (names.clone(), answers.clone(), self.endpoint.shared_clock());
            // Each a task of its own, as clients that know nothing of each other are.
            tokio::spawn(async move {
                let first = client as usize * 7;
                let asked = ask(connection, &names, first, || clock.now() < until).await?;
                answers.fetch_add(asked, Ordering::Relaxed);
                RedisResult::Ok(())
            })
        });
        for ended in join_all(asking).await {
            ended.expect("a client neither panics nor is ended before")?;
        }
        Ok(answers.load(Ordering::Relaxed))
    }
}

async fn ask(
    mut connection: MultiplexedConnection,
    names: &[Vec<u8>],
    first: usize,
    go_on: impl Fn() -> bool,
) -> RedisResult<u64> {
    let mut asked = 0;
    for name in names.iter().cycle().skip(first % names.len()) {
        if !go_on() {
            break;
        }
        let answer: Value = cmd("GET").arg(name).query_async(&mut connection).await?;
        std::hint::black_box(answer);
        asked += 1;
    }
    Ok(asked)
}
