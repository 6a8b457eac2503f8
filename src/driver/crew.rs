//! Many futures on one thread, of which only those are polled that were woken.
//!
//! A member is nearly always woken by another one, or by time that passes when none of them can go on.
//! Both happen on the crew's own thread while it works, and there a wake is a number in a list: no
//! atomic operation, and no way back through all who wait for the crew. Whoever wakes a member from
//! elsewhere leaves its number in a list under a lock, and wakes the crew.

mod bell;
mod ready;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use self::bell::Bells;
use self::ready::{AtWork, Ready};
use crate::clock::Clock;
use crate::model::Nanos;

/// One of them. What it returns ends all.
pub type Member<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// How many polls there are at least before whoever waits for the crew has a turn.
const UNINTERRUPTED: usize = 64;
/// How often time is skipped at most before the crew counts as resting: what its members leave for then
/// must not pile up through hours in which there is always somebody to be woken.
const SKIPS: usize = 1_024;

/// What there is to do for a crew beside its members.
pub trait Work<'a, T> {
    /// Adds whoever joins in. Asked for whenever the members have come to rest.
    fn add_newcomers(&self, to: &mut Vec<Member<'a, T>>);

    /// When there is something to begin next; `NEVER` where nothing is known of.
    fn next_due(&self) -> Nanos;

    /// Begins all that is due by `now`: that wakes members, or has others join in.
    fn begin_due(&self, now: Nanos);

    /// Does what was left for a quiet moment: before the crew rests, and now and then if it never does.
    fn pause(&self);

    /// The crew is awake, and looks at what is due by itself.
    fn awake(&self);

    /// Has the crew woken when something is due: it is about to rest.
    fn rest(&self, context: &mut Context<'_>);
}

/// Runs all members, and whoever joins in on the way, until the first of them returns.
pub async fn run<'a, T>(members: Vec<Member<'a, T>>, clock: &Clock, work: impl Work<'a, T>) -> T {
    let bells = Bells::new();
    let ready = Ready::of(bells.crew());
    let mut crew = Crew { clock, work, newcomers: members, members: Vec::new(), bells, ready };
    poll_fn(|context| {
        crew.work.awake();
        let polled = crew.poll(context);
        if polled.is_pending() {
            crew.work.pause();
            crew.work.rest(context);
        }
        polled
    })
    .await
}

struct Crew<'a, 'c, T, W> {
    clock: &'c Clock,
    work: W,
    newcomers: Vec<Member<'a, T>>,
    members: Vec<Member<'a, T>>,
    bells: Bells,
    /// Who is to be polled while the crew is not at work.
    ready: Ready,
}

