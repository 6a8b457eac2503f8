//! Folds the latency of answered requests, apart for each operation and what served it.

use super::measures::Latency;
use crate::model::{Distribution, Nanos, Op, ServedBy};

/// In the order of their numbers.
const SERVED_BY: [ServedBy; 6] = [
    ServedBy::Node,
    ServedBy::Cache,
    ServedBy::Coalesced,
    ServedBy::Stale,
    ServedBy::Store,
    ServedBy::Nothing,
];

#[derive(Default)]
pub struct LatencyMeter {
    /// By operation and by what served it. Few of them ever occur.
    cells: [[Option<Box<Cell>>; SERVED_BY.len()]; Op::ALL.len()],
}

#[derive(Default)]
struct Cell {
    /// Of requests that started when they were meant to, as all do under virtual time: response and
    /// service are the same, and recorded once.
    on_time: Distribution,
    /// Of the others.
    late: Option<Box<Late>>,
}

#[derive(Default)]
struct Late {
    response: Distribution,
    service: Distribution,
}

impl LatencyMeter {
    pub fn record(&mut self, op: Op, served_by: ServedBy, response: Nanos, service: Nanos) {
        let cell = self.cells[op as usize][served_by as usize].get_or_insert_default();
        if response == service {
            cell.on_time.record(response);
        } else {
            let late = cell.late.get_or_insert_default();
            late.response.record(response);
            late.service.record(service);
        }
    }

    pub fn finish(self) -> Vec<Latency> {
        let by_op = Op::ALL.into_iter().zip(self.cells);
        let cells =
            by_op.flat_map(|(op, cells)| SERVED_BY.into_iter().zip(cells).map(move |it| (op, it)));
        let latency = cells.filter_map(|(op, (served_by, cell))| {
            let Cell { on_time, late } = *cell?;
            let (mut response, mut service) = (on_time.clone(), on_time);
            if let Some(late) = late {
                response.merge(&late.response);
                service.merge(&late.service);
            }
            Some(Latency { op, served_by, response, service })
        });
        latency.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_counted_by_number_is_where_its_number_says() {
        assert!(Op::ALL.into_iter().enumerate().all(|(number, op)| op as usize == number));
        assert!(SERVED_BY.into_iter().enumerate().all(|(number, it)| it as usize == number));
    }
}
