//! The clients of one lane: who sends what is due, and what comes of it.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures_util::future::select;
use tokio::task::yield_now;

use super::cpu::CpuWindow;
use super::in_flight::InFlight;
use super::request::{Client, Ended, Part};
use super::schedule::{Due, Schedule};
use super::seat::Seat;
use super::{Cluster, Course, Drive, Observer};
use crate::backend::Tap;
use crate::clock::Sleep;
use crate::model::{Call, Nanos, NodeId, Sample};
use crate::workload::Pacing;

/// How many answers an issuer takes in a row that need no waiting, before it lets others have a turn.
const UNINTERRUPTED: u32 = 16;

/// How many requests end at most before the observer is told, who is told in any case before the thread
/// rests.
const TOLD_AT_ONCE: usize = 64;

/// How long before its time a request is waited for by looking at the clock, where that is asked for:
/// later than this no timer rings unless the machine is busy.
const SPIN: Nanos = Nanos::from_micros(60);

/// All clients of one lane, on one thread. Each request in flight has an issuer, which sends it, waits
/// for its answer, records it and goes on with whatever is due next. There are as many as were ever
/// needed at once.
pub struct Traffic<'a> {
    cluster: &'a Cluster<'a>,
    course: &'a Course<'a>,
    tap: &'a Tap,
    observer: RefCell<&'a mut dyn Observer>,
    schedule: RefCell<Schedule<'a>>,
    in_flight: RefCell<InFlight>,
    idle: RefCell<Vec<Rc<Seat>>>,
    /// Requests that were handed out and not answered.
    handed_out: Cell<u64>,
    /// Seats that have no issuer yet.
    new_seats: RefCell<Vec<Rc<Seat>>>,
    calls: RefCell<Vec<Call>>,
    ended: Ended,
    is_stopped: Cell<bool>,
    nudge: Nudge,
}

impl<'a> Traffic<'a> {
    pub fn new(
        cluster: &'a Cluster<'a>,
        course: &'a Course<'a>,
        tap: &'a Tap,
        observer: &'a mut dyn Observer,
    ) -> Self {
        Self {
            cluster,
            course,
            tap,
            observer: RefCell::new(observer),
            schedule: RefCell::new(Schedule::new(course.plan, course.lane, course.start)),
            in_flight: RefCell::new(InFlight::new(course.plan.timeout())),
            idle: RefCell::default(),
            handed_out: Cell::new(0),
            new_seats: RefCell::default(),
            calls: RefCell::default(),
            ended: Ended::default(),
            is_stopped: Cell::new(false),
            nudge: Nudge::default(),
        }
    }

    /// Lets no further request start.
    pub fn stop(&self) {
        self.is_stopped.set(true);
        self.nudge.give();
    }

    /// Gives up every request that the node works on.
    pub fn give_up_node(&self, node: NodeId) {
        self.in_flight.borrow().give_up_node(node);
    }

    /// Hands out every request at its time, and gives up what is overdue, until the last is answered.
    pub async fn pace(&self) -> Drive {
        let Course { plan, clock, start, .. } = *self.course;
        let early = match self.course.pacing {
            Pacing::Timer => Nanos::ZERO,
            Pacing::Spin => SPIN,
        };
        let mut cpu = CpuWindow::new(plan, start);
        let mut stopped = None;
        let mut timer: Option<Timer<'_>> = None;
        loop {
            let now = clock.now();
            cpu.pass(now, clock);
            if self.is_stopped.get() {
                stopped.get_or_insert(now);
                self.schedule.borrow_mut().close();
            }
            self.hand_out(now);
            self.in_flight.borrow_mut().give_up_overdue(now);
            let due = self.schedule.borrow().next_due();
            if self.handed_out.get() == 0 && due.is_none() {
                break;
            }
            // What was handed out just now has not started, and will be overdue no earlier than this.
            let to_start = (self.handed_out.get() > 0).then(|| now + plan.timeout());
            let deadline = self.in_flight.borrow().next_deadline().or(to_start);
            let wake = [due, deadline, cpu.next()].into_iter().flatten().min();
            self.nudge.wanted_before(wake.unwrap_or(Nanos::NEVER));
            let Some(wake) = wake else {
                self.nudge.wait().await;
                continue;
            };
            let ring_at = wake - early;
            if now >= ring_at {
                yield_now().await;
                continue;
            }
            // A timer that rings too early costs one more turn; setting one costs a system call.
            let (_, ring) = match &mut timer {
                Some(timer) if timer.0 <= ring_at && timer.0 > now => timer,
                timer => timer.insert((ring_at, clock.sleep_until(ring_at))),
            };
            select(ring, pin!(self.nudge.wait())).await;
        }
        let in_flight = self.in_flight.borrow();
        Drive {
            requests: in_flight.started(),
            in_flight_peak: in_flight.peak(),
            cpu_share: cpu.share(clock.now(), clock.cpu()),
            stopped,
            faults: Vec::new(),
        }
    }

