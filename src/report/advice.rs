//! Advice in a terminal, every sentence with the file that it stands on.

use super::text::Page;
use crate::compare::advice::Advice;

/// The whole text, ending in a newline.
pub fn text(advice: &Advice) -> String {
    let mut page = Page::default();
    page.line(&format!("{}: {}", advice.name, advice.question), "");
    if !advice.asked.is_empty() {
        page.hanging("Asked: ", &format!("{}.", advice.asked.join("; ")));
    }
    for answer in &advice.answers {
        page.section(&answer.question.to_uppercase());
        for claim in &answer.claims {
            page.hanging("  ", &format!("{} [{}]", claim.text, claim.record));
        }
    }
    if !advice.unknown.is_empty() {
        page.section("WHAT THIS CANNOT SAY");
    }
    for unknown in &advice.unknown {
        page.hanging("  ", unknown);
    }
    page.section("WHAT WAS LOOKED AT");
    for tried in &advice.tried {
        let text = format!(
            "{} times the traffic, {}: {}. [{}]",
            tried.times,
            tried.traffic,
            tried.standing.name(),
            tried.record
        );
        page.hanging("  ", &text);
    }
    page.text
}
