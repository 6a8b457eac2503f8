//! A tap that does not see every call to a real PostgreSQL: the server's own count finds it out.

use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use cacheduel::backend::Ctx;
use cacheduel::model::{Draft, Key, Outcome, Value, Version};
use cacheduel::record::{Run, Standing};
use cacheduel::strategy::Strategy;
use futures_util::future::BoxFuture;

use super::miscounted::lose;
use super::{check, run_by, strategy};

const POSTGRES: &str = r#"
question = "Is every call counted?"
[dataset]
entity = "counter"
keys = 50
[workload]
reads = 0.7
popularity = "uniform"
arrival = { poisson = { rate = 200 } }
duration = "1s"
nodes = 2
[cache]
server = "embedded"
[store]
server = "postgres"
durability = "off"
[strategies.no-cache]
"#;

/// A call of which the tap is never told how it ended. One on each node: what is forgotten keeps its
/// connection.
#[derive(Clone, Copy, PartialEq)]
enum Unseen {
    Nothing,
    Read,
    Write,
}

/// Every request goes to the store, but for the one that nobody sees.
struct Miscounted {
    inner: Box<dyn Strategy>,
    unseen: Unseen,
    has_lost: AtomicBool,
}

impl Miscounted {
    fn build(unseen: Unseen) -> Box<dyn Strategy> {
        let inner = strategy("no-cache", "");
        Box::new(Self { inner, unseen, has_lost: AtomicBool::new(false) })
    }

    /// Makes a call that goes unseen, if one of this kind is still to do so. One whose answer is there at
    /// once is counted as any other, and the next one is tried.
    async fn may_lose(&self, unseen: Unseen, call: impl Future + Send) {
        if self.unseen == unseen && !self.has_lost.load(Ordering::Relaxed) {
            self.has_lost.store(lose(call).await, Ordering::Relaxed);
        }
    }
}

#[async_trait]
impl Strategy for Miscounted {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            self.may_lose(Unseen::Read, async move { ctx.lookup().store().read(key).await }).await;
            self.inner.read(ctx, key).await
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        let lost = draft.clone();
        let call = async move { ctx.write().store().write(&lost).await };
        self.may_lose(Unseen::Write, call).await;
        self.inner.write(ctx, draft).await
    }
}

async fn run_with(unseen: Unseen) -> Run {
    run_by(POSTGRES, None, &|| Miscounted::build(unseen)).await
}

#[tokio::test]
async fn where_every_call_is_counted_tap_and_postgres_agree() {
    let run = run_with(Unseen::Nothing).await;
    let check = check(&run, "store counters");
    assert_eq!(check.standing, Standing::Ok, "{}", check.detail);
    assert!(run.measures.requests.reads > 0 && run.measures.requests.writes > 0);
}

#[tokio::test]
async fn a_tap_that_loses_calls_to_postgres_is_caught() {
    for (unseen, kind, other) in
        [(Unseen::Read, "reads: tap ", "writes"), (Unseen::Write, "writes: tap ", "reads")]
    {
        let run = run_with(unseen).await;
        let check = check(&run, "store counters");
        assert_eq!(check.standing, Standing::Invalid, "{}", check.detail);
        assert!(check.detail.starts_with(kind), "{}", check.detail);
        assert!(!check.detail.contains(other), "of the other kind all were seen: {}", check.detail);
    }
}
