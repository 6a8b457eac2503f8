//! The clients of a run: who sends what is due, and what comes of it.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::rc::Rc;
use std::task::{Context, Poll};

use super::crew::{Member, Work};
use super::in_flight::InFlight;
use super::nudge::Nudge;
use super::pacer::Pacer;
use super::request::{Answered, Client, Ended, Part, Start};
use super::schedule::{Due, Schedule};
use super::seat::Seat;
use super::{Cluster, Course, Drive, Observer};
use crate::backend::Tap;
use crate::model::{Call, Key, Nanos, NodeId};

/// How many answers an issuer takes in a row that need no waiting, before it lets others have a turn.
const UNINTERRUPTED: u32 = 16;

/// How many requests end at most before the observer is told, who is told in any case before the thread
/// rests.
const TOLD_AT_ONCE: usize = 64;

/// All clients of a run, on one thread. Each request in flight has an issuer, which sends it, waits
/// for its answer, records it and goes on with whatever is due next. There are as many as were ever
/// needed at once.
pub struct Traffic<'a> {
    cluster: &'a Cluster<'a>,
    course: &'a Course<'a>,
    client: Client<'a>,
    observer: RefCell<&'a mut dyn Observer>,
    schedule: RefCell<Schedule<'a>>,
    in_flight: RefCell<InFlight>,
    idle: RefCell<Vec<Rc<Seat>>>,
    pacer: RefCell<Pacer<'a>>,
    /// Requests that were handed out and not answered.
    handed_out: Cell<u64>,
    /// Seats that have no issuer yet.
    new_seats: RefCell<Vec<Rc<Seat>>>,
    calls: RefCell<Vec<Call>>,
    keys: RefCell<Vec<Key>>,
    stopped: Cell<Option<Nanos>>,
    nudge: Nudge,
}

impl<'a> Traffic<'a> {
    pub fn new(
        cluster: &'a Cluster<'a>,
        course: &'a Course<'a>,
        tap: &'a Tap,
        observer: &'a mut dyn Observer,
    ) -> Self {
        let Course { plan, rows, clock, .. } = *course;
        let client = Client { rows, clock, tap, seed: plan.seed(), ended: Ended::default() };
        Self {
            cluster,
            course,
            client,
            observer: RefCell::new(observer),
            schedule: RefCell::new(Schedule::new(course.plan, course.start, course.counts)),
            in_flight: RefCell::new(InFlight::new(course.plan.timeout())),
            idle: RefCell::default(),
            pacer: RefCell::new(Pacer::new(course.clock, course.pacing)),
            handed_out: Cell::new(0),
            new_seats: RefCell::default(),
            calls: RefCell::default(),
            keys: RefCell::default(),
            stopped: Cell::new(None),
            nudge: Nudge::default(),
        }
    }

    /// Lets no further request start.
    pub fn stop(&self) {
        self.stopped.set(Some(self.course.clock.now()));
        self.schedule.borrow_mut().close();
        self.nudge.give();
    }

    /// Gives up every request that the node works on.
    pub fn give_up_node(&self, node: NodeId) {
        self.in_flight.borrow().give_up_node(node);
    }

    pub const fn nudge(&self) -> &Nudge {
        &self.nudge
    }

    /// Gives up what is overdue by `now`, and says until when nothing else will be. `None` when all is over.
    pub fn give_up_overdue(&self, now: Nanos) -> Option<Nanos> {
        let mut in_flight = self.in_flight.borrow_mut();
        in_flight.give_up_overdue(now);
        if self.handed_out.get() == 0 && self.schedule.borrow().next_due() == Nanos::NEVER {
            return None;
        }
        // What has not started yet will be overdue no earlier than this.
        let latest = now + self.course.plan.timeout();
        Some(in_flight.next_deadline().map_or(latest, |deadline| deadline.min(latest)))
    }

    /// What there is to say of it when all is over.
    pub fn drive(&self) -> Drive {
        let in_flight = self.in_flight.borrow();
        let (requests, in_flight_peak) = (in_flight.started(), in_flight.peak());
        let census = self.schedule.borrow_mut().take_census();
        Drive { requests, in_flight_peak, stopped: self.stopped.get(), census, ..Drive::default() }
    }

    /// Hands out everything that is due, however many that is: nothing owed is dropped.
    fn hand_out(&self, now: Nanos) {
        while let Some(due) = self.take_due(now) {
            self.idle_seat().hand(due);
        }
    }

