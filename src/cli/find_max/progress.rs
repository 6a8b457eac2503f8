//! How far a search has come, drawn by a thread of its own: the load thread only leaves notes. How many
//! steps it will take is not known, so the bar is that of the step under way.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::experiment::Progress;
use crate::experiment::find_max::{Trial, Watching};
use crate::model::Nanos;
use crate::record::ceilings::{Phase, Step};
use crate::report::ceilings::{rate, told};

const REDRAW: Duration = Duration::from_millis(200);

/// A bar for the step under way on a terminal, a line for each step that is over elsewhere.
pub struct Display {
    warm_up: Nanos,
    notes: Arc<Notes>,
    is_terminal: bool,
    /// Closed, it ends the drawing.
    end: Option<Sender<()>>,
    drawing: Option<JoinHandle<()>>,
}

/// What the load thread leaves for the drawing thread.
#[derive(Default)]
struct Notes {
    now: AtomicU64,
    length: AtomicU64,
    message: Mutex<String>,
}

impl Display {
    /// For steps that each begin with this warm-up.
    pub fn new(warm_up: Nanos) -> Self {
        let notes = Arc::<Notes>::default();
        let is_terminal = std::io::stderr().is_terminal();
        let (end, ended) = mpsc::channel();
        let drawing = is_terminal.then(|| {
            let notes = notes.clone();
            std::thread::spawn(move || {
                let bar = bar();
                while ended.recv_timeout(REDRAW) == Err(RecvTimeoutError::Timeout) {
                    notes.draw(&bar);
                }
                bar.finish_and_clear();
            })
        });
        Self { warm_up, notes, is_terminal, end: Some(end), drawing }
    }
}

impl Progress for Display {
    fn begin(&self, _: &str, _: u32, _: u32, _: u32) {}

    fn advance(&self, now: Nanos) {
        self.notes.now.store(now.0, Ordering::Relaxed);
    }
}

impl Watching for Display {
    fn step(&self, label: &str, trial: &Trial, window: Nanos, found: usize, total: usize) {
        let how = match trial.phase {
            Phase::Climb => "climbing",
            Phase::Narrow => "narrowing down",
            Phase::Confirm => "confirming",
        };
        let rate = rate(trial.rate);
        let text = format!("{label} at {rate} req/s, {how}; {found} of {total} found");
        *self.notes.message.lock().unwrap_or_else(PoisonError::into_inner) = text;
        self.notes.length.store((self.warm_up + window).0, Ordering::Relaxed);
        self.notes.now.store(0, Ordering::Relaxed);
    }

    fn stepped(&self, label: &str, step: &Step) {
        if !self.is_terminal {
            let (number, rate) = (step.position + 1, rate(step.rate));
            eprintln!("[{number}] {label} at {rate} req/s: {}", told(step));
        }
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.end.take();
        if let Some(drawing) = self.drawing.take() {
            // A thread that has panicked has drawn nothing worth waiting for.
            let _ = drawing.join();
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:20} {percent:>3} %  {msg}")
        .expect("the template is well formed");
    ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr()).with_style(style)
}

impl Notes {
    fn draw(&self, bar: &ProgressBar) {
        let length = self.length.load(Ordering::Relaxed);
        bar.set_message(self.message.lock().unwrap_or_else(PoisonError::into_inner).clone());
        bar.set_length(length / 1_000_000);
        bar.set_position(self.now.load(Ordering::Relaxed).min(length) / 1_000_000);
    }
}
