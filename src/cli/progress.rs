//! How far a run has come, drawn by a thread of its own: the load thread only leaves notes.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::experiment::Progress;
use crate::model::Nanos;
use crate::scenario::Scenario;

const REDRAW: Duration = Duration::from_millis(200);

/// A bar on a terminal that is drawn again and again, until this is dropped.
pub struct Drawing {
    /// Closed, it ends the thread.
    end: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Drawing {
    /// A bar of this template with `redraw` for what it shows; `None` where there is no terminal.
    pub fn on_terminal(
        template: &str,
        redraw: impl Fn(&ProgressBar) + Send + 'static,
    ) -> Option<Self> {
        if !std::io::stderr().is_terminal() {
            return None;
        }
        let style = ProgressStyle::with_template(template).expect("the template is well formed");
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        let bar = bar.with_style(style);
        let (end, ended) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            while ended.recv_timeout(REDRAW) == Err(RecvTimeoutError::Timeout) {
                redraw(&bar);
            }
            bar.finish_and_clear();
        });
        Some(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Drawing {
    fn drop(&mut self) {
        self.end.take();
        if let Some(thread) = self.thread.take() {
            // A thread that has panicked has drawn nothing worth waiting for.
            let _ = thread.join();
        }
    }
}

/// A bar with the time left on a terminal, a line for each run elsewhere.
pub struct Display {
    notes: Arc<Notes>,
    drawing: Option<Drawing>,
}

/// What the load thread leaves for the drawing thread.
struct Notes {
    block: Nanos,
    position: AtomicU64,
    total: AtomicU64,
    now: AtomicU64,
    label: Mutex<String>,
}

impl Display {
    pub fn new(scenario: &Scenario) -> Self {
        let workload = &scenario.workload;
        let notes = Arc::new(Notes {
            block: workload.warm_up.nanos() + workload.duration.nanos(),
            position: AtomicU64::new(0),
            total: AtomicU64::new(scenario.strategies.0.len() as u64 * u64::from(scenario.repeats)),
            now: AtomicU64::new(0),
            label: Mutex::default(),
        });
        let template = "{bar:30} {percent:>3} %  {prefix} left  {msg}";
        let drawn = notes.clone();
        Self { notes, drawing: Drawing::on_terminal(template, move |bar| drawn.draw(bar)) }
    }
}

impl Progress for Display {
    fn begin(&self, label: &str, repeat: u32, position: u32, total: u32) {
        let notes = &self.notes;
        let text = format!("{label}, repeat {}", repeat + 1);
        if self.drawing.is_none() {
            let left = Duration::from(notes.left(u64::from(position), Nanos::ZERO));
            let left = humantime::format_duration(Duration::from_secs(left.as_secs()));
            eprintln!("[{}/{total}] {text}, about {left} left", position + 1);
        }
        *notes.label.lock().unwrap_or_else(PoisonError::into_inner) = text;
        notes.now.store(0, Ordering::Relaxed);
        notes.position.store(position.into(), Ordering::Relaxed);
    }

    fn advance(&self, now: Nanos) {
        self.notes.now.store(now.0, Ordering::Relaxed);
    }
}

impl Notes {
    fn draw(&self, bar: &ProgressBar) {
        let position = self.position.load(Ordering::Relaxed);
        let now = Nanos(self.now.load(Ordering::Relaxed)).min(self.block);
        let left = Duration::from(self.left(position, now));
        bar.set_prefix(humantime::format_duration(Duration::from_secs(left.as_secs())).to_string());
        bar.set_message(self.label.lock().unwrap_or_else(PoisonError::into_inner).clone());
        bar.set_length(self.block.0 * self.total.load(Ordering::Relaxed) / 1_000_000);
        bar.set_position((self.block.0 * position + now.0) / 1_000_000);
    }

    fn left(&self, position: u64, now: Nanos) -> Nanos {
        let all = self.block.0 * self.total.load(Ordering::Relaxed);
        Nanos(all) - Nanos(self.block.0 * position + now.0)
    }
}

/// The same for a simulation, whose runs go on at the same time: how much of all virtual time has passed.
pub struct VirtualDisplay {
    spent: Arc<AtomicU64>,
    drawing: Option<Drawing>,
}

impl VirtualDisplay {
    pub fn new(scenario: &Scenario) -> Self {
        let schedule = scenario.schedule();
        let total = Nanos::from(schedule.load());
        let spent = Arc::new(AtomicU64::new(0));
        let seen = spent.clone();
        let template = "{bar:30} {percent:>3} %  {prefix} of virtual time in {elapsed}, {eta} left";
        let drawing = Drawing::on_terminal(template, move |bar| {
            let spent = Nanos(seen.load(Ordering::Relaxed)).min(total);
            let seconds = |span: Nanos| Duration::from_secs(Duration::from_nanos(span.0).as_secs());
            bar.set_prefix(format!(
                "{} of {}",
                humantime::format_duration(seconds(spent)),
                humantime::format_duration(seconds(total)),
            ));
            bar.set_length(total.0 / 1_000_000);
            bar.set_position(spent.0 / 1_000_000);
        });
        Self { spent, drawing }
    }
}

impl Progress for VirtualDisplay {
    fn begin(&self, label: &str, repeat: u32, position: u32, total: u32) {
        if self.drawing.is_none() {
            eprintln!("[{}/{total}] {label}, repeat {}, simulated", position + 1, repeat + 1);
        }
    }

    fn advance(&self, now: Nanos) {
        self.spent.fetch_max(now.0, Ordering::Relaxed);
    }
}