    /// Takes the next request if it is due.
    fn take_due(&self, now: Nanos) -> Option<Due> {
        let due = self.schedule.borrow_mut().take_due(now)?;
        self.handed_out.set(self.handed_out.get() + 1);
        Some(due)
    }

    /// One whose issuer has nothing to do, or one that is to have an issuer.
    fn idle_seat(&self) -> Rc<Seat> {
        let idle = self.idle.borrow_mut().pop();
        idle.unwrap_or_else(|| {
            let seat = Rc::new(Seat::default());
            self.new_seats.borrow_mut().push(seat.clone());
            seat
        })
    }

    fn issuer(&self, seat: Rc<Seat>) -> Member<'_, Drive> {
        Box::pin(self.issue(seat))
    }

    /// Sends one request after the other, without end.
    async fn issue(&self, seat: Rc<Seat>) -> Drive {
        loop {
            let mut due = seat.next().await;
            let mut uninterrupted = 0;
            loop {
                let answered = self.send(&seat, &due).await;
                let Some(next) = self.answered(&seat, &answered) else { break };
                due = next;
                uninterrupted = if answered.waited { 0 } else { uninterrupted + 1 };
                if uninterrupted == UNINTERRUPTED {
                    uninterrupted = 0;
                    give_way().await;
                }
            }
        }
    }

    /// Sends the request now and waits for its answer.
    async fn send(&self, seat: &Rc<Seat>, due: &Due) -> Answered {
        let node = self.cluster.serving(due.request.node);
        let started = self.course.clock.now();
        let at = node.as_ref().map_or(due.request.node, |node| node.id);
        let ticket = self.in_flight.borrow_mut().begin(at, started, seat.clone());
        let intended = due.intended.unwrap_or(started);
        let start = Start { request: &due.request, intended, at: started };
        let answered = self.client.send(node.as_deref(), &start, seat).await;
        self.in_flight.borrow_mut().end(ticket);
        answered
    }

    /// What the one who has just had an answer is to send now, if anything is due. Whatever else is due
    /// is handed to others: an answer is as good an occasion for it as a timer, and on a busy thread an
    /// earlier one.
    fn answered(&self, seat: &Rc<Seat>, answered: &Answered) -> Option<Due> {
        let Answered { request, ended, untold, .. } = *answered;
        self.schedule.borrow_mut().answered(request, ended);
        if untold >= TOLD_AT_ONCE {
            self.tell();
        }
        let next = self.take_due(ended);
        match next {
            Some(_) => self.hand_out(ended),
            None => self.idle.borrow_mut().push(seat.clone()),
        }
        self.handed_out.set(self.handed_out.get() - 1);
        if self.handed_out.get() == 0 && self.schedule.borrow().next_due() == Nanos::NEVER {
            self.nudge.give();
        }
        next
    }

    /// Tells the observer of all that has ended since the last time. Many at once, for what judges and
    /// counts them would be loaded into the processor's caches for each of them else.
    pub fn tell(&self) {
        let mut observer = self.observer.borrow_mut();
        let mut calls = self.calls.borrow_mut();
        // Those of the requests that have ended are among them.
        self.client.tap.take(&mut calls);
        let mut keys = self.keys.borrow_mut();
        self.client.ended.keys(&mut keys);
        observer.expect(&keys);
        observer.calls(&calls);
        let last = self.client.ended.take_each(|part, sample| match part {
            Part::Request => observer.sample(sample),
            Part::FirstRead => observer.first_read(sample),
        });
        if let Some(last) = last {
            observer.watermark(self.in_flight.borrow().watermark(last));
        }
    }
}

impl<'t> Work<'t, Drive> for &'t Traffic<'_> {
    /// An issuer for every seat that has none yet.
    #[inline]
    fn add_newcomers(&self, to: &mut Vec<Member<'t, Drive>>) {
        // Asked for whenever time passes, and nearly always nobody joins.
        if !self.new_seats.borrow().is_empty() {
            to.extend(self.new_seats.take().into_iter().map(|seat| self.issuer(seat)));
        }
    }

    fn next_due(&self) -> Nanos {
        self.schedule.borrow().next_due()
    }

    fn begin_due(&self, now: Nanos) {
        self.hand_out(now);
    }

    fn pause(&self) {
        self.tell();
    }

    fn awake(&self) {
        self.pacer.borrow_mut().awake();
    }

    fn rest(&self, context: &mut Context<'_>) {
        self.pacer.borrow_mut().wait(self.next_due(), context);
    }
}

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

/// The end of the others, for one that has none of its own.
pub async fn never<T>(work: impl Future<Output = ()>) -> T {
    work.await;
    pending().await
}
