//! The terminal while the view has it: the alternate screen, without a cursor, and without what is typed.
//! However the program ends, but by SIGKILL, the terminal is as it was.

use std::io::{self, Stderr, Write};
use std::panic;
use std::sync::{Mutex, Once, PoisonError};

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen};
use ratatui::layout::Rect;
use ratatui::{Terminal, TerminalOptions, Viewport};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

use super::board::Board;
use super::view::draw;
use crate::cli::log;

/// How the terminal was before the view had it; `None` while it has not.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// The view on standard error, so that standard output may go elsewhere.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stderr>>,
}

impl Screen {
    /// # Errors
    /// If standard error is no terminal, or cannot be written.
    pub fn enter() -> io::Result<Self> {
        static HOOKED: Once = Once::new();
        HOOKED.call_once(leave_before_panics_are_told);
        let before = tcgetattr(io::stderr())?;
        let mut silent = before.clone();
        // Signals still come of keys: Ctrl-C ends a run as it always does.
        silent.local_modes.remove(LocalModes::ECHO | LocalModes::ICANON);
        tcsetattr(io::stderr(), OptionalActions::Now, &silent)?;
        *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
        log::hold();
        let shown = execute!(io::stderr(), EnterAlternateScreen, Hide);
        let area = size();
        let options = TerminalOptions { viewport: Viewport::Fixed(area) };
        let backend = CrosstermBackend::new(io::stderr());
        let terminal = shown.and_then(|()| Terminal::with_options(backend, options));
        terminal.map(|terminal| Self { terminal }).inspect_err(|_| leave())
    }

    /// # Errors
    /// If it cannot be written.
    pub fn draw(&mut self, board: &Board) -> io::Result<()> {
        let area = size();
        if area.as_size() != self.terminal.get_frame().area().as_size() {
            self.terminal.resize(area)?;
        }
        let held = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
        // Given back already, where another thread has panicked.
        if held.is_some() {
            self.terminal.draw(|frame| draw(frame, board))?;
        }
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// The terminal's size now; what terminals have always had where it does not say.
fn size() -> Rect {
    let said = tcgetwinsize(io::stderr()).ok().filter(|it| it.ws_col > 0 && it.ws_row > 0);
    said.map_or(Rect::new(0, 0, 80, 24), |it| Rect::new(0, 0, it.ws_col, it.ws_row))
}

/// Gives the terminal back, if the view still has it, and tells what was held back meanwhile. There is
/// nothing to be done about a terminal that is gone.
fn leave() {
    let before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(before) = before {
        give_back(&before);
    }
}

fn give_back(before: &Termios) {
    let _ = execute!(io::stderr(), LeaveAlternateScreen, Show);
    let _ = tcsetattr(io::stderr(), OptionalActions::Flush, before);
    let _ = io::stderr().flush();
    log::release();
}

/// What a panic says would go with the alternate screen.
fn leave_before_panics_are_told() {
    let tell = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        // Held by this very thread, if drawing is what panicked.
        if let Ok(Some(before)) = BEFORE.try_lock().map(|mut before| before.take()) {
            give_back(&before);
        }
        tell(panic);
    }));
}

#[cfg(test)]
mod tests;
