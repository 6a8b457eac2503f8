//! Faults that overlap, taken together.

use crate::model::{Injected, Nanos};

/// One fault, or some that overlap. Buckets count from the window's opening.
#[derive(Clone, Debug, PartialEq)]
pub struct Episode {
    /// In the order in which they began.
    pub faults: Vec<Injected>,
    /// When the last of them was over.
    pub over: Nanos,
    /// The first bucket after the episode before it.
    pub since: usize,
    /// The bucket in which the first of them began.
    pub began: usize,
    /// The bucket in which the last of them was over.
    pub ended: usize,
    /// The bucket in which the next episode begins, or the number of buckets.
    pub until: usize,
}

/// All faults, each in one episode, in the order in which they began.
pub fn episodes(injected: &[Injected], width: Nanos, buckets: usize) -> Vec<Episode> {
    let mut faults = injected.to_vec();
    faults.sort_by_key(|fault| (fault.began, fault.ended));
    let mut groups: Vec<(Nanos, Vec<Injected>)> = Vec::new();
    for fault in faults {
        let ended = fault.ended.max(fault.began);
        match groups.last_mut() {
            Some((over, group)) if fault.began <= *over => {
                *over = ended.max(*over);
                group.push(fault);
            }
            _ => groups.push((ended, vec![fault])),
        }
    }
    let begins: Vec<usize> =
        groups.iter().map(|(_, group)| bucket_of(group[0].began, width, buckets)).collect();
    let mut since = 0;
    let mut episodes = Vec::new();
    for (place, (over, faults)) in groups.into_iter().enumerate() {
        let began = begins[place];
        let until = begins.get(place + 1).copied().unwrap_or(buckets);
        let ended = bucket_of(over, width, until);
        episodes.push(Episode { faults, over, since: since.min(began), began, ended, until });
        since = ended + 1;
    }
    episodes
}

/// The bucket that an instant lies in, or `most` where that is past it.
pub fn bucket_of(at: Nanos, width: Nanos, most: usize) -> usize {
    usize::try_from(at.0 / width.0).unwrap_or(most).min(most)
}
