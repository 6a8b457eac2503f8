//! What the program has to say beside its results: warnings, and more if `RUST_LOG` asks for it.

use std::io;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

/// From here on prints to standard error what is logged. Only the program's own words: libraries are
/// silent, for some of them tell at their lowest level what was sent to a server, passwords included.
pub fn start() {
    let asked = std::env::var("RUST_LOG").ok().and_then(|level| level.trim().parse().ok());
    let level: LevelFilter = asked.unwrap_or(LevelFilter::WARN);
    let own = format!("cacheduel={level}");
    // Within one program only the first can be installed, and it is as good as this one.
    let _ = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(own))
        .with_writer(io::stderr)
        .with_target(false)
        .without_time()
        .try_init();
}
