//! The machine's own time.

// This is the one place that may ask the machine for it: see clippy.toml.
#![allow(clippy::disallowed_methods)]

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use crate::model::Nanos;

/// The monotonic time of the machine, counted from when this was made.
#[derive(Clone)]
pub(super) struct WallTime {
    origin: Instant,
    #[cfg(target_os = "linux")]
    timers: Arc<timerfd::Timers>,
}

impl WallTime {
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
            #[cfg(target_os = "linux")]
            timers: Arc::default(),
        }
    }

    pub fn now(&self) -> Nanos {
        self.origin.elapsed().into()
    }

    pub fn since_now(&self) -> Self {
        Self { origin: Instant::now(), ..self.clone() }
    }

    pub async fn sleep_until(&self, deadline: Nanos) {
        let span = deadline.since(self.now());
        if span == Nanos::ZERO {
            return;
        }
        #[cfg(target_os = "linux")]
        if self.timers.sleep(span).await.is_ok() {
            return;
        }
        // Tokio's own timer wakes up to a millisecond late; it serves where there is no timerfd.
        tokio::time::sleep(span.into()).await;
    }
}

/// CPU time that the calling thread has used so far.
pub(super) fn cpu() -> Nanos {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Nanos::from_secs(spent.tv_sec as u64) + Nanos(spent.tv_nsec as u64)
}

/// The date and time in UTC, for naming runs: never for measuring.
pub fn utc_now() -> SystemTime {
    SystemTime::now()
}

/// Timers of the kernel, which wake within tens of microseconds.
#[cfg(target_os = "linux")]
mod timerfd {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::sync::{Mutex, PoisonError};
    use std::thread::{ThreadId, current};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    use crate::model::Nanos;

    /// Idle timers, kept for the next sleeper: making one costs four system calls, setting one costs one.
    #[derive(Default)]
    pub struct Timers {
        idle: Mutex<Vec<Timer>>,
    }

    /// A timer, and the thread whose reactor it belongs to: on another it would wake late.
    struct Timer {
        thread: ThreadId,
        file: AsyncFd<OwnedFd>,
    }

    impl Timers {
        pub async fn sleep(&self, span: Nanos) -> io::Result<()> {
            let timer = match self.idle_here() {
                Some(timer) => timer,
                None => Timer { thread: current().id(), file: new_timer()? },
            };
            let alarm = Itimerspec {
                it_interval: Timespec { tv_sec: 0, tv_nsec: 0 },
                it_value: Timespec {
                    tv_sec: (span.0 / 1_000_000_000) as i64,
                    tv_nsec: (span.0 % 1_000_000_000) as i64,
                },
            };
            timerfd_settime(timer.file.get_ref(), TimerfdTimerFlags::empty(), &alarm)?;
            loop {
                let mut ready = timer.file.readable().await?;
                let mut expirations = [0; 8];
                match ready.try_io(|fd| Ok(rustix::io::read(fd.get_ref(), &mut expirations[..])?)) {
                    Ok(read) => {
                        read?;
                        break;
                    }
                    Err(_would_block) => {}
                }
            }
            self.idle().push(timer);
            Ok(())
        }

        fn idle_here(&self) -> Option<Timer> {
            let (here, mut idle) = (current().id(), self.idle());
            let place = idle.iter().rposition(|timer| timer.thread == here)?;
            Some(idle.swap_remove(place))
        }

        fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Timer>> {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    #[allow(unsafe_code)]
    fn new_timer() -> io::Result<AsyncFd<OwnedFd>> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
        // SAFETY: an OwnedFd is open for as long as it lives, and the AsyncFd owns it.
        Ok(unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) }?)
    }
}
