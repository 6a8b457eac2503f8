//! Whether the load is one that the generator can make.

use super::{Check, Standing};

/// Beyond this share of its ceiling the generator is a part of what is measured.
const CAPACITY_MAX: f64 = 0.8;

/// Holds `rate`, requests a second, against the `ceiling` that a calibration has found for the load
/// threads. Of an open loop it is the highest rate that is asked for; of a closed one what was reached.
pub fn capacity(is_open: bool, rate: f64, ceiling: f64) -> Check {
    let share = rate / ceiling;
    let standing = match share <= CAPACITY_MAX {
        true => Standing::Ok,
        // A closed loop is meant to saturate something, and this may be it.
        false if !is_open => Standing::Warn,
        false => Standing::Invalid,
    };
    let (share, bound) = (share * 100.0, CAPACITY_MAX * 100.0);
    let detail = format!(
        "{rate:.0} requests/s are {share:.0} % of the generator's ceiling, at most {bound:.0} %"
    );
    Check::new("capacity", standing, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_loop_stays_well_below_the_ceiling_and_a_closed_one_may_come_near() {
        let standing = |is_open, rate| capacity(is_open, rate, 100_000.0).standing;
        assert_eq!(standing(true, 80_000.0), Standing::Ok);
        assert_eq!(standing(true, 80_001.0), Standing::Invalid);
        assert_eq!(standing(false, 99_000.0), Standing::Warn);
        assert_eq!(standing(false, 10_000.0), Standing::Ok);
    }
}
