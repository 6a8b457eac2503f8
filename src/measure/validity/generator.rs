//! Whether the load generator had its core to spare.

use super::{Check, Evidence, Standing};

/// A generator that uses more of its core than this may itself be the bottleneck.
const GENERATOR_CPU_MAX: f64 = 0.8;

pub fn generator(evidence: &Evidence<'_>) -> Check {
    const NAME: &str = "generator";
    let Some(cpu) = evidence.generator_cpu else {
        return Check::not_applicable(NAME, "time is virtual");
    };
    let standing = match cpu <= GENERATOR_CPU_MAX {
        true => Standing::Ok,
        // A closed loop is meant to saturate; its latency is then the generator's too.
        false if !evidence.is_open => Standing::Warn,
        false => Standing::Invalid,
    };
    let bound = GENERATOR_CPU_MAX * 100.0;
    let detail = format!("used {:.0} % of its core, at most {bound:.0} %", cpu * 100.0);
    Check::new(NAME, standing, detail)
}
