//! `run --tui`: the figures of a run as they come, drawn over the whole terminal by a thread of its own. The
//! load thread only leaves notes.

mod board;
mod screen;
mod view;

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use self::board::{Board, Turn};
use self::screen::Screen;
use super::Usage;
use crate::experiment::{Interval, Progress};
use crate::model::Nanos;
use crate::scenario::Loaded;

const REDRAW: Duration = Duration::from_millis(200);

/// The view, until this is dropped; then the terminal is as it was.
pub struct Live {
    /// Closed, it ends the thread.
    news: Option<Sender<News>>,
    /// How far the run has come on its own clock.
    now: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// What the load thread tells.
enum News {
    Begun(Turn),
    Passed(Box<Interval>),
}

/// Found out before anything is measured.
///
/// # Errors
/// If standard error, where it is drawn, is no terminal.
pub fn check() -> Result<(), Usage> {
    if io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Usage("--tui draws on a terminal, and standard error is none: leave it out".into()))
}

impl Live {
    /// A view of the runs of a scenario.
    ///
    /// # Errors
    /// If the terminal cannot be drawn on.
    pub fn of(loaded: &Loaded) -> io::Result<Self> {
        let mut screen = Screen::enter()?;
        let mut board = Board::of(loaded);
        let (news, heard) = mpsc::channel();
        let now = Arc::new(AtomicU64::new(0));
        let clock = now.clone();
        let thread = thread::spawn(move || {
            while hear(&heard, &mut board) {
                board.now = Nanos(clock.load(Ordering::Relaxed));
                // A terminal that is gone takes nothing with it: the run goes on.
                if screen.draw(&board).is_err() {
                    return;
                }
            }
        });
        Ok(Self { news: Some(news), now, thread: Some(thread) })
    }

    fn tell(&self, news: News) {
        // Nobody listens any more where the terminal is gone.
        let _ = self.news.as_ref().map(|sender| sender.send(news));
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.news.take();
        if let Some(thread) = self.thread.take() {
            // One that has panicked has told of that itself.
            let _ = thread.join();
        }
    }
}

impl Progress for Live {
    fn begin(&self, label: &str, repeat: u32, position: u32, total: u32) {
        self.now.store(0, Ordering::Relaxed);
        self.tell(News::Begun(Turn { label: label.into(), repeat, position, total }));
    }

    fn advance(&self, now: Nanos) {
        self.now.store(now.0, Ordering::Relaxed);
    }

    fn interval(&self, figures: &dyn Fn() -> Interval) {
        self.tell(News::Passed(Box::new(figures())));
    }
}

/// Takes in what was told since the last time, and waits a while for more; `false` at the end.
fn hear(heard: &Receiver<News>, board: &mut Board) -> bool {
    let mut next = heard.recv_timeout(REDRAW);
    loop {
        match next {
            Ok(News::Begun(turn)) => board.begin(turn),
            Ok(News::Passed(interval)) => board.add(&interval),
            Err(RecvTimeoutError::Timeout) => return true,
            Err(RecvTimeoutError::Disconnected) => return false,
        }
        next = heard.recv_timeout(Duration::ZERO);
    }
}
