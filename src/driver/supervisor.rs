//! Who gives up what is overdue, looks at the clock when the window opens and closes, and ends the run.

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use futures_util::FutureExt;

use super::cpu::CpuWindow;
use super::traffic::Traffic;
use super::{Course, Drive};
use crate::clock::Sleep;
use crate::model::Nanos;

/// Sees to the traffic of `course` until its last request is answered.
pub async fn supervise<'a>(traffic: &Traffic<'a>, course: &'a Course<'a>) -> Drive {
    let cpu = CpuWindow::new(course.plan, course.start);
    let mut supervisor = Supervisor { traffic, course, cpu, timer: None };
    poll_fn(|context| supervisor.look(context)).await;
    let (cpu, clock) = (supervisor.cpu, course.clock);
    Drive { cpu_share: cpu.share(clock.now(), clock.cpu()), ..traffic.drive() }
}

struct Supervisor<'t, 'a> {
    traffic: &'t Traffic<'a>,
    course: &'a Course<'a>,
    cpu: CpuWindow,
    /// When it rings, and what is waited for until then.
    timer: Option<(Nanos, Sleep<'a>)>,
}

impl Supervisor<'_, '_> {
    /// Does what is to be done by now, and waits until there may be more.
    fn look(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let clock = self.course.clock;
        loop {
            let now = clock.now();
            self.cpu.pass(now, clock);
            // Before it is looked at whether there is anything to do: none of it goes unnoticed.
            self.traffic.nudge().wait(context.waker());
            let Some(deadline) = self.traffic.give_up_overdue(now) else {
                return Poll::Ready(());
            };
            let wake = self.cpu.next().map_or(deadline, |bound| bound.min(deadline));
            let (_, ring) = match &mut self.timer {
                Some(timer) if timer.0 == wake => timer,
                timer => timer.insert((wake, clock.sleep_until(wake))),
            };
            ready!(ring.poll_unpin(context));
            self.timer = None;
        }
    }
}
