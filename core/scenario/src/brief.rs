//! A scenario as a person would write it: without what is as it is by default.

use serde::Serialize;
use toml::{Table, Value};

use hubbub_chat::Design;

use crate::{Cluster, Expect, Scenario, Workload};

/// A workload with nothing but what every workload must say.
const BARE_WORKLOAD: &str = "users = 2\nsends_per_user = \"1/s\"\nduration = \"1s\"";
/// What is said in any case: of a workload what it must say, and of expectations the first.
const SAID: [&str; 4] = ["users", "sends_per_user", "duration", "violations"];

impl Scenario {
    /// The scenario as a file that says what differs from the defaults, what must be said, and which
    /// violations are expected. Reading it gives the same scenario.
    ///
    /// # Errors
    /// When a value has no TOML form, such as a seed above 2^63 - 1.
    pub fn to_brief_toml(&self) -> Result<String, toml::ser::Error> {
        let mut root = Table::try_from(self)?;
        let workload: Option<Workload> = toml::from_str(BARE_WORKLOAD).ok();
        shorten(&mut root, "cluster", &Cluster::default())?;
        shorten(&mut root, "design", &Design::default())?;
        shorten(&mut root, "workload", &workload)?;
        shorten(&mut root, "expect", &Expect::default())?;
        let mut text = String::new();
        for key in ["version", "name", "summary"] {
            text.push_str(&section(&mut root, key)?);
        }
        for key in ["cluster", "design", "workload", "fault", "expect", "run"] {
            let written = section(&mut root, key)?;
            if !written.is_empty() {
                text.push('\n');
                text.push_str(&written);
            }
        }
        if !root.is_empty() {
            text.push('\n');
            text.push_str(&toml::to_string(&root)?);
        }
        Ok(text)
    }

    /// The names of the knobs that are not as they are by default.
    #[must_use]
    pub fn turned_knobs(&self) -> Vec<String> {
        let tables = (Table::try_from(&self.design), Table::try_from(Design::default()));
        let (Ok(design), Ok(default)) = tables else { return Vec::new() };
        let turned = design.into_iter().filter(|(knob, value)| default.get(knob) != Some(value));
        turned.map(|(knob, _)| knob).collect()
    }

    /// The scenario with a knob as it is by default; `None` when there is no such knob.
    #[must_use]
    pub fn with_default_knob(&self, knob: &str) -> Option<Self> {
        let mut design = Table::try_from(&self.design).ok()?;
        let value = Table::try_from(Design::default()).ok()?.remove(knob)?;
        design.insert(knob.to_owned(), value);
        Some(Self { design: design.try_into().ok()?, ..self.clone() })
    }
}

/// Removes from a section what is as it is by default, and the section when nothing is left.
fn shorten(root: &mut Table, key: &str, default: &impl Serialize) -> Result<(), toml::ser::Error> {
    let Some(Value::Table(table)) = root.get_mut(key) else { return Ok(()) };
    let Value::Table(default) = Value::try_from(default)? else { return Ok(()) };
    table.retain(|key, value| SAID.contains(&key) || default.get(key) != Some(value));
    if table.is_empty() {
        root.remove(key);
    }
    Ok(())
}

/// Takes a key out and writes it; nothing when it is not there.
fn section(root: &mut Table, key: &str) -> Result<String, toml::ser::Error> {
    let Some(value) = root.remove(key) else { return Ok(String::new()) };
    toml::to_string(&Table::from_iter([(key.to_owned(), value)]))
}
