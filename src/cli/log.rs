//! What the program has to say beside its results: warnings, and more if `RUST_LOG` asks for it.

use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// What was said while something else had the terminal; `None` while nothing has.
static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// From here on prints to standard error what is logged. Only the program's own words: libraries are
/// silent, for some of them tell at their lowest level what was sent to a server, passwords included.
pub fn start() {
    let asked = std::env::var("RUST_LOG").ok().and_then(|level| level.trim().parse().ok());
    let level: LevelFilter = asked.unwrap_or(LevelFilter::WARN);
    let own = format!("cacheduel={level}");
    // Within one program only the first can be installed, and it is as good as this one.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(own))
        .with_writer(|| Writer)
        .with_target(false)
        .without_time()
        .try_init();
}

/// Holds back what is said from here on.
pub fn hold() {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
}

/// Says what was held back.
pub fn release() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    // Where even this cannot be written, there is no one left to tell.
    let _ = held.map(|text| io::stderr().write_all(&text));
}

/// Standard error, or what is held back from it.
struct Writer;

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *HELD.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(held) => held.write(bytes),
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
