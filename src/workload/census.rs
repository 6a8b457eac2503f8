//! What a plan turned out to ask for, found by going through it once more.

use super::mix::{Mix, Mixing};
use super::options::Arrival;
use super::plan::Plan;
use super::popularity::chances;
use super::tally::{Operations, Ranks, Tally};

/// Requests that are drawn before they are counted: meanwhile the counts of their keys come from memory.
const COUNTED_AT_ONCE: u64 = 32;

/// The first requests of a plan, counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Census {
    pub mix: Mix,
    /// What the requests were drawn as, beside what was asked for: the operations; the keys, where each
    /// has a probability of its own that was asked for; and the gaps of a Poisson process. It is of the
    /// draws themselves, before reads of own writes and inserts took the places of some.
    pub tallies: Vec<Tally>,
}

impl Census {
    /// Goes through the requests once, whatever is counted: to draw them costs more than to count.
    pub(super) fn of(plan: &Plan, requests: u64) -> Self {
        let popularity = &plan.workload().popularity;
        let mut operations = Operations::of(&plan.shares());
        let mut ranks = chances(popularity, plan.keys() as u32).map(Ranks::of);
        let mut mixing = Mixing::over(plan.keys());
        let mut batch = Vec::with_capacity(COUNTED_AT_ONCE as usize);
        for first in (0..requests).step_by(COUNTED_AT_ONCE as usize) {
            for number in first..requests.min(first + COUNTED_AT_ONCE) {
                let drawn = plan.drawn(number);
                operations.count(drawn.op);
                if let Some(ranks) = &mut ranks {
                    ranks.count(drawn.rank);
                }
                let asked = plan.write_read_by(number).map_or(drawn, |write| plan.own_read(write));
                mixing.expect(asked.key);
                batch.push((asked.op, asked.key));
            }
            batch.drain(..).for_each(|(op, key)| mixing.count(op, key));
        }
        let mut tallies = vec![operations.tally()];
        tallies.extend(ranks.map(Ranks::tally));
        if let (Arrival::Poisson(_), Some(curve)) = (&plan.workload().arrival, plan.curve()) {
            tallies.extend(Tally::gaps(curve, plan.arrivals(), requests));
        }
        Self { mix: mixing.finish(), tallies }
    }
}
