//! Clients that do nothing but ask: what the library and the connections cost by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

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
        let turn = Arc::new(AtomicUsize::new(0));
        let asking = (0..clients).map(|client| {
            // As a node's calls do: on all of them in turn, or on one that is the caller's own.
            let connections = match layout {
                Connections::Shared(_) => connections.clone(),
                Connections::Pooled(_) => vec![connections[client as usize].clone()],
            };
            let turn = turn.clone();
            let (names, answers, clock) =
                (names.clone(), answers.clone(), self.endpoint.shared_clock());
            // Each a task of its own, as clients that know nothing of each other are.
            tokio::spawn(async move {
                let first = client as usize * 7;
                let go_on = || clock.now() < until;
                let asked = ask(connections, &turn, &names, first, go_on).await?;
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
    mut connections: Vec<MultiplexedConnection>,
    turn: &AtomicUsize,
    names: &[Vec<u8>],
    first: usize,
    go_on: impl Fn() -> bool,
) -> RedisResult<u64> {
    let mut asked = 0;
    for name in names.iter().cycle().skip(first % names.len()) {
        if !go_on() {
            break;
        }
        let next = turn.fetch_add(1, Ordering::Relaxed) % connections.len();
        let answer: Value = cmd("GET").arg(name).query_async(&mut connections[next]).await?;
        std::hint::black_box(answer);
        asked += 1;
    }
    Ok(asked)
}