    /// Hands out everything that is due, however many that is: nothing owed is dropped.
    fn hand_out(&self, now: Nanos) {
        loop {
            let Some(due) = self.schedule.borrow_mut().take_due(now) else { return };
            self.handed_out.set(self.handed_out.get() + 1);
            let idle = self.idle.borrow_mut().pop();
            let seat = idle.unwrap_or_else(|| {
                let seat = Rc::new(Seat::default());
                self.new_seats.borrow_mut().push(seat.clone());
                seat
            });
            seat.hand(due);
        }
    }

    pub fn has_newcomers(&self) -> bool {
        !self.new_seats.borrow().is_empty()
    }

    /// An issuer for every seat that has none yet.
    pub fn newcomers(&self) -> impl Iterator<Item = impl Future<Output = Drive>> {
        let seats = std::mem::take(&mut *self.new_seats.borrow_mut());
        seats.into_iter().map(|seat| self.issue(seat))
    }

    /// Sends one request after the other, without end.
    async fn issue(&self, seat: Rc<Seat>) -> Drive {
        let mut uninterrupted = 0;
        loop {
            let mut next = Some(seat.next().await);
            while let Some(due) = next {
                let (sample, waited) = self.send(&seat, due).await;
                let ended = sample.ended;
                self.answered(sample);
                next = self.go_on(ended);
                uninterrupted = if waited { 0 } else { uninterrupted + 1 };
                if uninterrupted == UNINTERRUPTED {
                    uninterrupted = 0;
                    give_way().await;
                }
            }
            self.idle.borrow_mut().push(seat.clone());
        }
    }

    /// Sends the request now and waits for its answer. Says whether there was a wait.
    async fn send(&self, seat: &Rc<Seat>, due: Due) -> (Sample, bool) {
        let Course { plan, rows, clock, .. } = *self.course;
        let request = plan.request(due.number);
        let node = self.cluster.serving(request.node);
        let started = clock.now();
        let at = node.as_ref().map_or(request.node, |node| node.id);
        let ticket = self.in_flight.borrow_mut().begin(at, started, seat.clone());
        let client =
            Client { node, rows, clock, tap: self.tap, seed: plan.seed(), ended: &self.ended };
        let sent = client.send(request, due.intended.unwrap_or(started), started, seat).await;
        self.in_flight.borrow_mut().end(ticket);
        sent
    }

    fn answered(&self, sample: Sample) {
        self.schedule.borrow_mut().answered(&sample);
        if self.ended.add(Part::Request, sample) >= TOLD_AT_ONCE {
            self.tell();
        }
    }

    /// Tells the observer of all that has ended since the last time. Many at once, for what judges and
    /// counts them would be loaded into the processor's caches for each of them else.
    pub fn tell(&self) {
        let mut observer = self.observer.borrow_mut();
        let mut calls = self.calls.borrow_mut();
        calls.clear();
        // Those of the requests that have ended are among them.
        self.tap.take(&mut calls);
        self.ended.each_key(|key| observer.expect(key));
        observer.calls(&calls);
        let last = self.ended.take_each(|part, sample| match part {
            Part::Request => observer.sample(sample),
            Part::FirstRead => observer.first_read(sample),
        });
        if let Some(last) = last {
            observer.watermark(self.in_flight.borrow().watermark(last));
        }
    }

    /// What the one who has just had an answer is to send now, if anything is due. Whatever else is due
    /// is handed to others: an answer is as good an occasion for it as a timer, and on a busy thread an
    /// earlier one.
    fn go_on(&self, now: Nanos) -> Option<Due> {
        // Whether it is time to end is for the pace to say.
        let next =
            if self.is_stopped.get() { None } else { self.schedule.borrow_mut().take_due(now) };
        if next.is_some() {
            self.hand_out(now);
        } else {
            self.handed_out.set(self.handed_out.get() - 1);
        }
        let due = self.schedule.borrow().next_due();
        let is_over = self.handed_out.get() == 0;
        if is_over || due.is_some_and(|due| self.nudge.is_wanted_before(due)) {
            self.nudge.give();
        }
        next
    }
}

type Timer<'a> = (Nanos, Sleep<'a>);

/// Lets everybody else who can run have a turn.
async fn give_way() {
    let mut is_back = false;
    poll_fn(|context| {
        if std::mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// How the pace is told that it has to look before its timer rings.
#[derive(Default)]
struct Nudge {
    is_given: Cell<bool>,
    /// What is due before this it does not know of.
    before: Cell<Nanos>,
    waiting: RefCell<Option<Waker>>,
}

impl Nudge {
    fn give(&self) {
        self.is_given.set(true);
        if let Some(waiting) = &*self.waiting.borrow() {
            waiting.wake_by_ref();
        }
    }

    fn wanted_before(&self, instant: Nanos) {
        self.before.set(instant);
    }

    fn is_wanted_before(&self, due: Nanos) -> bool {
        due < self.before.get()
    }

    async fn wait(&self) {
        poll_fn(|context| {
            if self.is_given.take() {
                return Poll::Ready(());
            }
            let mut waiting = self.waiting.borrow_mut();
            if !waiting.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
                *waiting = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

/// The end of the others, for one that has none of its own.
pub async fn never<T>(work: impl Future<Output = ()>) -> T {
    work.await;
    pending().await
}
