//! What is to break, as a person would say it.

use crate::model::{
    Breakage, CacheBreakage, EventBreakage, NodeBreakage, StoreBreakage, Toxics, WorkerBreakage,
};
use crate::scenario::Scenario;
use crate::workload::PlannedFault;

/// A line for each fault, in the order in which they begin.
pub fn faults(scenario: &Scenario) -> Vec<String> {
    let mut faults: Vec<&PlannedFault> = scenario.faults.iter().collect();
    faults.sort_by_key(|fault| fault.at);
    faults.into_iter().map(fault).collect()
}

fn fault(fault: &PlannedFault) -> String {
    let what = match fault.what {
        Breakage::Cache(breakage) => cache(breakage),
        Breakage::Store(StoreBreakage::Killed) => "the store is killed".into(),
        Breakage::Store(StoreBreakage::Down) => "the store cannot be reached".into(),
        Breakage::Store(StoreBreakage::Slow { by }) => {
            format!("every call to the store takes {by} longer")
        }
        Breakage::Events(EventBreakage::Dropped) => {
            "events are lost, while whoever sends one believes that it is sent".into()
        }
        Breakage::Events(EventBreakage::Delayed { by }) => format!("events arrive {by} later"),
        Breakage::Worker(WorkerBreakage::Killed) => "the worker is killed".into(),
        Breakage::Worker(WorkerBreakage::KilledAfterCommit) => {
            "the worker is killed as soon as the store has what it wrote".into()
        }
        Breakage::Node(NodeBreakage::Killed(node)) => {
            format!("node {node} is killed, its clients turning to the next one")
        }
    };
    format!("{} into the window {what}{}.", fault.at, end(fault))
}

fn cache(breakage: CacheBreakage) -> String {
    match breakage {
        CacheBreakage::Killed => "the cache is killed".into(),
        CacheBreakage::Paused => "the cache stands still".into(),
        CacheBreakage::Reset => "every connection to the cache is reset".into(),
        CacheBreakage::Unreachable => "nothing gets through to the cache or back".into(),
        CacheBreakage::Flushed => "the cache is emptied".into(),
        CacheBreakage::Slow(Toxics { latency, jitter, bandwidth }) => {
            let varying = match jitter.0.is_zero() {
                true => String::new(),
                false => format!(", {jitter} more or less,"),
            };
            let carries = bandwidth.map(|bytes| format!(" and carries {bytes} a second"));
            format!(
                "the network to the cache takes {latency}{varying} longer in each direction{}",
                carries.unwrap_or_default()
            )
        }
    }
}

/// How it ends: what is killed is started anew, everything else is over.
fn end(fault: &PlannedFault) -> String {
    let restarts = matches!(
        fault.what,
        Breakage::Cache(CacheBreakage::Killed)
            | Breakage::Store(StoreBreakage::Killed)
            | Breakage::Worker(_)
            | Breakage::Node(_)
    );
    match (restarts, fault.lasts.0.is_zero()) {
        (true, true) => ", and started anew at once".into(),
        (true, false) => format!(", and started anew {} later", fault.lasts),
        (false, true) => String::new(),
        (false, false) => format!(", for {}", fault.lasts),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_told_as_a_person_would() {
        let told = |text: &str| fault(&toml::from_str(text).unwrap());
        assert_eq!(
            told("at = \"10s\"\nlasts = \"2s\"\nwhat = { cache = \"killed\" }"),
            "10s into the window the cache is killed, and started anew 2s later."
        );
        assert_eq!(
            told("at = \"1s\"\nwhat = { cache = \"flushed\" }"),
            "1s into the window the cache is emptied."
        );
        assert_eq!(
            told("at = \"1s\"\nwhat = { node = { killed = 1 } }"),
            "1s into the window node 1 is killed, its clients turning to the next one, and started \
             anew at once."
        );
        assert_eq!(
            told(
                "at = \"5s\"\nlasts = \"3s\"\n\
                 what = { cache = { slow = { latency = \"20ms\", bandwidth = \"64KiB\" } } }"
            ),
            "5s into the window the network to the cache takes 20ms longer in each direction and \
             carries 64KiB a second, for 3s."
        );
    }
}
