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

/// One of them. What it returns ends all.
pub type Member<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// How many polls there are at least before whoever waits for the crew has a turn.
const UNINTERRUPTED: usize = 64;
/// How often time is skipped at most before the crew counts as resting: what its members leave for then
/// must not pile up through hours in which there is always somebody to be woken.
const SKIPS: usize = 1_024;

/// Runs all members, and whoever joins in on the way, until the first of them returns. Before the
/// thread has nothing more to do, `resting` is called; under virtual time, now and then.
pub async fn run<'a, T>(
    members: Vec<Member<'a, T>>,
    clock: &dyn Clock,
    joining: impl Fn() -> Vec<Member<'a, T>>,
    resting: impl Fn(),
) -> T {
    let bells = Bells::new();
    let ready = Ready::of(bells.crew());
    let mut crew = Crew { clock, newcomers: members, members: Vec::new(), bells, ready };
    poll_fn(|context| {
        let polled = crew.work(context, &joining, &resting);
        if polled.is_pending() {
            resting();
        }
        polled
    })
    .await
}

struct Crew<'a, 'c, T> {
    clock: &'c dyn Clock,
    newcomers: Vec<Member<'a, T>>,
    members: Vec<Member<'a, T>>,
    bells: Bells,
    /// Who is to be polled while the crew is not at work.
    ready: Ready,
}

impl<'a, T> Crew<'a, '_, T> {
    /// Polls whoever was woken, for as long as there is anybody.
    fn work(
        &mut self,
        context: &Context<'_>,
        joining: &impl Fn() -> Vec<Member<'a, T>>,
        resting: &impl Fn(),
    ) -> Poll<T> {
        // Where nobody of the crew was woken, it is for others to run before time may pass.
        let is_woken = self.bells.collect(context.waker(), &mut self.ready);
        let at_work = AtWork::enter(&mut self.ready);
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
            self.newcomers = joining();
            if !self.newcomers.is_empty() {
                continue;
            }
            // Whom time has woken may be somebody who is not of the crew.
            if !is_woken || !self.clock.skip_ahead() || at_work.is_quiet() {
                return Poll::Pending;
            }
            polls = 0;
            skips += 1;
            if skips % SKIPS == 0 {
                resting();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::pin::pin;

    use futures_util::future::{Either, join, pending, select};
    use tokio::sync::{Notify, oneshot};

    use super::*;
    use crate::clock::{SimClock, WallClock};
    use crate::model::Nanos;

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
        let end = clock.block_on(run(members, &clock, Vec::new, || {}));
        assert_eq!(end, 7);
        assert_eq!(*told.borrow(), [(2, 10), (0, 10), (1, 20), (3, 20)]);
    }

    #[test]
    fn who_joins_in_is_polled_and_may_end_it() {
        let clock = SimClock::new();
        let newcomers = RefCell::new(vec![boxed(async {
            clock.sleep_until(Nanos(5)).await;
            clock.now()
        })]);
        let joining = || std::mem::take(&mut *newcomers.borrow_mut());
        let end = clock.block_on(run(vec![boxed(pending())], &clock, joining, || {}));
        assert_eq!(end, Nanos(5));
    }

    #[test]
    fn a_crew_that_always_has_somebody_to_wake_rests_now_and_then() {
        let (clock, rests) = (SimClock::new(), RefCell::new(0));
        let member = boxed(async {
            for span in 1..=(3 * SKIPS as u64) {
                clock.sleep_until(Nanos(span)).await;
            }
        });
        clock.block_on(run(vec![member], &clock, Vec::new, || *rests.borrow_mut() += 1));
        assert!((3..10).contains(&*rests.borrow()), "{rests:?}");
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
        clock.block_on(join(run(vec![member], &clock, Vec::new, || {}), beside));
        assert_eq!(*seen.borrow(), [0, 20, 30]);
    }

    #[tokio::test]
    async fn a_member_that_another_thread_wakes_is_polled() {
        let (send, receive) = oneshot::channel();
        let thread = std::thread::spawn(move || send.send(3).unwrap());
        let members = vec![boxed(pending()), boxed(async { receive.await.unwrap() })];
        assert_eq!(run(members, &WallClock::new(), Vec::new, || {}).await, 3);
        thread.join().unwrap();
    }

    #[tokio::test]
    async fn members_that_are_never_at_rest_leave_others_a_turn() {
        let clock = WallClock::new();
        let restless = boxed(poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        }));
        let crew = pin!(run(vec![restless], &clock, Vec::new, || {}));
        let late = clock.sleep_until(clock.now() + Nanos::from_millis(1));
        assert!(matches!(select(crew, late).await, Either::Right(_)));
    }
}
