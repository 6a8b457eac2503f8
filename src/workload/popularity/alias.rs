//! Drawing from any fixed distribution in constant time.

/// How many draws of 64 bits there are.
const DRAWS: f64 = 18_446_744_073_709_551_616.0;

/// Walker's alias method in Vose's linear-time form ("A linear algorithm for generating random
/// numbers with a given distribution", 1991), over as many outcomes as there are weights.
#[derive(Debug)]
pub struct AliasTable {
    slots: Vec<Slot>,
}

/// An equal share of all draws, divided between two outcomes.
#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Draws below it go to `own`, the others to `other`.
    threshold: u64,
    own: u32,
    other: u32,
}

impl AliasTable {
    /// Outcome `names[i]` is drawn in proportion to `weights[i]`. Weights are not negative, and
    /// one at least is positive.
    pub fn new(weights: &[f64], names: &[u32]) -> Self {
        let total: f64 = weights.iter().sum();
        let scale = weights.len() as f64 / total;
        let mut shares: Vec<f64> = weights.iter().map(|weight| weight * scale).collect();
        let mut slots: Vec<Slot> =
            names.iter().map(|&own| Slot { threshold: u64::MAX, own, other: own }).collect();
        let (mut small, mut large) = (Vec::new(), Vec::new());
        for (index, &share) in shares.iter().enumerate() {
            if share < 1.0 { small.push(index) } else { large.push(index) }
        }
        // What is left in either stack when the other is empty differs from 1 by rounding only,
        // and keeps its slot to itself.
        while let (Some(less), Some(&more)) = (small.pop(), large.last()) {
            slots[less].threshold = (shares[less] * DRAWS) as u64;
            slots[less].other = names[more];
            shares[more] = (shares[more] + shares[less]) - 1.0;
            if shares[more] < 1.0 {
                large.pop();
                small.push(more);
            }
        }
        Self { slots }
    }

    /// The outcome of a draw of 64 uniform bits: their product with the number of slots has the
    /// slot in its upper half and the place within it in its lower half.
    pub fn pick(&self, draw: u64) -> u32 {
        let product = u128::from(draw) * self.slots.len() as u128;
        let slot = self.slots[(product >> 64) as usize];
        if (product as u64) < slot.threshold { slot.own } else { slot.other }
    }

    /// The chance of each outcome, by its name; names are `0 .. len`.
    pub fn probabilities(&self) -> Vec<f64> {
        let mut chances = vec![0.0; self.slots.len()];
        let slot_share = 1.0 / self.slots.len() as f64;
        for slot in &self.slots {
            let own = slot.threshold as f64 / DRAWS;
            chances[slot.own as usize] += own * slot_share;
            chances[slot.other as usize] += (1.0 - own) * slot_share;
        }
        chances
    }
}
