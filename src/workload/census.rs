//! What a plan turned out to ask for.

use super::mix::{Mix, Mixing};
use super::options::Arrival;
use super::plan::{DrawnRequest, Plan};
use super::popularity::chances;
use super::tally::{Gaps, Operations, Ranks, Tally};
use crate::model::{Key, Nanos, Op};

/// Requests that are drawn before they are counted: meanwhile the counts of their keys come from memory.
const COUNTED_AT_ONCE: usize = 32;

/// The first requests of a plan, counted.
#[derive(Clone, Debug, PartialEq)]
pub struct Census {
    pub mix: Mix,
    /// What the requests were drawn as, beside what was asked for: the operations; the keys, where each
    /// has a probability of its own that was asked for; and the gaps of a Poisson process. It is of the
    /// draws themselves, before reads of own writes and inserts took the places of some.
    pub tallies: Vec<Tally>,
}

/// A census in the making.
pub struct Counting<'p> {
    operations: Operations,
    ranks: Option<Ranks>,
    gaps: Option<Gaps<'p>>,
    mixing: Mixing,
    /// What is still to be counted.
    batch: Vec<(Op, Key)>,
}

impl<'p> Counting<'p> {
    pub fn of(plan: &'p Plan) -> Self {
        let workload = plan.workload();
        let curve = plan.curve().filter(|_| matches!(workload.arrival, Arrival::Poisson(_)));
        Self {
            operations: Operations::of(&plan.shares()),
            ranks: chances(&workload.popularity, plan.keys() as u32).map(Ranks::of),
            gaps: curve.and_then(Gaps::of),
            mixing: Mixing::over(plan.keys()),
            batch: Vec::with_capacity(COUNTED_AT_ONCE),
        }
    }

    /// Counts the next request of the plan, which in an open loop is meant to start so long after the
    /// plan does.
    pub fn count(&mut self, drawn: &DrawnRequest, due: Option<Nanos>) {
        self.operations.count(drawn.op);
        if let Some(ranks) = &mut self.ranks {
            ranks.count(drawn.rank);
        }
        if let Some((gaps, due)) = self.gaps.as_mut().zip(due) {
            gaps.count(due);
        }
        let (op, key) = (drawn.request.op, drawn.request.key);
        self.mixing.expect(key);
        self.batch.push((op, key));
        if self.batch.len() == COUNTED_AT_ONCE {
            self.count_batch();
        }
    }

    pub fn finish(mut self) -> Census {
        self.count_batch();
        let mut tallies = vec![self.operations.tally()];
        tallies.extend(self.ranks.map(Ranks::tally));
        tallies.extend(self.gaps.map(Gaps::tally));
        Census { mix: self.mixing.finish(), tallies }
    }

    fn count_batch(&mut self) {
        self.batch.drain(..).for_each(|(op, key)| self.mixing.count(op, key));
    }
}
