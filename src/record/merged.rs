//! Several Records of one scenario as one, whose repeats they are.

use std::collections::BTreeMap;

use super::{Check, Contender, Record, Run};

impl Record {
    /// One Record of the runs of several, in the order in which they were made: those of the k-th are
    /// repeat k. They must be of the same scenario, on the same servers. `pairing` is the mark of what
    /// was measured in turn with it. `None` without any.
    pub fn merged(records: Vec<Self>, pairing: Option<String>) -> Option<Self> {
        let checks = worst_by_name(&records);
        let repeats = records.len() as u32;
        let mut records = records.into_iter().zip(0..);
        let (mut whole, _) = records.next()?;
        let places = whole.contenders.len() as u32;
        for contender in &mut whole.contenders {
            // What theory says is of the runs that it was held against.
            contender.predictions.clear();
            contender.runs.iter_mut().for_each(|run| place(run, 0, places));
        }
        for (record, repeat) in records {
            whole.took += record.took;
            for mut contender in record.contenders {
                contender.runs.iter_mut().for_each(|run| place(run, repeat, places));
                join(&mut whole.contenders, contender);
            }
        }
        whole.scenario.repeats = repeats;
        whole.checks = checks;
        whole.pairing = pairing;
        Some(whole)
    }
}

fn place(run: &mut Run, repeat: u32, places: u32) {
    run.repeat = repeat;
    run.position += repeat * places;
}

fn join(contenders: &mut Vec<Contender>, other: Contender) {
    match contenders.iter_mut().find(|one| one.label == other.label) {
        Some(one) => one.runs.extend(other.runs),
        None => contenders.push(Contender { predictions: Vec::new(), ..other }),
    }
}

/// Of the checks of whole experiments, the worst of each name.
fn worst_by_name(records: &[Record]) -> Vec<Check> {
    let mut names = Vec::new();
    let mut worst: BTreeMap<&str, &Check> = BTreeMap::new();
    for check in records.iter().flat_map(|record| &record.checks) {
        let known = worst.entry(&check.name).or_insert_with(|| {
            names.push(check.name.as_str());
            check
        });
        if check.standing > known.standing {
            *known = check;
        }
    }
    names.into_iter().map(|name| worst[name].clone()).collect()
}
