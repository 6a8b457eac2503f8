//! One connection through the proxy, from its client's knock to its end.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::conditions::Conditions;
use super::way::pass_on;
use crate::clock::Clock;

/// What a connection needs to be carried.
pub struct Connection {
    pub upstream: Arc<[SocketAddr]>,
    pub conditions: watch::Receiver<Conditions>,
    pub clock: Clock,
}

impl Connection {
    /// Carries it to its end. An orderly end of one side is passed on to the other; if a side breaks,
    /// or cannot be reached, or all connections are reset, both get a reset.
    pub async fn carry(self, mut client: TcpStream, chance: ChaCha8Rng) {
        let mut server = None;
        let resets = self.conditions.borrow().resets;
        let mut conditions = self.conditions.clone();
        let carried = tokio::select! {
            carried = self.between(&mut client, &mut server, chance) => carried,
            _ = conditions.wait_for(|conditions| conditions.resets != resets) => {
                Err(io::ErrorKind::ConnectionReset.into())
            }
        };
        if let Err(error) = carried {
            tracing::debug!(%error, "a connection through a proxy has broken");
            for stream in [Some(&client), server.as_ref()].into_iter().flatten() {
                // Closed like this, a socket tells its peer by a reset.
                let _ = stream.set_zero_linger();
            }
        }
    }

    async fn between(
        &self,
        client: &mut TcpStream,
        server: &mut Option<TcpStream>,
        mut chance: ChaCha8Rng,
    ) -> io::Result<()> {
        // Where nothing passes, nobody is reached either.
        let _ = self.conditions.clone().wait_for(|conditions| !conditions.is_cut).await;
        let server = server.insert(TcpStream::connect(&*self.upstream).await?);
        // Small messages must not wait for each other's acknowledgement.
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let back = ChaCha8Rng::from_rng(&mut chance);
        let way = |source, sink, chance| {
            pass_on(source, sink, self.conditions.clone(), &self.clock, chance)
        };
        tokio::try_join!(way(from_client, to_server, chance), way(from_server, to_client, back))
            .map(drop)
    }
}
