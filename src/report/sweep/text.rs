//! A sweep in a terminal: what changes where, then the figures of each measure.

use super::super::text::Page;
use super::super::{EMBEDDED_NOTICE, facts};
use super::SIMULATED_NOTICE;
use super::tables::{measures, summary, without_table};
use crate::compare::figure::time;
use crate::compare::sweep::sentences;
use crate::record::Standing;
use crate::record::sweep::{Scale, Sweep};

/// The whole report, ending in a newline.
pub fn render(sweep: &Sweep) -> String {
    let mut page = Page::default();
    page.line(&format!("{}: {}", sweep.name, sweep.scenario.question), "");
    notices(&mut page, sweep);
    page.section(&format!("BY {}", sweep.varied.option.to_uppercase()));
    for sentence in sentences(sweep) {
        page.hanging("  ", &sentence);
    }
    page.text.push('\n');
    page.table(&summary(sweep));
    for (metric, table) in measures(sweep) {
        page.in_parts(&metric.name().to_uppercase(), &table);
    }
    let without = without_table(sweep);
    if !without.is_empty() {
        page.text.push('\n');
    }
    for sentence in without {
        page.line(&sentence, "");
    }
    checks(&mut page, sweep);
    page.section("WHAT RAN");
    for (name, text) in provenance(sweep) {
        page.hanging(&format!("  {name:<9}"), &text);
    }
    notices(&mut page, sweep);
    page.text
}

/// What must be known before any figure is believed.
fn notices(page: &mut Page, sweep: &Sweep) {
    if sweep.is_partial() {
        page.line("*** NOT FINISHED: what was found until the end came; see the checks. ***", "\n");
    }
    if sweep.simulated {
        page.line(&format!("*** {SIMULATED_NOTICE} ***"), "\n");
    }
    if sweep.is_embedded() {
        page.line(&format!("*** {EMBEDDED_NOTICE} ***"), "\n");
    }
}

/// Those that did not end well, each told once with the points that it is about.
fn checks(page: &mut Page, sweep: &Sweep) {
    let mut told: Vec<(Standing, String, Vec<&str>)> = Vec::new();
    let mut tell = |standing, text: String, written| match told
        .iter_mut()
        .find(|(_, other, _)| *other == text)
    {
        Some((_, _, points)) => points.push(written),
        None => told.push((standing, text, vec![written])),
    };
    for point in &sweep.points {
        for trouble in &point.troubles {
            let check = &trouble.check;
            let text = format!("{}: {}: {}", trouble.place, check.name, check.detail);
            tell(check.standing, text, &point.written);
        }
        for warning in &point.warnings {
            tell(Standing::Warn, warning.clone(), &point.written);
        }
    }
    told.sort_by_key(|(standing, ..)| std::cmp::Reverse(*standing));
    let whole = sweep.checks.iter().filter(|check| check.standing > Standing::Ok);
    let whole: Vec<_> = whole.collect();
    if told.is_empty() && whole.is_empty() {
        return;
    }
    page.section("CHECKS");
    for check in whole {
        let text = format!("{}: {}", check.name, check.detail);
        page.hanging(&format!("  {:<8}", check.standing.name()), &text);
    }
    for (standing, text, points) in told {
        let text = format!("at {}: {text}", points.join(", "));
        page.hanging(&format!("  {:<8}", standing.name()), &text);
    }
}

/// How it was made, and on what.
pub fn provenance(sweep: &Sweep) -> Vec<(&'static str, String)> {
    let varied = &sweep.varied;
    let how = match varied.scale {
        Scale::Linear => ", evenly spaced",
        Scale::Log => ", on a logarithmic scale",
        Scale::Named => "",
    };
    let (made, planned) = (sweep.points.len(), varied.planned.len());
    let repeats = match sweep.scenario.repeats {
        1 => "1 repeat".to_owned(),
        repeats => format!("{repeats} repeats"),
    };
    let told = format!(
        "{}: {made} of {planned} points{how}, each an experiment of {repeats} on fresh servers, seed {} \
         at every point",
        varied.argument, sweep.scenario.workload.seed,
    );
    vec![
        ("sweep", told),
        ("cache", facts::server(&sweep.cache)),
        ("store", facts::server(&sweep.store)),
        ("host", facts::machine(&sweep.host)),
        ("started", format!("{}, took {}", sweep.started, time(sweep.took))),
        ("tool", format!("{}, sweep format {}", sweep.tool, sweep.format)),
    ]
}
