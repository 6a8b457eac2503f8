//! What write-behind saves the store: of a key that was written more than once since the last flush,
//! only the newest version is written.

use super::estimate::{Of, estimate};
use super::{Asked, Predicted};
use crate::measure::{Cause, Load};
use crate::model::Purpose;
use crate::record::{Contender, Prediction, Run};
use crate::strategy::Spec;
use crate::theory::write_behind;

/// So many standard deviations beyond the expected writes of a flush must still go into one batch.
const ROOM: f64 = 6.0;

/// Rows that the worker writes each time that it has rested: `None` where a batch may be too small for
/// all that has come meanwhile, or where calls of the worker failed.
pub fn rows_per_flush(spec: &Spec, asked: &Asked, contender: &Contender) -> Option<Prediction> {
    let Spec::WriteBehind(options) = spec else { return None };
    let worked: Vec<Worked> = contender.runs.iter().map(Worked::of).collect::<Option<_>>()?;
    let rounds: u64 = worked.iter().map(|worked| worked.rounds).sum();
    let busy: f64 = worked.iter().map(|worked| worked.busy).sum();
    if rounds == 0 {
        return None;
    }
    // The worker rests, and then it works: writes come in the meantime of both.
    let interval = options.flush_interval.nanos().as_secs_f64() + busy / rounds as f64;
    let writes = asked.rate * (1.0 - asked.reads);
    let expected = writes * interval;
    if expected + ROOM * expected.sqrt() > options.batch as f64 {
        return None;
    }
    let predicted = Predicted {
        quantity: "rows per flush",
        formula: "sum (1 - e^(-mu tau)), tau from flush to flush",
        value: write_behind::rows_per_flush(&asked.probabilities, writes, interval),
    };
    let of = |run: &Run| Worked::of(run).map_or((0, 0), |worked| (worked.rows, worked.rounds));
    predicted.beside(estimate(contender, Of::Count, |run| vec![of(run)]))
}

/// What the worker did in the window of a run.
struct Worked {
    /// Times that it had rested and looked for writes.
    rounds: u64,
    rows: u64,
    /// Seconds that its calls took.
    busy: f64,
}

impl Worked {
    /// As the tap saw it: every flush is a claim, a write to the store and a settlement, and a round
    /// ends with a claim that finds nothing more. `None` where that does not add up.
    fn of(run: &Run) -> Option<Self> {
        let (cache, store) = (flushing(&run.measures.cache)?, flushing(&run.measures.store)?);
        let rounds = cache.calls.checked_sub(2 * store.calls)?;
        let busy = (cache.busy + store.busy).as_secs_f64();
        (cache.failed + store.failed == 0).then_some(Self { rounds, rows: store.rows, busy })
    }
}

fn flushing(load: &Load) -> Option<&Cause> {
    load.causes.iter().find(|cause| cause.purpose == Purpose::Flush && cause.background)
}
