//! Whether all that was to break did, and was put in order again.

use super::{Check, Evidence, Standing};

/// `None` where nothing was to break.
pub fn faults(evidence: &Evidence<'_>) -> Option<Check> {
    const NAME: &str = "faults";
    if !evidence.is_through_fault() {
        return None;
    }
    let (planned, injected) = (evidence.planned_faults, evidence.faults);
    let mut troubles: Vec<String> = injected
        .iter()
        .filter_map(|fault| Some(format!("{}: {}", fault.what, fault.trouble.as_ref()?)))
        .collect();
    if injected.len() < planned {
        troubles.push(format!("only {} of {planned} came about", injected.len()));
    }
    Some(match troubles.is_empty() {
        true => Check::new(NAME, Standing::Ok, format!("all {planned} came about, and ended")),
        false => Check::new(NAME, Standing::Invalid, troubles.join("; ")),
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::Scene;
    use super::*;
    use crate::model::{Breakage, CacheBreakage, Injected, Nanos};

    #[test]
    fn a_fault_that_did_not_come_about_or_end_is_told() {
        let breaking = Injected {
            what: Breakage::Cache(CacheBreakage::Paused),
            began: Nanos::from_millis(100),
            ended: Nanos::from_millis(190),
            trouble: None,
        };
        let check = |injected: &[Injected]| {
            let scene = Scene { planned_faults: 1, faults: injected.to_vec(), ..Scene::default() };
            faults(&scene.evidence()).unwrap()
        };
        assert_eq!(check(std::slice::from_ref(&breaking)).standing, Standing::Ok);
        let troubled = Injected { trouble: Some("no such process".into()), ..breaking };
        let check_troubled = check(&[troubled]);
        assert_eq!(check_troubled.standing, Standing::Invalid);
        assert_eq!(check_troubled.detail, "cache paused: no such process");
        assert_eq!(check(&[]).detail, "only 0 of 1 came about");
        assert_eq!(faults(&Scene::default().evidence()), None);
    }
}
