//! What the draws of a plan came to in classes, beside the probability of each: what a goodness-of-fit
//! test is made from.

mod gaps;

pub(super) use self::gaps::Gaps;
use crate::model::Op;

/// Classes of about equal probability into which keys and gaps are put.
const CLASSES: usize = 64;
/// Of so many ranks the class is looked up.
const LOOKED_UP: usize = 1_024;

/// How often each class of draws came up.
#[derive(Clone, Debug, PartialEq)]
pub struct Tally {
    /// What was drawn: `operations`, `popularity`, `gaps`.
    pub of: &'static str,
    /// Of each class the draws that fell into it, and the probability that one does.
    pub classes: Vec<(u64, f64)>,
}

/// Counts operations.
pub(super) struct Operations {
    ops: Vec<Op>,
    classes: Vec<(u64, f64)>,
}

impl Operations {
    pub fn of(shares: &[(Op, f64)]) -> Self {
        let (ops, classes) = shares.iter().map(|(op, share)| (*op, (0, *share))).unzip();
        Self { ops, classes }
    }

    pub fn count(&mut self, op: Op) {
        let class = self.ops.iter().position(|one| *one == op);
        self.classes[class.expect("every operation has a share")].0 += 1;
    }

    pub fn tally(self) -> Tally {
        Tally { of: "operations", classes: self.classes }
    }
}

/// Counts keys by their rank, in classes of neighbours.
pub(super) struct Ranks {
    /// The first rank of each class but the first.
    firsts: Vec<u32>,
    /// The class of each of the most popular ranks.
    of_popular: Vec<u8>,
    classes: Vec<(u64, f64)>,
}

impl Ranks {
    /// Of keys with these probabilities, from the most popular one on.
    pub fn of(chances: impl Iterator<Item = f64>) -> Self {
        let (mut firsts, mut classes) = (Vec::new(), Vec::<(u64, f64)>::new());
        for (rank, chance) in (0..).zip(chances) {
            match classes.last_mut() {
                Some(last) if last.1 < 1.0 / CLASSES as f64 => last.1 += chance,
                last => {
                    firsts.extend(last.map(|_| rank));
                    classes.push((0, chance));
                }
            }
        }
        let of_popular = (0..LOOKED_UP as u32).map(|rank| class_of(&firsts, rank) as u8).collect();
        Self { firsts, of_popular, classes }
    }

    pub fn count(&mut self, rank: u32) {
        let popular = self.of_popular.get(rank as usize);
        let class =
            popular.map_or_else(|| class_of(&self.firsts, rank), |class| usize::from(*class));
        self.classes[class].0 += 1;
    }

    pub fn tally(self) -> Tally {
        Tally { of: "popularity", classes: self.classes }
    }
}

fn class_of(firsts: &[u32], rank: u32) -> usize {
    firsts.partition_point(|first| *first <= rank)
}

#[cfg(test)]
mod tests;
