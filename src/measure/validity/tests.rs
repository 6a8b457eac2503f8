//! The table of rules and modes, cell by cell.

use super::*;
use crate::model::{Breakage, CacheBreakage, Distribution, Nanos};

/// All that a run is judged by, where nothing is wrong with it.
pub struct Scene {
    pub is_open: bool,
    pub is_private: bool,
    pub planned: u64,
    pub measures: Measures,
    pub totals: Totals,
    pub audit: Audit,
    pub counters: Option<CacheCounters>,
    pub given_up: u64,
    pub generator_cpu: Option<f64>,
    pub planned_faults: usize,
    pub faults: Vec<Injected>,
}

impl Default for Scene {
    fn default() -> Self {
        Self {
            is_open: true,
            is_private: true,
            planned: 0,
            measures: Measures::default(),
            totals: Totals::default(),
            audit: Audit::default(),
            counters: None,
            given_up: 0,
            generator_cpu: None,
            planned_faults: 0,
            faults: Vec::new(),
        }
    }
}

impl Scene {
    pub fn evidence(&self) -> Evidence<'_> {
        Evidence {
            is_open: self.is_open,
            is_private: self.is_private,
            planned: self.planned,
            measures: &self.measures,
            totals: &self.totals,
            audit: &self.audit,
            counters: self.counters.as_ref(),
            given_up: self.given_up,
            store: StoreEvidence::default(),
            generator_cpu: self.generator_cpu,
            planned_faults: self.planned_faults,
            faults: &self.faults,
        }
    }

    fn standing(&self, name: &str) -> Standing {
        let checks = check(&self.evidence());
        checks.iter().find(|check| check.name == name).expect("the check is made").standing
    }
}

/// A run with which nothing is wrong, in one of the modes of the table.
fn sound(mode: &str) -> Scene {
    let mut scene = Scene { planned: 1_000, generator_cpu: Some(0.5), ..Scene::default() };
    scene.measures.window = Nanos::from_secs(10);
    scene.measures.bucket = Nanos::from_millis(100);
    scene.measures.lag.record(Nanos::from_micros(50));
    scene.measures.requests.intended = 1_000;
    scene.measures.requests.answered = 1_000;
    scene.totals.started_in_window = 1_000;
    scene.totals.cache_gets = 900;
    let commands = [("get".to_owned(), 900)].into();
    scene.counters = Some(CacheCounters { commands, ..CacheCounters::default() });
    match mode {
        OPEN => {}
        CLOSED => scene.is_open = false,
        SHARED => scene.is_private = false,
        _ => {
            scene.planned_faults = 1;
            scene.faults.push(Injected {
                what: Breakage::Cache(CacheBreakage::Killed),
                began: Nanos::from_secs(2),
                ended: Nanos::from_secs(3),
                trouble: None,
            });
            let mut lag = Distribution::new();
            lag.record(Nanos::from_micros(50));
            scene.measures.lag_outside_faults = Some(lag);
            if let Some(counters) = &mut scene.counters {
                counters.restarted = true;
            }
        }
    }
    scene
}

const OPEN: &str = "open loop";
const CLOSED: &str = "closed loop";
const FAULT: &str = "through a fault";
const SHARED: &str = "shared servers";
const MODES: [&str; 4] = [OPEN, CLOSED, FAULT, SHARED];

/// What goes wrong in a row of the table.
type Wrong = fn(&mut Scene);

/// The rows: the check, what goes wrong, and what that comes to in each of [`MODES`].
const TABLE: [(&str, Wrong, [Standing; 4]); 5] = {
    use Standing::{Invalid, NotApplicable, Warn};
    [
        ("dispatch lag", late, [Invalid, NotApplicable, Invalid, Invalid]),
        ("generator", saturated, [Invalid, Warn, Invalid, Invalid]),
        ("achieved rate", behind, [Invalid, NotApplicable, Warn, Invalid]),
        ("server counters", miscounted, [Invalid, Invalid, NotApplicable, NotApplicable]),
        ("corrupt values", mangled, [Invalid; 4]),
    ]
};

fn late(scene: &mut Scene) {
    let lag = Nanos::from_millis(900);
    scene.measures.lag.record_many(lag, 100);
    if let Some(outside) = &mut scene.measures.lag_outside_faults {
        outside.record_many(lag, 100);
    }
}

fn saturated(scene: &mut Scene) {
    scene.generator_cpu = Some(0.81);
}

fn behind(scene: &mut Scene) {
    scene.totals.started_in_window = 900;
}

fn miscounted(scene: &mut Scene) {
    scene.totals.cache_gets += 1;
}

fn mangled(scene: &mut Scene) {
    scene.totals.corrupt = 1;
}

#[test]
fn every_cell_of_the_table_is_as_it_stands_there() {
    for (name, wrong, expected) in TABLE {
        for (mode, expected) in MODES.into_iter().zip(expected) {
            let mut scene = sound(mode);
            wrong(&mut scene);
            assert_eq!(scene.standing(name), expected, "{name}, {mode}");
        }
    }
}

#[test]
fn nothing_is_found_where_nothing_is_wrong() {
    for mode in MODES {
        for check in check(&sound(mode).evidence()) {
            assert!(check.standing <= Standing::Ok, "{mode}: {}: {}", check.name, check.detail);
        }
    }
}

#[test]
fn through_a_fault_the_generator_is_held_to_what_its_loop_is() {
    let mut scene = sound(FAULT);
    scene.is_open = false;
    saturated(&mut scene);
    assert_eq!(scene.standing("generator"), Standing::Warn);
}

#[test]
fn a_lag_within_the_fault_alone_is_the_faults() {
    let mut scene = sound(FAULT);
    scene.measures.lag.record_many(Nanos::from_millis(900), 100);
    assert_eq!(scene.standing("dispatch lag"), Standing::Ok);
}

#[test]
fn a_server_that_breaks_without_a_restart_is_still_held_to_its_counts() {
    let mut scene = sound(FAULT);
    if let Some(counters) = &mut scene.counters {
        counters.restarted = false;
    }
    miscounted(&mut scene);
    assert_eq!(scene.standing("server counters"), Standing::Invalid);
}
