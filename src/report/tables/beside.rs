//! A simulation beside a real run of the same scenario.

use crate::compare::{Figure, Metric};
use crate::record::{Beside, Held, Record};
use crate::report::facts;
use crate::report::table::{Cell, Mark, Table, figures, words};

/// Every figure in both; empty where the simulation was held against nothing.
pub fn beside(record: &Record) -> Table {
    let Some(beside) = &record.beside else { return Table::default() };
    let caption = format!(
        "This simulation, and the real run of {}: counts agree within the 95 % interval of their \
         difference, latencies within 20 %",
        beside.started
    );
    let columns = [
        words("strategy"),
        words("figure"),
        figures("real"),
        figures("simulated"),
        figures("error"),
        figures("may be"),
        words("agrees"),
    ];
    let mut table = Table::new(caption, columns);
    for held in &beside.figures {
        table.extend_by(held);
    }
    table
}

/// What the real run ran on, and how much agrees, in a line.
pub fn summary(beside: &Beside) -> String {
    let agreeing = beside.figures.iter().filter(|held| held.agrees()).count();
    format!(
        "{agreeing} of {} figures agree with the real run of {} on {} and {}, {}",
        beside.figures.len(),
        beside.started,
        beside.cache.kind,
        beside.store.kind,
        facts::machine(&beside.host),
    )
}

impl Table {
    fn extend_by(&mut self, held: &Held) {
        let metric = Metric::ALL.into_iter().find(|metric| metric.name() == held.metric);
        let of = |value: f64| match metric {
            Some(Metric::HitRatio | Metric::StaleShare) => Figure::Share(value).to_string(),
            Some(Metric::StoreReads) => Figure::Ratio(value).to_string(),
            _ => Figure::Time(crate::record::Nanos(value as u64)).to_string(),
        };
        let error = held.error().map_or(String::new(), |error| format!("{:+.1} %", error * 100.0));
        let (agrees, mark) = match held.agrees() {
            true => ("yes", Mark::Good),
            false => ("no", Mark::Warn),
        };
        let plain = |text: String| Cell { text, ..Cell::default() };
        self.push([
            plain(held.label.clone()),
            plain(held.metric.clone()),
            plain(of(held.real)),
            plain(of(held.simulated)),
            plain(error),
            plain(format!("{} to {}", of(held.low), of(held.high))),
            Cell { text: agrees.into(), mark, note: "" },
        ]);
    }
}
