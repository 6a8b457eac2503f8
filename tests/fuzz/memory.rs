//! How much memory something takes.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

pub const MIB: usize = 1 << 20;

/// One at a time: some inputs take what they may, and together they would take the machine's.
static TURN: Mutex<()> = Mutex::new(());

/// What `work` comes to, and the most bytes that its thread had at once for it.
pub fn taken<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let mut result = None;
    // A panic must not leave the measurement open: the test goes on to look for a smaller input.
    let measured =
        allocation_counter::measure(|| result = Some(catch_unwind(AssertUnwindSafe(work))));
    match result.expect("it was done") {
        Ok(result) => (result, measured.bytes_max as usize),
        Err(panic) => resume_unwind(panic),
    }
}

#[test]
fn what_is_taken_is_seen() {
    let (kept, taken) = taken(|| {
        drop(vec![1_u8; 3 * MIB]);
        vec![1_u8; MIB]
    });
    assert!(kept.len() == MIB && (3 * MIB..4 * MIB).contains(&taken), "{taken} bytes");
}
