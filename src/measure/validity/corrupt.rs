//! Whether every answer, and every entry and row in the end, is what some writer wrote.

use super::{Check, Evidence, Standing};

pub fn corrupt(evidence: &Evidence<'_>) -> Check {
    let corrupt = evidence.totals.corrupt + evidence.audit.corrupt;
    let standing = if corrupt == 0 { Standing::Ok } else { Standing::Invalid };
    let detail = match corrupt {
        0 => "every answer and every entry is what its writer wrote".into(),
        _ => format!("{corrupt} answers or entries are not what any writer wrote"),
    };
    Check::new("corrupt values", standing, detail)
}
