//! What a client's own process adds to each request of a simulation, where its profile says so.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::future::BoxFuture;

use super::Environment;
use crate::backend::{Ctx, Durations};
use crate::model::{Draft, Key, Nanos, Outcome, Spread, Value, Version};
use crate::strategy::Strategy;

/// Sets the draws of one process apart from those of another.
const STREAM: u64 = 0x434c_4945_4e54;

/// Makes the instances of a strategy, one for each process.
pub type Build<'a> = dyn Fn() -> Box<dyn Strategy> + Sync + 'a;

/// What makes the instances of a strategy in this environment: `build`, or that and a client's own time
/// before each request.
pub fn around<'a>(environment: &Environment, build: &'a Build<'a>, seed: u64) -> Box<Build<'a>> {
    let spread = environment.profile().map_or(Spread::ZERO, |profile| profile.client);
    if spread.is_zero() {
        return Box::new(build);
    }
    let processes = AtomicU64::new(0);
    Box::new(move || {
        let process = processes.fetch_add(1, Ordering::Relaxed);
        let times = Mutex::new(Durations::new(spread, seed, STREAM + process));
        Box::new(Timed { inner: build(), times })
    })
}

/// A strategy in a process that takes time of its own.
struct Timed {
    inner: Box<dyn Strategy>,
    times: Mutex<Durations>,
}

impl Timed {
    async fn pass(&self, ctx: &Ctx<'_>) {
        let time = self.draw();
        ctx.clock().sleep(time).await;
    }

    fn draw(&self) -> Nanos {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).draw()
    }
}

#[async_trait]
impl Strategy for Timed {
    fn read<'a>(&'a self, ctx: &'a Ctx<'_>, key: Key) -> BoxFuture<'a, Outcome<Value>> {
        Box::pin(async move {
            self.pass(ctx).await;
            self.inner.read(ctx, key).await
        })
    }

    async fn write(&self, ctx: &Ctx<'_>, draft: Draft) -> Outcome<Version> {
        self.pass(ctx).await;
        self.inner.write(ctx, draft).await
    }

    async fn maintain(&self, ctx: &Ctx<'_>) {
        self.inner.maintain(ctx).await;
    }

    async fn background(&self, ctx: &Ctx<'_>) {
        self.inner.background(ctx).await;
    }

    async fn drain(&self, ctx: &Ctx<'_>) -> Outcome<()> {
        self.inner.drain(ctx).await
    }
}
