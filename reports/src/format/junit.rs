//! JUnit XML, as build servers read it: a suite per scenario, a case per variant, seed and checker.

use std::fmt::Write as _;

use crate::{
    format::human::violation_lines,
    html::escape,
    simulation::{CheckerOutcome, ExpectationOutcome, Expected, SimReport, SimRun},
};

/// Simulations as one JUnit document.
#[must_use]
pub fn junit(reports: &[SimReport]) -> String {
    let suites: Vec<Suite> = reports.iter().map(Suite::of).collect();
    let sum = |part: fn(&Suite) -> usize| suites.iter().map(part).sum::<usize>();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"hubbub\" tests=\"{}\" failures=\"{}\" time=\"{:.3}\">",
        sum(|suite| suite.cases.len()),
        sum(|suite| suite.count(|outcome| matches!(outcome, Outcome::Failed { .. }))),
        suites.iter().map(|suite| suite.time_s).sum::<f64>(),
    );
    for suite in &suites {
        suite.write(&mut text);
    }
    text.push_str("</testsuites>\n");
    text
}

struct Suite {
    name: String,
    file: String,
    time_s: f64,
    cases: Vec<Case>,
}

struct Case {
    class: String,
    name: String,
    outcome: Outcome,
}

enum Outcome {
    Passed,
    Skipped,
    Failed { message: String, details: String },
}

impl Suite {
    fn of(report: &SimReport) -> Self {
        let mut cases = Vec::new();
        for variant in &report.variants {
            let class = format!("{}.{}", report.scenario, variant.name);
            cases.extend(variant.expectations.iter().map(|one| expectation_case(&class, one, "")));
        }
        for run in &report.runs {
            let class = format!("{}.{}.seed-{}", report.scenario, run.variant, run.seed);
            cases.extend(run.checkers.iter().map(|checker| checker_case(&class, run, checker)));
            let expectations = run.expectations.iter();
            cases.extend(expectations.map(|one| expectation_case(&class, one, &run.reproduce)));
        }
        let (name, file) = (report.scenario.clone(), report.file.clone());
        Self { name, file, time_s: report.totals.cpu_s, cases }
    }

    fn count(&self, wanted: fn(&Outcome) -> bool) -> usize {
        self.cases.iter().filter(|case| wanted(&case.outcome)).count()
    }

    fn write(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" file=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{:.3}\">",
            escape(&self.name),
            escape(&self.file),
            self.cases.len(),
            self.count(|outcome| matches!(outcome, Outcome::Failed { .. })),
            self.count(|outcome| matches!(outcome, Outcome::Skipped)),
            self.time_s,
        );
        for case in &self.cases {
            case.write(text);
        }
        text.push_str("  </testsuite>\n");
    }
}

impl Case {
    fn write(&self, text: &mut String) {
        let (class, name) = (escape(&self.class), escape(&self.name));
        let _ = write!(text, "    <testcase classname=\"{class}\" name=\"{name}\"");
        let _ = match &self.outcome {
            Outcome::Passed => writeln!(text, "/>"),
            Outcome::Skipped => {
                writeln!(text, "><skipped message=\"does not apply to this scenario\"/></testcase>")
            }
            Outcome::Failed { message, details } => writeln!(
                text,
                ">\n      <failure message=\"{}\">{}</failure>\n    </testcase>",
                escape(message),
                escape(details),
            ),
        };
    }
}

fn checker_case(class: &str, run: &SimRun, checker: &CheckerOutcome) -> Case {
    let outcome = match checker.complaint() {
        Some(message) => Outcome::Failed { details: details(run, &checker.name), message },
        None if checker.expected == Expected::NotApplicable && checker.judged == 0 => {
            Outcome::Skipped
        }
        None => Outcome::Passed,
    };
    Case { class: class.to_owned(), name: checker.name.clone(), outcome }
}

fn expectation_case(class: &str, one: &ExpectationOutcome, reproduce: &str) -> Case {
    let outcome = if one.met {
        Outcome::Passed
    } else {
        Outcome::Failed { message: one.sentence(), details: reproduce.to_owned() }
    };
    Case { class: class.to_owned(), name: format!("expect {}", one.what), outcome }
}

/// The first violation tells most; the bundle has the others.
fn details(run: &SimRun, checker: &str) -> String {
    let first = run.violations.iter().find(|violation| violation.checker == checker);
    let mut lines = first.map(violation_lines).unwrap_or_default();
    lines.push(format!("reproduce: {}", run.reproduce));
    lines.join("\n")
}
