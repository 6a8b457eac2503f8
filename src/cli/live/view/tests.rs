use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::board::Turn;
use super::*;
use crate::experiment::Interval;
use crate::model::Distribution;
use crate::record::Bucket;
use crate::scenario;

const SCENARIO: &str = r#"
question = "How does it look?"
repeats = 2
[dataset]
entity = "product"
keys = 100
[workload]
reads = 0.9
popularity = { zipf = { exponent = 0.99 } }
arrival = { poisson = { rate = 4000 } }
warm-up = "2s"
duration = "10s"
[strategies]
no-cache = {}
"ttl@short" = { ttl = "2s" }
"#;

fn board() -> Board {
    Board::of(&scenario::parse("shop", SCENARIO).unwrap())
}

fn turn(label: &str, repeat: u32, position: u32) -> Turn {
    Turn { label: label.into(), repeat, position, total: 4 }
}

/// A quarter of a second, in which ever more reads are hits, and some of those stale.
fn interval(index: usize) -> Interval {
    let hits = index as u64 * 40;
    let (mut reads, mut writes) = (Distribution::coarse(), Distribution::coarse());
    (0..900).for_each(|number| reads.record(Nanos::from_micros(200 + number)));
    (0..100).for_each(|number| writes.record(Nanos::from_micros(900 + number)));
    let bucket = Bucket {
        requests: 1_000,
        failed: u64::from(index == 5) * 100,
        hits,
        misses: 900 - hits,
        store_reads: 900 - hits,
        reads,
        writes,
        ..Bucket::default()
    };
    let width = Nanos::from_millis(250);
    Interval { index, width, bucket, judged: 900, definitely_stale: hits / 10 }
}

fn shown(board: &Board, columns: u16, rows: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
    terminal.draw(|frame| draw(frame, board)).unwrap();
    terminal.backend().to_string()
}

#[test]
fn a_run_under_way_is_shown_beside_what_was_before() {
    let mut board = board();
    assert_snapshot!("before_the_first_run", shown(&board, 100, 20));
    board.begin(turn("no-cache", 0, 0));
    board.now = Nanos::from_secs(1);
    assert_snapshot!("warming_up", shown(&board, 100, 20));
    (0..4).for_each(|_| board.add(&interval(0)));
    board.begin(turn("ttl@short", 0, 1));
    (0..20).for_each(|index| board.add(&interval(index)));
    board.now = Nanos::from_secs(7);
    assert_snapshot!("measuring", shown(&board, 100, 20));
}

#[test]
fn a_small_terminal_shows_what_fits_and_the_latest_of_a_curve() {
    let mut board = board();
    board.begin(turn("no-cache", 0, 0));
    (0..20).for_each(|index| board.add(&interval(index)));
    board.now = Nanos::from_secs(30);
    assert_snapshot!("small", shown(&board, 50, 14));
    shown(&board, 1, 1);
}

#[test]
fn repeats_of_a_strategy_are_told_together() {
    let mut board = board();
    for (repeat, position) in [(0, 0), (1, 3)] {
        board.begin(turn("no-cache", repeat, position));
        board.add(&interval(10));
        assert_eq!(board.course.len(), 1, "curves are of one run");
    }
    let (_, sum) = &board.strategies[0];
    assert_eq!((sum.runs, sum.requests, sum.hit_ratio()), (2, 2_000, Some(400.0 / 900.0)));
    assert_eq!(sum.stale_share(), Some(40.0 / 900.0));
    board.now = Nanos::from_secs(3);
    assert_eq!(board.left(), Nanos::from_secs(9));
}
