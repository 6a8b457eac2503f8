//! What the load generator itself costs and can do.

use crate::record::{Calibration, Pace};
use crate::report::table::{Table, figures, words};

/// What a request costs the generator, with and without all that measures it.
pub fn cost(calibration: &Calibration) -> Table {
    let caption = format!(
        "What a cache hit costs the load generator, {} requests at once",
        calibration.clients
    );
    let columns = [
        words("clients"),
        figures("requests/s"),
        figures("CPU per request"),
        figures("a run adds"),
    ];
    let mut table = Table::new(caption, columns);
    let mut row = |name: &str, pace: Pace, is_yardstick: bool| {
        let added = match is_yardstick {
            true => format!("{:+.0} %", calibration.added_to(pace) * 100.0),
            false => String::new(),
        };
        let (rate, cpu) = (format!("{:.0}", pace.rate), format!("{:.2} us", pace.cpu / 1e3));
        table.push([name.to_owned(), rate, cpu, added]);
    };
    if let Some(bare) = calibration.bare {
        row("bare clients of the library", bare, true);
    }
    if let Some(leanest) = calibration.leanest {
        row("bare clients over the runs' own connections", leanest, true);
    }
    row("all that a run has", calibration.harness, false);
    row("the same on backends that answer at once", calibration.alone, false);
    table
}

/// How late an open loop starts its requests.
pub fn lags(calibration: &Calibration) -> Table {
    let columns = [words("requests/s"), figures("p50"), figures("p99"), figures("core used")];
    let mut table = Table::new("How late an open loop starts its requests", columns);
    for at in &calibration.lags {
        table.push([
            format!("{:.0}", at.rate),
            format!("{:.0} us", at.p50.0 as f64 / 1e3),
            format!("{:.0} us", at.p99.0 as f64 / 1e3),
            format!("{:.0} %", at.cpu_share * 100.0),
        ]);
    }
    table
}
