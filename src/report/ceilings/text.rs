//! A search in a terminal: one table for all strategies, and what it has no room for.

use super::super::text::Page;
use super::super::{EMBEDDED_NOTICE, facts};
use super::{rate, sentences, summary};
use crate::compare::Metric;
use crate::compare::figure::{share, time};
use crate::record::Standing;
use crate::record::ceilings::Ceilings;

/// The whole report, ending in a newline.
pub fn render(record: &Ceilings) -> String {
    let mut page = Page::default();
    page.line(&format!("{}: {}", record.name, record.scenario.question), "");
    notices(&mut page, record);
    page.section("THE HIGHEST RATE THAT HOLDS");
    page.table(&summary(record));
    page.text.push('\n');
    for sentence in sentences(record) {
        page.line(&sentence, "  ");
    }
    page.hanging("  Asked: ", &asked(record));
    let troubled: Vec<_> =
        record.checks.iter().filter(|check| check.standing > Standing::Ok).collect();
    if !troubled.is_empty() {
        page.section("CHECKS");
    }
    for check in troubled {
        let text = format!("{}: {}", check.name, check.detail);
        page.hanging(&format!("  {:<8}", check.standing.name()), &text);
    }
    page.section("WHAT RAN");
    for (name, text) in provenance(record) {
        page.hanging(&format!("  {name:<9}"), &text);
    }
    notices(&mut page, record);
    page.text
}

/// What must be known before any figure is believed.
fn notices(page: &mut Page, record: &Ceilings) {
    if record.is_partial() {
        page.line("*** NOT FINISHED: what was found until the end came; see the checks. ***", "\n");
    }
    if record.is_embedded() {
        page.line(&format!("*** {EMBEDDED_NOTICE} ***"), "\n");
    }
}

/// The thresholds that are to be held together.
pub fn asked(record: &Ceilings) -> String {
    let asked = Metric::asked(&record.scenario.thresholds);
    let asked =
        asked.iter().map(|(metric, figure)| format!("{} {}", metric.name(), metric.bound(*figure)));
    format!("{}.", asked.collect::<Vec<_>>().join("; "))
}

/// How was searched, and on what.
pub fn provenance(record: &Ceilings) -> Vec<(&'static str, String)> {
    let searched = &record.searched;
    let steps: usize = record.ceilings.iter().map(|ceiling| ceiling.steps.len()).sum();
    let workload = &record.scenario.workload;
    let search = format!(
        "from {} to at most {} req/s, to within {}; windows of {} or as long as the quantiles need, \
         {} times that to confirm, each after {} of warm-up on fresh servers; {steps} steps, seed {}",
        rate(searched.from),
        rate(searched.to),
        share(searched.precision),
        time(searched.step),
        searched.confirmation,
        workload.warm_up,
        workload.seed,
    );
    vec![
        ("search", search),
        ("cache", facts::server(&record.cache)),
        ("store", facts::server(&record.store)),
        ("host", facts::machine(&record.host)),
        ("started", format!("{}, took {}", record.started, time(record.took))),
        ("tool", format!("{}, find-max format {}", record.tool, record.format)),
    ]
}