impl<'a, T, W: Work<'a, T>> Crew<'a, '_, T, W> {
    /// Polls whoever was woken, and begins what is due, for as long as there is anything.
    fn poll(&mut self, context: &Context<'_>) -> Poll<T> {
        let is_woken = self.bells.collect(context.waker(), &mut self.ready);
        let at_work = AtWork::enter(&mut self.ready);
        // Where it was for nobody of the crew, it is for others to run before time may pass.
        let may_skip = begin_due(self.clock, &self.work) || is_woken;
        let most = self.members.len().max(UNINTERRUPTED);
        let (mut polls, mut skips) = (0, 0);
        loop {
            // Hardly ever is there any: to drain nothing takes time, too.
            if !self.newcomers.is_empty() {
                for member in self.newcomers.drain(..) {
                    at_work.add();
                    self.members.push(member);
                }
            }
            while let Some(member) = at_work.next() {
                if polls == most {
                    at_work.ring(member);
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                polls += 1;
                let waker = self.bells.waker(member);
                let polled =
                    self.members[member as usize].as_mut().poll(&mut Context::from_waker(&waker));
                if polled.is_ready() {
                    return polled;
                }
            }
            self.work.add_newcomers(&mut self.newcomers);
            if !self.newcomers.is_empty() || begin_due(self.clock, &self.work) {
                continue;
            }
            let has_skipped = may_skip && self.clock.skip_ahead(self.work.next_due());
            // Whom time has woken may be somebody who is not of the crew.
            if !has_skipped || (at_work.is_quiet() && !begin_due(self.clock, &self.work)) {
                return Poll::Pending;
            }
            polls = 0;
            skips += 1;
            if skips % SKIPS == 0 {
                self.work.pause();
            }
        }
    }
}

/// Begins what is due, and says whether anything was.
fn begin_due<'a, T>(clock: &Clock, work: &impl Work<'a, T>) -> bool {
    let now = clock.now();
    let is_due = work.next_due() <= now;
    if is_due {
        work.begin_due(now);
    }
    is_due
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::pin::pin;

    use futures_util::FutureExt;
    use futures_util::future::{Either, join, pending, select};
    use tokio::sync::{Notify, oneshot};

    use super::*;
    use crate::clock::{Clock, SimClock, Sleep};

    /// Nothing but those who are to join in, and how often the crew stood still.
    struct Idle<'a, T> {
        newcomers: RefCell<Vec<Member<'a, T>>>,
        pauses: Cell<u32>,
    }

    impl<'a, T> Work<'a, T> for &Idle<'a, T> {
        fn add_newcomers(&self, to: &mut Vec<Member<'a, T>>) {
            to.append(&mut self.newcomers.borrow_mut());
        }

        fn next_due(&self) -> Nanos {
            Nanos::NEVER
        }

        fn begin_due(&self, _: Nanos) {}

        fn pause(&self) {
            self.pauses.set(self.pauses.get() + 1);
        }

        fn awake(&self) {}

        fn rest(&self, _: &mut Context<'_>) {}
    }

    fn idle<'a, T>() -> Idle<'a, T> {
        Idle { newcomers: RefCell::default(), pauses: Cell::default() }
    }

    /// Wakes a member at certain instants.
    struct Rounds<'c> {
        clock: &'c SimClock,
        due: RefCell<Vec<u64>>,
        bell: Notify,
        timer: RefCell<Option<Sleep<'c>>>,
    }

    impl<'a, T> Work<'a, T> for &Rounds<'_> {
        fn add_newcomers(&self, _: &mut Vec<Member<'a, T>>) {}

        fn next_due(&self) -> Nanos {
            self.due.borrow().last().copied().map_or(Nanos::NEVER, Nanos)
        }

        fn begin_due(&self, now: Nanos) {
            assert_eq!(self.due.borrow_mut().pop(), Some(now.0));
            self.bell.notify_one();
        }

        fn pause(&self) {}

        fn awake(&self) {
            self.timer.take();
        }

        fn rest(&self, context: &mut Context<'_>) {
            let mut timer = self.clock.sleep_until(Work::<'_, T>::next_due(self));
            assert!(timer.poll_unpin(context).is_pending());
            self.timer.replace(Some(timer));
        }
    }

    fn boxed<'a, T>(member: impl Future<Output = T> + 'a) -> Member<'a, T> {
        Box::pin(member)
    }

    #[test]
    fn members_run_in_the_order_in_which_they_were_woken() {
        let (clock, told) = (SimClock::new(), RefCell::new(Vec::new()));
        let tell = |who: u32| told.borrow_mut().push((who, clock.now().0));
        let bell = Notify::new();
        let waits = boxed(async {
            bell.notified().await;
            tell(0);
            pending().await
        });
        let sleeps = |who, span: u64| {
            let (clock, bell) = (&clock, &bell);
            boxed(async move {
                clock.sleep_until(Nanos(span)).await;
                tell(who);
                bell.notify_one();
                if who == 3 { 7 } else { pending().await }
            })
        };
        let members = vec![waits, sleeps(1, 20), sleeps(2, 10), sleeps(3, 20)];
        let end = clock.block_on(run(members, &clock, &idle()));
        assert_eq!(end, 7);
        assert_eq!(*told.borrow(), [(2, 10), (0, 10), (1, 20), (3, 20)]);
    }

    #[test]
    fn who_joins_in_is_polled_and_may_end_it() {
        let clock = SimClock::new();
        let newcomer = boxed(async {
            clock.sleep_until(Nanos(5)).await;
            clock.now()
        });
        let idle = Idle { newcomers: RefCell::new(vec![newcomer]), ..idle() };
        let end = clock.block_on(run(vec![boxed(pending())], &clock, &idle));
        assert_eq!(end, Nanos(5));
    }

    #[test]
    fn a_crew_that_always_has_somebody_to_wake_rests_now_and_then() {
        let (clock, idle) = (SimClock::new(), idle());
        let member = boxed(async {
            for span in 1..=(3 * SKIPS as u64) {
                clock.sleep_until(Nanos(span)).await;
            }
        });
        clock.block_on(run(vec![member], &clock, &idle));
        assert!((3..10).contains(&idle.pauses.get()), "{:?}", idle.pauses);
    }

    #[test]
    fn what_is_due_begins_on_time_between_the_timers_of_members() {
        let (clock, told) = (SimClock::new(), RefCell::new(Vec::new()));
        let due = RefCell::new(vec![45, 35, 30, 5]);
        let rounds = Rounds { clock: &clock, due, bell: Notify::new(), timer: RefCell::default() };
        let tell = |who: &'static str| told.borrow_mut().push((who, clock.now().0));
        let waits = boxed(async {
            loop {
                rounds.bell.notified().await;
                tell("due");
            }
        });
        let sleeps = boxed(async {
            for span in [10, 20, 30, 50] {
                clock.sleep_until(Nanos(span)).await;
                tell("slept");
            }
        });
        clock.block_on(run(vec![waits, sleeps], &clock, &rounds));
        let mut expected =
            vec![("due", 5), ("slept", 10), ("slept", 20), ("slept", 30), ("due", 30)];
        expected.extend([("due", 35), ("due", 45), ("slept", 50)]);
        assert_eq!(*told.borrow(), expected);
    }

    /// Somebody beside the crew, who is polled after it, must not miss the time that the crew skips.
    #[test]
    fn time_does_not_pass_while_somebody_beside_the_crew_can_run() {
        let clock = SimClock::new();
        let seen = RefCell::new(Vec::new());
        let (send, receive) = oneshot::channel();
        let member = boxed(async {
            for span in [10, 20, 30] {
                clock.sleep_until(Nanos(span)).await;
            }
            send.send(()).unwrap();
            for span in [40, 50] {
                clock.sleep_until(Nanos(span)).await;
            }
        });
        let beside = async {
            seen.borrow_mut().push(clock.now().0);
            clock.sleep_until(Nanos(20)).await;
            seen.borrow_mut().push(clock.now().0);
            receive.await.unwrap();
            seen.borrow_mut().push(clock.now().0);
        };
        clock.block_on(join(run(vec![member], &clock, &idle()), beside));
        assert_eq!(*seen.borrow(), [0, 20, 30]);
    }

    #[tokio::test]
    async fn a_member_that_another_thread_wakes_is_polled() {
        let (send, receive) = oneshot::channel();
        let thread = std::thread::spawn(move || send.send(3).unwrap());
        let members = vec![boxed(pending()), boxed(async { receive.await.unwrap() })];
        assert_eq!(run(members, &Clock::wall(), &idle()).await, 3);
        thread.join().unwrap();
    }

    #[tokio::test]
    async fn members_that_are_never_at_rest_leave_others_a_turn() {
        let (clock, idle) = (Clock::wall(), idle());
        let restless = boxed(poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        let crew = pin!(run(vec![restless], &clock, &idle));
        let late = clock.sleep_until(clock.now() + Nanos::from_millis(1));
        assert!(matches!(select(crew, late).await, Either::Right(_)));
    }
}
