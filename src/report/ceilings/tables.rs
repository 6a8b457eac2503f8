//! The tables of a search, and what it says in sentences.

use super::super::table::{Cell, Mark, Table, figures, words};
use super::{rate, told};
use crate::compare::figure::{list, ratio, share, time};
use crate::record::ceilings::{Answer, Beyond, Ceiling, Ceilings, Held, Outcome, Phase, Step};
use crate::record::{Check, Nanos};

/// What each strategy holds, and what broke first.
pub fn summary(record: &Ceilings) -> Table {
    let mut table = Table::new(
        "The highest rate at which every threshold is held together, and what broke at the lowest \
         rate that did not hold",
        [
            words("strategy"),
            figures("holds req/s"),
            words("confirmed"),
            words("broke first"),
            figures("found"),
            words("asked"),
            figures("at req/s"),
            figures("read p99"),
            figures("store reads/s"),
        ],
    );
    for ceiling in &record.ceilings {
        let figures = ceiling.at_ceiling().map(|step| &step.figures);
        let [broke, found, asked] = broke_first(ceiling);
        table.push([
            Cell::from(ceiling.label.as_str()),
            holds(ceiling),
            confirmed(&ceiling.answer),
            broke,
            found,
            asked,
            ceiling.answer.beyond.map(|beyond| rate(beyond.rate)).unwrap_or_default().into(),
            figures.and_then(|figures| figures.read_p99).map(time).unwrap_or_default().into(),
            figures.and_then(|one| one.store_reads_per_sec()).map(ratio).unwrap_or_default().into(),
        ]);
    }
    table
}

fn holds(ceiling: &Ceiling) -> Cell {
    let answer = &ceiling.answer;
    let broke = answer.beyond.is_some_and(|beyond| beyond.why != Outcome::Outrun);
    match (answer.holds, answer.beyond) {
        (Some(holds), _) if broke && answer.finished => rate(holds).into(),
        (Some(holds), _) => format!("at least {}", rate(holds)).into(),
        (None, Some(beyond)) if broke => {
            Cell::marked(format!("below {}", rate(beyond.rate)), Mark::Bad)
        }
        (None, _) => Cell::marked("unknown", Mark::Warn),
    }
}

fn confirmed(answer: &Answer) -> Cell {
    match (answer.holds, answer.confirmed) {
        (None, _) => Cell::default(),
        (Some(_), true) => Cell::marked("yes", Mark::Good),
        (Some(_), false) => Cell::marked("no", Mark::Warn),
    }
}

/// What broke, what was found, and what was asked.
fn broke_first(ceiling: &Ceiling) -> [Cell; 3] {
    let (Some(beyond), Some(step)) = (ceiling.answer.beyond, ceiling.beyond()) else {
        let finished = ceiling.answer.finished;
        let text = if finished { "nothing" } else { "not found yet" };
        return [text.into(), Cell::default(), Cell::default()];
    };
    let broken = step.broken();
    match (beyond.why, broken.first()) {
        (Outcome::Broke, Some(first)) => {
            let mark = if first.held == Held::Missed { Mark::Bad } else { Mark::Warn };
            let others = broken.len() - 1;
            let what = match others {
                0 => first.what.clone(),
                _ => format!("{} (+{others})", first.what),
            };
            let found = Cell::marked(first.found.as_str(), mark);
            [what.into(), found, first.asked.as_str().into()]
        }
        (Outcome::Outrun, _) => {
            [Cell::marked("the generator", Mark::Warn), Cell::default(), Cell::default()]
        }
        _ => {
            let name = step.invalid().next().map_or("", |check: &Check| check.name.as_str());
            let text = format!("invalid: {name}");
            [Cell::marked(text, Mark::Bad), Cell::default(), Cell::default()]
        }
    }
}

/// Every step, strategy by strategy in the order in which they were made.
pub fn steps(record: &Ceilings) -> Table {
    let mut table = Table::new(
        "Every step of the search, each from fresh servers; response times run from the intended \
         start",
        [
            words("strategy"),
            figures("req/s"),
            words("step"),
            figures("window"),
            figures("read p99"),
            figures("update p99"),
            figures("hit ratio"),
            figures("stale share"),
            figures("store reads/s"),
            figures("failed"),
            words("came to"),
        ],
    );
    for ceiling in &record.ceilings {
        for step in &ceiling.steps {
            table.push(step_row(ceiling, step));
        }
    }
    table.without_blank_columns()
}

