//! What each fault did, and how long it was felt.

use super::super::table::{Cell, Mark, Table, figures, words};
use super::metric_cell;
use crate::compare::figure::{count, ratio, share, time};
use crate::compare::{Metric, Verdict};
use crate::record::{
    Contender, Felt, Figure, Nanos, PlannedFault, Record, Recovered, Span, ThroughFault,
};

/// What the figures of the section mean, in the words of both terminal and page.
pub const EXPLAINED: &str = "Each figure before the fault and at its worst since, and how long after \
    the fault was over it was as before: within a tenth of that, or within what chance does to so few \
    requests, and so from then on. The slowest and the worst of all repeats count. A blank says that \
    there was too little before to compare with.";

/// One fault and what it did.
pub struct Through {
    /// `1. cache killed, at 10s for 2s`
    pub title: String,
    /// A strategy in a row: every figure in a cell. Empty where none can be told of.
    pub figures: Table,
    /// A figure in a row, where the fault made it worse.
    pub changes: Table,
    /// What it cost, by strategy.
    pub costs: Table,
}

/// Each planned fault, in the order in which they begin. Empty where none was planned.
pub fn through(record: &Record, verdict: &Verdict) -> Vec<Through> {
    let planned = record.planned_faults();
    let one = |number: usize| Through {
        title: format!("{}. {}", number + 1, when(&planned[number])),
        figures: figures_of(record, &planned, number),
        changes: changes(record, &planned, number),
        costs: costs(record, &planned, number, verdict),
    };
    (0..planned.len()).map(one).collect()
}

/// What did not break as it should have, and where.
pub fn troubles(record: &Record) -> Vec<String> {
    let runs = record.contenders.iter().flat_map(|contender| {
        contender.runs.iter().map(move |run| (contender.label.as_str(), run))
    });
    runs.flat_map(|(label, run)| {
        run.faults.iter().filter_map(move |fault| {
            let trouble = fault.injected.trouble.as_ref()?;
            Some(format!("{label}, repeat {}: {}: {trouble}", run.repeat + 1, fault.injected.what))
        })
    })
    .collect()
}

/// `cache killed, at 10s for 2s`
pub fn when(fault: &PlannedFault) -> String {
    match fault.lasts == Span::default() {
        true => format!("{}, at {}", fault.what, fault.at),
        false => format!("{}, at {} for {}", fault.what, fault.at, fault.lasts),
    }
}

fn figures_of(record: &Record, planned: &[PlannedFault], number: usize) -> Table {
    let mut columns = vec![words("strategy")];
    columns.extend(Figure::ALL.map(|figure| words(name(figure))));
    let mut table = Table::new(
        format!("Fault {}: before → at its worst since; when it was as before", number + 1),
        columns,
    );
    for contender in &record.contenders {
        let through = contender.through(planned, number);
        let cells = Figure::ALL.map(|figure| match Felt::of(&through, figure) {
            None => Cell::default(),
            Some(felt) => {
                let (before, worst) = (written(figure, felt.before), written(figure, felt.worst));
                let (change, back) = (format!("{before} → {worst};"), back(felt.recovered));
                // A narrow cell breaks between the two, not between a figure and its unit.
                let text = [change, back].map(|part| part.replace(' ', "\u{a0}")).join(" ");
                Cell::marked(text, mark(record, felt.recovered))
            }
        });
        table.push([Cell::from(contender.label.as_str())].into_iter().chain(cells));
    }
    let mut table = table.without_blank_columns();
    if table.columns.len() == 1 {
        table.rows.clear();
    }
    table
}

fn changes(record: &Record, planned: &[PlannedFault], number: usize) -> Table {
    let mut table = Table::new(
        "What it made worse",
        [words("strategy"), words("figure"), figures("before"), figures("worst"), words("back")],
    );
    for contender in &record.contenders {
        let through = contender.through(planned, number);
        for figure in Figure::ALL {
            let Some(felt) = Felt::of(&through, figure) else { continue };
            if !felt.worsened {
                continue;
            }
            table.push([
                contender.label.as_str().into(),
                name(figure).into(),
                written(figure, felt.before).into(),
                written(figure, felt.worst).into(),
                Cell::marked(back(felt.recovered), mark(record, felt.recovered)),
            ]);
        }
    }
    table
}

fn costs(record: &Record, planned: &[PlannedFault], number: usize, verdict: &Verdict) -> Table {
    let mut table = Table::new(
        format!(
            "What fault {} cost: failed requests, and the most store reads that began within 100 ms. Of \
             the whole of every run are the time to recover (the slowest of any fault), lost writes, and \
             writes of which the cache was never told",
            number + 1
        ),
        [
            words("strategy"),
            figures("failed requests"),
            figures("store reads/100 ms before"),
            figures("store reads/100 ms since"),
            figures("time to recover"),
            figures("lost writes"),
            figures("undelivered"),
        ],
    );
    for contender in &record.contenders {
        let through = contender.through(planned, number);
        let most = |burst: fn(&ThroughFault) -> u64| match through.is_empty() {
            true => Cell::default(),
            false => count(through.iter().map(|fault| burst(fault)).max().unwrap_or(0)).into(),
        };
        table.push([
            contender.label.as_str().into(),
            match through.is_empty() {
                true => "did not come about".into(),
                false => Cell::from(count(through.iter().map(|fault| fault.failed).sum())),
            },
            most(|fault| fault.store_burst_before),
            most(|fault| fault.store_burst),
            metric_cell(Metric::Recovery, contender, verdict),
            metric_cell(Metric::LostWrites, contender, verdict),
            count(undelivered(contender)).into(),
        ]);
    }
    table
}

fn undelivered(contender: &Contender) -> u64 {
    contender.total(|run| run.measures.requests.undelivered)
}

const fn name(figure: Figure) -> &'static str {
    match figure {
        Figure::Errors => "errors",
        Figure::ReadLatency => "read p99",
        Figure::WriteLatency => "write p99",
        Figure::HitRatio => "hit ratio",
        Figure::StoreReads => "store reads/s",
        Figure::StaleReads => "stale reads",
    }
}

fn written(figure: Figure, value: f64) -> String {
    match figure {
        Figure::Errors | Figure::HitRatio | Figure::StaleReads => share(value),
        Figure::ReadLatency | Figure::WriteLatency => time(Nanos::from_secs_f64(value)),
        Figure::StoreReads if value >= 1000.0 => count(value.round() as u64),
        Figure::StoreReads => ratio(value),
    }
}

fn back(recovered: Recovered) -> String {
    match recovered {
        Recovered::Within(Nanos::ZERO) => "at once".into(),
        Recovered::Within(span) => format!("after {}", time(span)),
        Recovered::NotWithin(span) => format!("not in {}", time(span)),
    }
}

/// What never was as before is worth a look, and worse where a threshold asks for less.
fn mark(record: &Record, recovered: Recovered) -> Mark {
    let asked = record.scenario.thresholds.recovery.map(|span| span.nanos());
    match recovered {
        Recovered::Within(span) if asked.is_some_and(|asked| span > asked) => Mark::Bad,
        Recovered::NotWithin(span) if asked.is_some_and(|asked| span >= asked) => Mark::Bad,
        Recovered::NotWithin(_) => Mark::Warn,
        Recovered::Within(_) => Mark::None,
    }
}
