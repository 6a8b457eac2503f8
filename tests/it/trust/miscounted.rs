//! A tap that does not see everything, in front of a real Redis: the server's own counts find it out.

use std::future::{Future, poll_fn};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

use async_trait::async_trait;
use cacheduel::backend::Ctx;
use cacheduel::model::{Draft, Key, Outcome, Value, Version};
use cacheduel::record::{Run, Standing};
use cacheduel::strategy::Strategy;
use futures_util::future::BoxFuture;

use super::{check, record_of, run_by, strategy};

const REDIS: &str = r#"
question = "Is every call counted?"
[dataset]
entity = "counter"
keys = 50
[workload]
reads = 0.9
popularity = "uniform"
arrival = { poisson = { rate = 300 } }
duration = "1s"
nodes = 2
[store]
server = "embedded"
[strategies.no-cache]
"#;

/// How often the cache is called without being seen, in reads.
const EVERY: u64 = 50;

/// How it comes that a call is not counted.
#[derive(Clone, Copy, PartialEq)]
enum Unseen {
    Nothing,
    /// The strategy has a connection of its own.
    BehindTheBack,
    /// The tap is never told how a call ended that it has let through.
    Lost,
}

/// Cache-aside, but for the calls that nobody sees.
struct Miscounted {
    inner: Box<dyn Strategy>,
    unseen: Unseen,
    client: redis::Client,
    reads: AtomicU64,
}

impl Miscounted {
    fn build(unseen: Unseen, folder: &Path) -> Box<dyn Strategy> {
        let port = port_of_the_private_server(folder);
        Box::new(Self {
            inner: strategy("cache-aside", "ttl = \"300ms\""),
            unseen,
            client: redis::Client::open(format!("redis://127.0.0.1:{port}")).unwrap(),
            reads: AtomicU64::new(0),
        })
    }
}

/// The port is in the name of the server's log.
fn port_of_the_private_server(folder: &Path) -> u16 {
    let inside = |folder: &Path| -> Vec<PathBuf> {
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let logs = inside(folder).into_iter().filter(|path| path.is_dir()).flat_map(|run| inside(&run));
    let names = logs.filter_map(|path| Some(path.file_name()?.to_str()?.to_owned()));
    let mut ports =
        names.filter_map(|name| name.strip_prefix("redis-")?.strip_suffix(".log")?.parse().ok());
    ports.next().expect("the run has started a server")
}

/// Sends a call and forgets that it ever did: for the tap it never ends. False if the answer was there at
/// once, so that there is nothing to forget.
pub(super) async fn lose(call: impl Future + Send) -> bool {
    let mut call = Box::pin(call);
    let is_lost = poll_fn(|context| Poll::Ready(call.as_mut().poll(context).is_pending())).await;
    if is_lost {
        std::mem::forget(call);
    }
    is_lost
}

#[async_trait]
impl Strategy for Miscounted {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            if self.reads.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVERY) {
                match self.unseen {
                    Unseen::Nothing => {}
                    Unseen::BehindTheBack => {
                        let mut own = self.client.get_multiplexed_async_connection().await.unwrap();
                        let _: Option<Vec<u8>> =
                            redis::cmd("GET").arg("nothing").query_async(&mut own).await.unwrap();
                    }
                    Unseen::Lost => {
                        lose(async move { ctx.lookup().cache().get(key).await }).await;
                    }
                }
            }
            self.inner.read(ctx, key).await
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        self.inner.write(ctx, draft).await
    }
}

async fn run_with(unseen: Unseen) -> Run {
    let folder = tempfile::tempdir().unwrap();
    run_by(REDIS, Some(folder.path()), &|| Miscounted::build(unseen, folder.path())).await
}

#[tokio::test]
async fn where_every_call_is_counted_tap_and_server_agree() {
    let run = run_with(Unseen::Nothing).await;
    for name in ["server counters", "keyspace hits"] {
        let check = check(&run, name);
        assert_eq!(check.standing, Standing::Ok, "{name}: {}", check.detail);
    }
}

#[tokio::test]
async fn a_strategy_that_calls_the_server_behind_the_taps_back_is_caught() {
    found_out(&run_with(Unseen::BehindTheBack).await);
}

#[tokio::test]
async fn a_tap_that_loses_calls_is_caught() {
    found_out(&run_with(Unseen::Lost).await);
}

fn found_out(run: &Run) {
    for name in ["server counters", "keyspace hits"] {
        let check = check(run, name);
        assert_eq!(check.standing, Standing::Invalid, "{name}: {}", check.detail);
    }
    assert!(check(run, "server counters").detail.starts_with("get: tap "));
}

/// What every strategy does with the cache, with and without scripts and streams.
const STRATEGIES: &str = r#"
[strategies.cache-aside]
[strategies."cache-aside@lock"]
stampede = "lock"
[strategies."cache-aside@lease"]
stampede = "lease"
[strategies.write-through]
[strategies.write-behind]
flush-interval = "50ms"
[strategies.ttl]
[strategies.event-invalidation]
[strategies."event-invalidation@versioned"]
form = "delete-if-older"
[strategies.read-through]
[strategies.refresh-ahead]
[strategies.stale-while-revalidate]
[strategies.two-tier]
[strategies.client-tracking]
[strategies.versioned]
[strategies.delayed-double-delete]
"#;

#[tokio::test]
async fn the_tap_agrees_with_the_server_about_every_strategy() {
    let text = REDIS.replace("\n[strategies.no-cache]\n", STRATEGIES);
    let record = record_of(&text).await;
    for contender in &record.contenders {
        let (label, run) = (&contender.label, &contender.runs[0]);
        let counters = check(run, "server counters");
        assert_eq!(counters.standing, Standing::Ok, "{label}: {}", counters.detail);
        let lookups = check(run, "keyspace hits");
        let looks_up_otherwise = label.contains("lock")
            || label.contains("lease")
            || label.contains("event")
            || ["write-behind", "versioned"].contains(&label.as_str());
        let expected = match looks_up_otherwise {
            true => Standing::NotApplicable,
            false => Standing::Ok,
        };
        assert_eq!(lookups.standing, expected, "{label}: {}", lookups.detail);
    }
}
