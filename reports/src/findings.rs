//! The page of findings: every claim with its verdict, its figure and the command that shows it.

use std::fmt::Write as _;

use crate::claim::ClaimReport;

/// What stands above the findings.
const INTRODUCTION: &str = "\
# Findings

What is said about chat designs, and what came out when it was tried. Each row is a scenario under
`scenarios/claims/` that states the claim, runs the naive and the hardened design side by side, and
fails when its verdict does not come out.

A claim *holds*, is *broken* (it is not so, or not under faults), or *costs* (it is so, at a price).
A figure marked as projected lies on a line through at least four measured levels, outside of them.

";

/// The page, as Markdown. `made_by` is the command that makes it again.
#[must_use]
pub fn render_findings(claims: &[ClaimReport], made_by: &str) -> String {
    let mut text = INTRODUCTION.to_owned();
    let _ = writeln!(text, "This page is made by `{made_by}`.\n");
    text.push_str("| claim | verdict | finding | command |\n|---|---|---|---|\n");
    for claim in claims {
        let _ = writeln!(
            text,
            "| {} | {} | {} | `{}` |",
            cell(&claim.text),
            claim.outcome(),
            cell(&claim.finding()),
            claim.command,
        );
    }
    text
}

/// Text that cannot end its cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_that_did_not_come_out_is_not_stated() {
        let claim = ClaimReport {
            text: "a | b".into(),
            verdict: "broken".into(),
            confirmed: false,
            sentence: "3.5 messages\nlost.".into(),
            seeds: 1,
            command: "hubbub run x.toml".into(),
            variants: Vec::new(),
            figures: Vec::new(),
            lines: Vec::new(),
            crossings: Vec::new(),
        };
        let page = render_findings(std::slice::from_ref(&claim), "hubbub findings");
        let row = "| a \\| b | not confirmed | 3.5 messages lost. | `hubbub run x.toml` |\n";
        assert!(page.ends_with(row), "{page}");
        let claim = ClaimReport { confirmed: true, seeds: 2, ..claim };
        let page = render_findings(&[claim], "hubbub findings");
        let row = "| broken | 3.5 messages lost. Simulated figures are on average over 2 seeds. |";
        assert!(page.contains(row), "{page}");
    }
}