fn step_row(ceiling: &Ceiling, step: &Step) -> Vec<Cell> {
    let found = &step.figures;
    let span = |span: Option<Nanos>| Cell::from(span.map(time).unwrap_or_default());
    let part = |part: Option<f64>| Cell::from(part.map(share).unwrap_or_default());
    let mark = match step.outcome {
        Outcome::Held => Mark::Good,
        Outcome::Outrun => Mark::Warn,
        Outcome::Invalid | Outcome::Broke => Mark::Bad,
    };
    let phase = match step.phase {
        Phase::Climb => "climb",
        Phase::Narrow => "narrow",
        Phase::Confirm => "confirm",
    };
    let requests = found.answered.saturating_add(found.failed);
    vec![
        ceiling.label.as_str().into(),
        rate(step.rate).into(),
        phase.into(),
        time(found.window).into(),
        span(found.read_p99),
        span(found.update_p99),
        part(found.hit_ratio),
        part(found.stale_share),
        found.store_reads_per_sec().map(ratio).unwrap_or_default().into(),
        part((requests > 0).then(|| found.failed as f64 / requests as f64)),
        Cell::marked(told(step), mark),
    ]
}

/// What the search says, the most important first: who holds most, and of each strategy what a table
/// has no room for.
pub fn sentences(record: &Ceilings) -> Vec<String> {
    let mut sentences = vec![highest(record)];
    sentences.extend(record.ceilings.iter().filter_map(|ceiling| remark(record, ceiling)));
    sentences
}

/// "a holds the highest rate that was found, 1,230 requests a second; b may hold more."
fn highest(record: &Ceilings) -> String {
    let most = record.ceilings.iter().filter_map(|ceiling| {
        Some((ceiling, ceiling.answer.holds.filter(|_| ceiling.answer.finished)?))
    });
    let Some((best, most)) = most.max_by(|one, other| one.1.total_cmp(&other.1)) else {
        return match record.ceilings.iter().all(|ceiling| ceiling.answer.finished) {
            true => "No strategy holds every threshold at any rate that was tried.".into(),
            false => "No strategy has its answer yet.".into(),
        };
    };
    let near = |ceiling: &&Ceiling| {
        let holds = ceiling.answer.holds.filter(|_| ceiling.label != best.label);
        holds.is_some_and(|holds| holds * (1.0 + record.searched.precision) >= most)
    };
    let near: Vec<_> = record.ceilings.iter().filter(near).map(|one| one.label.as_str()).collect();
    let holds = match is_bounded_by_strategy(best) {
        true => format!("{} requests a second", rate(most)),
        false => format!("at least {} requests a second", rate(most)),
    };
    let mut sentence = match record.ceilings.len() {
        1 => format!("{} holds {holds}", best.label),
        _ => format!("{} holds the highest rate that was found, {holds}", best.label),
    };
    let precision = share(record.searched.precision);
    match near.as_slice() {
        [] => {}
        [one] => sentence += &format!("; {one} is within the precision of it ({precision})"),
        all => sentence += &format!("; {} are within the precision of it ({precision})", list(all)),
    }
    let others = record.ceilings.iter().filter(|ceiling| ceiling.label != best.label);
    let open = others.filter(|ceiling| !is_bounded_by_strategy(ceiling));
    let open: Vec<_> = open.map(|ceiling| ceiling.label.as_str()).collect();
    if !open.is_empty() {
        sentence += &format!("; {} may hold more", list(&open));
    }
    sentence + "."
}

/// Whether it is known that the strategy holds no more, rather than that no more could be tried.
fn is_bounded_by_strategy(ceiling: &Ceiling) -> bool {
    let broke = |beyond: Beyond| beyond.why != Outcome::Outrun;
    ceiling.answer.finished && ceiling.answer.beyond.is_some_and(broke)
}

/// What is to be known of an answer beside its figures.
fn remark(record: &Ceilings, ceiling: &Ceiling) -> Option<String> {
    let (label, answer) = (&ceiling.label, ceiling.answer);
    let step = ceiling.beyond();
    let mut parts = Vec::new();
    if !answer.finished {
        parts.push("the search was ended before its time".to_owned());
    }
    match (answer.holds, answer.beyond) {
        (Some(holds), Some(Beyond { rate: at, why: Outcome::Outrun })) => parts.push(format!(
            "at least {}: the generator's own ceiling came first, at {}",
            rate(holds),
            rate(at)
        )),
        (None, Some(Beyond { rate: at, why: Outcome::Outrun })) => parts.push(format!(
            "nothing is known: the generator could not keep up at the lowest rate, {}",
            rate(at)
        )),
        (Some(holds), None) if answer.finished => parts.push(format!(
            "at least {}: nothing broke, and no higher rate was to be tried",
            rate(holds)
        )),
        (_, Some(Beyond { why: Outcome::Invalid, .. })) => parts.extend(step.map(told)),
        _ => {}
    }
    // Which of them was first, one step does not tell.
    if let Some(step) =
        step.filter(|step| step.outcome == Outcome::Broke && step.broken().len() > 1)
    {
        parts.push(format!("at {} several broke: {}", rate(step.rate), told(step)));
    }
    if answer.finished && answer.holds.is_some() && !answer.confirmed {
        let times = record.searched.confirmation;
        parts.push(format!("not confirmed: no run {times} times as long held"));
    }
    (!parts.is_empty()).then(|| format!("{label}: {}.", parts.join("; ")))
}
