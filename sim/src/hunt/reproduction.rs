//! A failure as a scenario file.

use hubbub_scenario::{Expect, Scenario, ViolationName};

use super::{Case, Ran, Shrunk};

/// A scenario file that fails as a hunt found it.
#[derive(Debug, Clone, PartialEq)]
pub struct Reproduction {
    /// The scenario's name, and the file's without `.toml`.
    pub name: String,
    /// The file's text.
    pub text: String,
    header: String,
    scenario: Scenario,
}

impl Reproduction {
    /// The file of a failure of this checker, found by the hunt of a scenario with a seed. Of the
    /// violations that the scenario expects it expects those that the small case still shows, and no
    /// other: so it fails until the defect is mended, and can be kept to show that it is. A fault of
    /// it may miss only if one does already, or if nobody knows, as after a panic.
    ///
    /// # Errors
    /// When a value has no TOML form, such as a seed above 2^63 - 1.
    pub fn new(
        hunted: &str,
        seed: u64,
        checker: &str,
        shrunk: &Shrunk,
        ran: &Ran,
    ) -> Result<Self, toml::ser::Error> {
        let name = format!("repro-{checker}-{seed}");
        let Case { scenario, .. } = &shrunk.case;
        let what = match checker {
            super::PANIC => "a machine panics".to_owned(),
            checker => format!("`{checker}` is violated"),
        };
        let scenario = Scenario {
            name,
            summary: format!("The hunt of {hunted} found with seed {seed} that {what}."),
            expect: Expect {
                violations: expected(&scenario.expect, ran),
                not_applicable: not_applicable(&scenario.expect, ran),
                faults_may_miss: may_miss(scenario, ran),
                ..scenario.expect.clone()
            },
            ..scenario.clone()
        };
        Self::of(header(shrunk), scenario)
    }

    /// The same under the name that has this number, where others have the names before it: 2 gives
    /// `NAME-2`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn numbered(&self, number: u32) -> Result<Self, toml::ser::Error> {
        let name = format!("{}-{number}", self.scenario.name);
        Self::of(self.header.clone(), Scenario { name, ..self.scenario.clone() })
    }

    fn of(header: String, scenario: Scenario) -> Result<Self, toml::ser::Error> {
        let text = format!("{header}{}", scenario.to_brief_toml()?);
        Ok(Self { name: scenario.name.clone(), text, header, scenario })
    }
}

fn header(shrunk: &Shrunk) -> String {
    let Shrunk { before, after, runs, interrupted, .. } = shrunk;
    if *interrupted && *runs == 0 {
        return "# Not made small: it is as it was drawn.\n".to_owned();
    }
    let left = format!(
        "# {} of {} faults, {} of {} users, {} of {} servers and {}s of {}s are left",
        after.faults,
        before.faults,
        after.users,
        before.users,
        after.servers,
        before.servers,
        after.duration.as_secs_f64(),
        before.duration.as_secs_f64(),
    );
    let end = if *interrupted { format!("; interrupted after {runs} runs") } else { String::new() };
    format!("{left}{end}.\n")
}

/// What is expected of the scenario anyway, where it comes.
fn expected(expect: &Expect, ran: &Ran) -> Vec<ViolationName> {
    let findings = ran.run.as_ref().map(|(_, judged)| &judged.findings[..]).unwrap_or_default();
    let comes = |name: &ViolationName| {
        findings.iter().any(|finding| finding.checker == name.as_str() && finding.is_violated())
    };
    ViolationName::ALL
        .into_iter()
        .filter(|name| expect.violations.contains(name) && comes(name))
        .collect()
}

/// A file whose faults all did something says so: if they do nothing one day, it tests nothing.
fn may_miss(scenario: &Scenario, ran: &Ran) -> bool {
    match &ran.run {
        Some((outcome, _)) => outcome.effects.iter().any(|effect| effect.affected == 0),
        None => !scenario.faults.is_empty(),
    }
}

/// A case that is so small leaves some checkers nothing to judge.
fn not_applicable(expect: &Expect, ran: &Ran) -> Vec<ViolationName> {
    let undecided = ran.run.as_ref().map(|(_, judged)| judged.undecided()).unwrap_or_default();
    let is_so = |name: &ViolationName| {
        expect.not_applicable.contains(name) || undecided.iter().any(|it| it == name.as_str())
    };
    ViolationName::ALL.into_iter().filter(is_so).collect()
}
