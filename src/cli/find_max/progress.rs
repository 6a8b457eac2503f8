//! How far a search has come, drawn by a thread of its own: the load thread only leaves notes. How many
//! steps it will take is not known, so the bar is that of the step under way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indicatif::ProgressBar;

use super::super::progress::Drawing;
use crate::experiment::Progress;
use crate::experiment::find_max::{Trial, Watching};
use crate::model::Nanos;
use crate::record::ceilings::{Phase, Step};
use crate::report::ceilings::{rate, told};

/// A bar for the step under way on a terminal, a line for each step that is over elsewhere.
pub struct Display {
    warm_up: Nanos,
    notes: Arc<Notes>,
    drawing: Option<Drawing>,
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
        let drawn = notes.clone();
        let template = "{bar:20} {percent:>3} %  {msg}";
        let drawing = Drawing::on_terminal(template, move |bar| drawn.draw(bar));
        Self { warm_up, notes, drawing }
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
        if self.drawing.is_none() {
            let (number, rate) = (step.position + 1, rate(step.rate));
            eprintln!("[{number}] {label} at {rate} req/s: {}", told(step));
        }
    }
}

impl Notes {
    fn draw(&self, bar: &ProgressBar) {
        let length = self.length.load(Ordering::Relaxed);
        bar.set_message(self.message.lock().unwrap_or_else(PoisonError::into_inner).clone());
        bar.set_length(length / 1_000_000);
        bar.set_position(self.now.load(Ordering::Relaxed).min(length) / 1_000_000);
    }
}
