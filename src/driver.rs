//! Issues the plan on time against one strategy, and passes on what its clients and the tap saw.

mod cluster;
mod cpu;
mod crew;
mod faults;
mod in_flight;
mod nudge;
mod pacer;
mod prefill;
mod request;
mod schedule;
mod seat;
mod supervisor;
mod traffic;

pub use cluster::{Cluster, Node};
pub use prefill::{Prefilled, prefill};

use std::future::Future;

use futures_util::future::join;
use tokio::sync::watch;

use self::crew::Member;
use self::faults::Faults;
use self::traffic::{Traffic, never};
use crate::backend::Tap;
use crate::clock::Clock;
use crate::model::{Call, Injected, Key, Nanos, Sample};
use crate::workload::{Census, Pacing, Plan, Rows};

/// Sees everything that happens in a run, in the order in which it ended.
pub trait Observer {
    /// Samples of these keys are about to come: what is known of them may be fetched from memory meanwhile.
    fn expect(&mut self, _: &[Key]) {}

    fn sample(&mut self, sample: &Sample);

    /// The read that a request of two parts began with, as a read of its own. The request itself
    /// comes as a sample when it has ended.
    fn first_read(&mut self, sample: &Sample);

    fn calls(&mut self, calls: &[Call]);

    /// No request that is still in flight, or that is yet to come, started before `watermark`.
    fn watermark(&mut self, watermark: Nanos);
}

/// What is to be driven, and by when.
pub struct Course<'a> {
    pub plan: &'a Plan,
    pub rows: &'a Rows,
    pub clock: &'a Clock,
    /// The plan's zero on that clock.
    pub start: Nanos,
    pub pacing: Pacing,
    /// Whether the requests of an open loop are counted as they are drawn.
    pub counts: bool,
}

/// What the driver has to say of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Drive {
    /// Requests that were started, warm-up included.
    pub requests: u64,
    /// The most that were in flight at once.
    pub in_flight_peak: u64,
    /// The share of its core that the load thread used in the measured window.
    pub cpu_share: f64,
    /// When it was stopped before its time, on the run's clock.
    pub stopped: Option<Nanos>,
    /// What broke on purpose, in the order in which it began.
    pub faults: Vec<Injected>,
    /// Of all requests that were to start, where they were counted.
    pub census: Option<Census>,
}

/// Runs the whole plan, warm-up first, and waits for what is in flight when the window closes. If
/// `stop` comes to its end before that, no further request starts.
pub async fn drive(
    cluster: &Cluster<'_>,
    course: &Course<'_>,
    tap: &Tap,
    observer: &mut dyn Observer,
    stop: impl Future<Output = ()>,
) -> Drive {
    let Course { plan, clock, start, .. } = *course;
    let traffic = Traffic::new(cluster, course, tap, observer);
    let (over, is_over) = watch::channel(false);
    let faults = Faults::new(cluster, clock, &traffic, start + plan.warm_up(), is_over);
    let run = async {
        let clients = async {
            let drive = supervisor::supervise(&traffic, course).await;
            // Those who break things go on until everything is mended.
            over.send_replace(true);
            drive
        };
        let (drive, faults) = join(clients, faults.carry_out(plan)).await;
        Drive { faults, ..drive }
    };
    let mut members: Vec<Member<'_, Drive>> = vec![
        Box::pin(run),
        Box::pin(never(async {
            stop.await;
            traffic.stop();
        })),
    ];
    for slot in cluster.slots() {
        members.push(Box::pin(never(cluster.work(slot, plan.seed(), clock, tap))));
    }
    let drive = crew::run(members, clock, &traffic).await;
    traffic.tell();
    drive
}

/// Finishes the strategy's background work after [`drive`]. Returns how long it took.
///
/// # Errors
/// The fault that kept it from finishing.
pub async fn drain(
    cluster: &Cluster<'_>,
    plan: &Plan,
    clock: &Clock,
    tap: &Tap,
    observer: &mut dyn Observer,
) -> (Nanos, Result<(), crate::model::Fault>) {
    let started = clock.now();
    let mut outcome = Ok(());
    for process in cluster.processes() {
        let ctx = process.context(plan.seed(), clock, tap);
        outcome = outcome.and(process.strategy.drain(&ctx).await);
    }
    let mut calls = Vec::new();
    tap.take(&mut calls);
    observer.calls(&calls);
    (clock.now() - started, outcome)
}
