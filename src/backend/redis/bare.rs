//! Clients that do nothing but ask: what the library and the connections cost by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::future::join_all;
use redis::{RedisResult, cmd};

use super::connection::{Connection, Usage};
use super::host::{CONNECT_TIMEOUT, RedisHost};
use crate::backend::Connections;
use crate::model::{Key, Nanos};

impl RedisHost {
    /// So many clients, each of which asks for one key after the other until `until`, over as many
    /// connections of this kind as a node has. Returns how many answers came.
    pub(super) async fn bare_clients(
        &self,
        clients: u32,
        usage: Usage,
        keys: &[Key],
        until: Nanos,
    ) -> RedisResult<u64> {
        let count = self.connections.count().min(clients).max(1);
        let mut connections = Vec::new();
        for _ in 0..count {
            connections.push(self.endpoint.connect(CONNECT_TIMEOUT, usage).await?);
        }
        // As a node's calls do: on all of them in turn, or on one that is the caller's own.
        let connections: Vec<Vec<Connection>> = match self.connections {
            Connections::Shared(_) => (0..clients)
                .map(|_| connections.iter().filter_map(Connection::share).collect())
                .collect(),
            // Whoever has no connection to itself waits: the others are as busy without.
            Connections::Pooled(_) => connections.into_iter().map(|own| vec![own]).collect(),
        };
        let names: Arc<[Vec<u8>]> =
            keys.iter().map(|&key| self.naming.entry(key).into_bytes()).collect();
        let answers = Arc::new(AtomicU64::new(0));
        let turn = Arc::new(AtomicUsize::new(0));
        let asking = connections.into_iter().enumerate().map(|(client, connections)| {
            let (names, answers, turn) = (names.clone(), answers.clone(), turn.clone());
            let clock = self.endpoint.shared_clock();
            // Each a task of its own, as clients that know nothing of each other are.
            tokio::spawn(async move {
                let go_on = || clock.now() < until;
                let asked = ask(connections, &turn, &names, client * 7, go_on).await?;
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
    mut connections: Vec<Connection>,
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
        let answer = connections[next].query(cmd("GET").arg(name)).await?;
        std::hint::black_box(answer);
        asked += 1;
    }
    Ok(asked)
}
