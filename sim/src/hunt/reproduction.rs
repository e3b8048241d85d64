//! A failure as a scenario file.

use hubbub_scenario::{Expect, Scenario, ViolationName};

use super::{Case, Ran, Shrunk};

/// A scenario file that fails as a hunt found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reproduction {
    /// The scenario's name, and the file's without `.toml`.
    pub name: String,
    /// The file's text.
    pub text: String,
}

impl Reproduction {
    /// The file of a failure of this checker, found by the hunt of a scenario with a seed. It expects
    /// no violation, so it fails until the defect is mended, and can be kept to show that it is.
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
            name: name.clone(),
            summary: format!("The hunt of {hunted} found with seed {seed} that {what}."),
            expect: Expect {
                violations: Vec::new(),
                not_applicable: not_applicable(&scenario.expect, ran),
                ..scenario.expect.clone()
            },
            ..scenario.clone()
        };
        let text = format!("{}{}", header(shrunk), scenario.to_brief_toml()?);
        Ok(Self { name, text })
    }
}

fn header(shrunk: &Shrunk) -> String {
    let (before, after) = (&shrunk.before, &shrunk.after);
    format!(
        "#:schema ../../docs/scenario.schema.json\n\
         # {} of {} faults, {} of {} users, {} of {} servers and {}s of {}s are left.\n",
        after.faults,
        before.faults,
        after.users,
        before.users,
        after.servers,
        before.servers,
        after.duration.as_secs_f64(),
        before.duration.as_secs_f64(),
    )
}

/// A case that is so small leaves some checkers nothing to judge.
fn not_applicable(expect: &Expect, ran: &Ran) -> Vec<ViolationName> {
    let undecided = ran.run.as_ref().map(|(_, judged)| judged.undecided()).unwrap_or_default();
    let is_so = |name: &ViolationName| {
        expect.not_applicable.contains(name) || undecided.iter().any(|it| it == name.as_str())
    };
    ViolationName::ALL.into_iter().filter(is_so).collect()
}
