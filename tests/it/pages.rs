//! Every kind of page in a real browser: a page that is right as text may still not fit a screen, or be
//! closed to a reader who does not see it.

mod browser;

use cacheduel::compare::{Comparison, beside, compare};
use cacheduel::record::{Check, Record, Standing};
use cacheduel::report::{ceilings, comparison, html, sweep};
use cacheduel::scenario;

use super::comparing::made_up::Plan;
use super::find_max;
use super::reports::{faulty, fixture, variety};
use super::simulated::{USUAL, simulate};
use super::sweep::by_writes;

/// So short that hardly a quantile is certified.
const SHORT: &str = r#"
question = "What does a run of half a second show?"
[dataset]
entity = "counter"
keys = 20
[workload]
reads = 0.9
popularity = "uniform"
arrival = { poisson = { rate = 40 } }
warm-up = "100ms"
duration = "500ms"
[strategies]
ttl = { ttl = "1s" }
[[faults]]
at = "200ms"
lasts = "100ms"
what = { cache = "killed" }
"#;

#[test]
fn every_page_is_whole_on_every_screen_on_paper_and_for_every_reader() {
    let searched = ceilings::html(find_max::searched());
    browser::assert_right(&[
        ("six strategies", html::render(&fixture::record())),
        ("one strategy", html::render(&fixture::with_contenders(&["ttl"]))),
        ("many strategies with faults", html::render(&faulty::crowded_through())),
        ("nothing to show", html::render(&fixture::hollow())),
        ("every figure and a warning", html::render(&warned(variety::varied()))),
        ("a short run", html::render(&short())),
        ("beside a real run", html::render(&beside_real())),
        ("a search", searched),
        ("a sweep", sweep::html(by_writes())),
        ("a comparison", comparison::html(&slower())),
        ("a comparison of simulations", comparison::html(&simulated_otherwise())),
    ]);
}

/// What the browser must not let pass, each in the looks that can see it.
#[test]
fn a_page_that_is_wrong_is_told_by_what_is_wrong() {
    let found = browser::look(&[("wrong", include_str!("pages/wrong.html").to_owned())]);
    let found = &found["wrong"];
    for expected in [
        "1440 light: axe: color-contrast",
        "390 dark: axe: color-contrast",
        "axe: image-alt",
        "axe: html-has-lang",
        "768 dark: the ground is not dark",
        "390 light: 500 wide in 390: P#wide",
        "print: 900 wide in 718: TABLE#long",
        "Crowded: \"one label\" overlaps \"another\"",
        "Crowded: \"far out\" leaves the drawing",
        "Crowded: \"pale\" is too faint",
        "Crowded: no table of its figures",
        "print: Folded: its figures are not shown",
        "asks for file:///nowhere.png",
        "console: it talks",
        "error: it fails",
        "says something else without scripts",
    ] {
        assert!(found.iter().any(|what| what.contains(expected)), "{expected}: {found:#?}");
    }
    assert!(!found.iter().any(|what| what.contains("1440 light: the ground")), "{found:#?}");
}

/// What is slower in twelve pairs of runs, and reads the store more often.
fn slower() -> Comparison {
    let plan = Plan { paired: true, slower: 1.2, store_reads: 1.1, ..Plan::default() };
    let (baseline, candidate) = plan.records();
    compare(&baseline, &candidate).unwrap()
}

fn simulated_otherwise() -> Comparison {
    let baseline = short();
    let mut candidate = baseline.clone();
    candidate.contenders[0].runs[0].measures.lookups.hits += 1;
    compare(&baseline, &candidate).unwrap()
}

fn warned(record: Record) -> Record {
    let mut record = fixture::embedded(record);
    record.checks.push(Check {
        name: "generator".into(),
        standing: Standing::Warn,
        detail: "used 83 % of its core, at most 80 % is sure".into(),
    });
    record
}

fn short() -> Record {
    simulate(&scenario::parse("short", SHORT).unwrap(), &USUAL)
}

/// A simulation with the very figures that a real run is said to have had.
fn beside_real() -> Record {
    let mut record = simulate(&scenario::parse("beside", SHORT).unwrap(), &USUAL);
    let real = Record { profile: None, ..record.clone() };
    record.beside = Some(beside::beside(&record, &real).unwrap());
    record
}
