//! Issues the plan on time against one strategy, and passes on what its clients and the tap saw.

mod cluster;
mod faults;
mod in_flight;
mod prefill;
mod request;
mod schedule;

pub use cluster::{Cluster, Node};
pub use prefill::{Prefilled, prefill};

use std::cell::{Cell, RefCell};
use std::future::{Future, pending};
use std::pin::{Pin, pin};

use futures_util::StreamExt;
use futures_util::future::{Either, join, select};
use futures_util::stream::FuturesUnordered;

use self::faults::Faults;
use self::in_flight::InFlight;
use self::request::FirstReads;
use self::schedule::Schedule;
use tokio::sync::watch;

use crate::backend::Tap;
use crate::clock::Clock;
use crate::model::{Call, Injected, Nanos, Sample};
use crate::workload::{Plan, Rows};

/// Sees everything that happens in a run, in the order in which it ended.
pub trait Observer {
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
    pub clock: &'a dyn Clock,
    /// The plan's zero on that clock.
    pub start: Nanos,
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
    let Course { plan, rows, clock, start } = *course;
    let is_stopped = Cell::new(false);
    let first_reads = FirstReads::default();
    let in_flight = RefCell::new(InFlight::new(plan.timeout()));
    let (over, is_over) = watch::channel(false);
    let clients = Clients {
        cluster,
        plan,
        rows,
        clock,
        tap,
        observer,
        schedule: Schedule::new(plan, start),
        in_flight: &in_flight,
        calls: Vec::new(),
        first_reads: &first_reads,
        is_stopped: &is_stopped,
        stopped: None,
        cpu: CpuWindow::new(plan, start),
    };
    let faults = Faults::new(cluster, clock, &in_flight, start + plan.warm_up(), is_over);
    // In a set of its own, so that a worker is polled when it was woken, not with every answer.
    let mut work: FuturesUnordered<_> =
        cluster.slots().map(|slot| cluster.work(slot, plan.seed(), clock, tap)).collect();
    let background = pin!(async {
        while work.next().await.is_some() {}
        pending::<()>().await;
    });
    let run = async {
        let drive = clients.run().await;
        // Those who break things go on until everything is mended.
        over.send_replace(true);
        drive
    };
    let stop = pin!(async {
        stop.await;
        is_stopped.set(true);
        pending::<()>().await;
    });
    let background = select(background, stop);
    match select(pin!(join(run, faults.carry_out(plan))), background).await {
        Either::Left(((drive, faults), _)) => Drive { faults, ..drive },
        Either::Right(_) => unreachable!("the background work never ends by itself"),
    }
}

/// Finishes the strategy's background work after [`drive`]. Returns how long it took.
///
/// # Errors
/// The fault that kept it from finishing.
pub async fn drain(
    cluster: &Cluster<'_>,
    plan: &Plan,
    clock: &dyn Clock,
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

/// All clients of all nodes, on one thread.
struct Clients<'a> {
    cluster: &'a Cluster<'a>,
    plan: &'a Plan,
    rows: &'a Rows,
    clock: &'a dyn Clock,
    tap: &'a Tap,
    observer: &'a mut dyn Observer,
    schedule: Schedule,
    in_flight: &'a RefCell<InFlight>,
    calls: Vec<Call>,
    first_reads: &'a FirstReads,
    is_stopped: &'a Cell<bool>,
    stopped: Option<Nanos>,
    cpu: CpuWindow,
}

type Timer<'a> = (Nanos, Pin<Box<dyn Future<Output = ()> + Send + 'a>>);

impl Clients<'_> {
    async fn run(mut self) -> Drive {
        let mut answers = FuturesUnordered::new();
        let mut timer: Option<Timer<'_>> = None;
        loop {
            let now = self.clock.now();
            self.cpu.pass(now, self.clock);
            if self.is_stopped.get() {
                self.stopped.get_or_insert(now);
                self.schedule.close();
            }
            // Everything that is due starts now, however many that is: nothing owed is dropped.
            while let Some((intended, number)) = self.schedule.take_due(now) {
                let request = self.plan.request(number);
                let node = self.cluster.serving(request.node);
                let at = node.as_ref().map_or(request.node, |node| node.id);
                let (ticket, abort) = self.in_flight.borrow_mut().begin(at, now);
                let client = request::Client {
                    node,
                    rows: self.rows,
                    clock: self.clock,
                    tap: self.tap,
                    seed: self.plan.seed(),
                    first_reads: self.first_reads,
                };
                answers.push(async move { (ticket, client.send(request, intended, abort).await) });
            }
            self.in_flight.borrow_mut().abort_overdue(now);
            let deadline = self.in_flight.borrow().next_deadline();
            let wake = [self.schedule.next_due(), deadline].into_iter().flatten();
            let Some(wake) = wake.min() else { break };
            // A timer that rings too early costs one more turn; setting one costs a system call.
            let (_, ring) = match &mut timer {
                Some(timer) if timer.0 <= wake && timer.0 > now => timer,
                timer => timer.insert((wake, self.clock.sleep_until(wake))),
            };
            if answers.is_empty() {
                ring.await;
                continue;
            }
            if let Either::Left((Some((ticket, sample)), _)) = select(answers.next(), ring).await {
                self.in_flight.borrow_mut().end(ticket);
                self.answered(&sample);
            }
        }
        let in_flight = self.in_flight.borrow();
        Drive {
            requests: in_flight.started(),
            in_flight_peak: in_flight.peak(),
            cpu_share: self.cpu.share(self.clock.now(), self.clock.cpu()),
            stopped: self.stopped,
            faults: Vec::new(),
        }
    }

    fn answered(&mut self, sample: &Sample) {
        self.schedule.answered(sample);
        self.calls.clear();
        self.tap.take(&mut self.calls);
        self.observer.calls(&self.calls);
        // They have ended before this sample did, for it was reported as soon as it had.
        for read in self.first_reads.take() {
            self.observer.first_read(&read);
        }
        self.observer.sample(sample);
        self.observer.watermark(self.in_flight.borrow().watermark(sample.ended));
    }
}

/// The load thread's CPU time as the measured window opens and closes.
struct CpuWindow {
    bounds: [Nanos; 2],
    /// When each bound was first seen to have passed, and the CPU time by then.
    read: [Option<(Nanos, Nanos)>; 2],
}

impl CpuWindow {
    fn new(plan: &Plan, start: Nanos) -> Self {
        let opens = start + plan.warm_up();
        Self { bounds: [opens, opens + plan.duration()], read: [None; 2] }
    }

    fn pass(&mut self, now: Nanos, clock: &dyn Clock) {
        for (bound, read) in self.bounds.iter().zip(&mut self.read) {
            if now >= *bound && read.is_none() {
                *read = Some((now, clock.cpu()));
            }
        }
    }

    /// The share from the opening to the closing. A thread that is overwhelmed sees both too late:
    /// where it saw less than half of the window, what it did until the end counts.
    fn share(&self, ended: Nanos, cpu: Nanos) -> f64 {
        let half = Nanos((self.bounds[1] - self.bounds[0]).0 / 2);
        let (opened, closed) = match self.read {
            [Some(opened), Some(closed)] if closed.0 - opened.0 >= half => (opened, closed),
            [Some(opened), _] => (opened, (ended, cpu)),
            _ => ((Nanos::ZERO, Nanos::ZERO), (ended, cpu)),
        };
        (closed.1 - opened.1).as_secs_f64() / (closed.0 - opened.0).as_secs_f64().max(1e-9)
    }
}
