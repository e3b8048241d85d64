//! What `hubbub sim` prints, and the Markdown report.

#![allow(clippy::unwrap_used, reason = "a test stops where its sample is broken")]

mod support;

use hubbub_report::{Part, SimReport, Verdict, github, human, junit, render_markdown};
use support::{failing_parts, failing_simulation, in_memory, passing_parts, passing_simulation};

#[test]
fn human_text_of_a_failure() {
    insta::assert_snapshot!(human(&failing_simulation()));
}

#[test]
fn human_text_of_a_pass() {
    insta::assert_snapshot!(human(&passing_simulation()));
}

#[test]
fn junit_of_a_pass_and_a_failure() {
    insta::assert_snapshot!(junit(&[passing_simulation(), failing_simulation()]));
}

#[test]
fn github_of_a_pass_and_a_failure() {
    insta::assert_snapshot!(github(&[passing_simulation(), failing_simulation()]));
}

#[test]
fn markdown_of_a_failure() {
    let mut parts = failing_parts();
    // The plan has its own tests: its figures should not have to be repeated here.
    parts.remove(&Part::Plan);
    insta::assert_snapshot!(render_markdown(&in_memory(parts)));
}

#[test]
fn markdown_has_the_plan() {
    let parts = passing_parts();
    let total = parts[&Part::Plan]["servers"]["chat"]["total"].as_u64().unwrap();
    let markdown = render_markdown(&in_memory(parts));
    let row = markdown.lines().find(|line| line.starts_with("| chat |")).unwrap();
    assert!(row.contains(&format!("| {total} |")), "{row}");
    assert!(markdown.contains("Cost at list prices: $"));
}

fn hostile() -> SimReport {
    let mut report = failing_simulation();
    report.scenario = "a \"b\" <c> & d".to_owned();
    report.file = "odd, name: 100%.toml".to_owned();
    report.runs[1].violations[0].summary = "first\r\nsecond ::error::<tag> 50%\u{7}".to_owned();
    report
}

#[test]
fn junit_escapes_what_xml_cannot_hold() {
    let xml = junit(&[hostile()]);
    assert!(xml.contains("<testsuite name=\"a &quot;b&quot; &lt;c&gt; &amp; d\""));
    assert!(!xml.contains("<c>") && !xml.contains("<tag>") && !xml.contains('\u{7}'));
}

#[test]
fn github_commands_stay_one_line_each() {
    let text = github(&[hostile()]);
    for line in text.lines() {
        assert!(
            line.starts_with("::error file=odd%2C name%3A 100%25.toml,title=")
                || line.starts_with("::notice "),
            "{line}"
        );
    }
    assert!(text.contains("first%0D%0Asecond ::error::<tag> 50%25"));
}

#[test]
fn every_failed_case_is_a_failure_in_junit_and_an_error_on_github() {
    let report = failing_simulation();
    let complaints: usize = report.runs.iter().map(|run| run.reasons().len()).sum();
    let missed =
        report.variants.iter().flat_map(|one| &one.expectations).filter(|one| !one.met).count();
    let failures = complaints + missed;
    assert_eq!(failures, 2);
    let (xml, annotations) = (junit(std::slice::from_ref(&report)), github(&[report]));
    assert_eq!(xml.matches("<failure ").count(), failures);
    assert!(xml.contains(&format!("failures=\"{failures}\"")));
    assert_eq!(annotations.matches("::error ").count(), failures);
}

#[test]
fn a_checker_that_judged_nothing_fails_unless_it_does_not_apply() {
    let mut run = passing_simulation().runs.remove(0);
    assert_eq!(run.judge(), Verdict::Pass);
    run.checkers[1].judged = 0;
    assert_eq!(run.judge(), Verdict::Fail);
    assert_eq!(run.reasons(), ["duplicated is undecided: it found nothing to judge"]);
}

#[test]
fn violations_of_a_checker_that_does_not_apply_still_fail() {
    let mut run = passing_simulation().runs.remove(0);
    run.checkers[4].violations = 1;
    assert_eq!(run.judge(), Verdict::Fail);
}
