//! What a variant sets: dotted keys anywhere in the scenario, as `--set` takes them.

use toml::{Table, Value};

use crate::error::Problem;
use crate::{Scenario, Variant};

/// Sections that a variant may change. The others are the same for all runs of a file.
const CHANGEABLE: [&str; 6] = ["cluster", "design", "workload", "fault", "expect", "load"];

/// One key that a variant sets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// Where in the scenario, with list entries counted from 0.
    pub(crate) keys: Vec<String>,
    value: Value,
}

impl Change {
    pub(crate) fn new(key: &str, value: Value) -> Self {
        Self { keys: key.split('.').map(|key| key.trim().to_owned()).collect(), value }
    }

    /// Its keys with dots between them.
    pub(crate) fn place(&self) -> String {
        self.keys.join(".")
    }

    /// Whether a place of the scenario is this one, or in it, or around it.
    pub(crate) fn touches(&self, place: &str) -> bool {
        let mut pairs = self.keys.iter().zip(place.split('.'));
        pairs.all(|(key, step)| key == step)
    }
}

/// The single changes of a table of changes: a quoted key with dots and a table in a table say the
/// same.
pub(crate) fn changes(table: &Table) -> Vec<Change> {
    let mut changes = Vec::new();
    gather(table, &[], &mut changes);
    changes
}

impl Variant {
    /// What it changes of the base, each as a person writes it: `accept = "on-receipt"` for a knob,
    /// `workload.users = 30` for another key. What it expects is no change.
    #[must_use]
    pub fn changes(&self) -> Vec<String> {
        let knobs = self.design.iter().map(|(knob, value)| format!("{knob} = {value}"));
        let others = changes(&self.set).into_iter().filter(|change| !change.touches("expect"));
        knobs.chain(others.map(|one| format!("{} = {}", one.place(), one.value))).collect()
    }
}

/// The scenario with all changes of a table made, and then read again.
///
/// # Errors
/// The first change that cannot be made, with its place in the scenario; the place is empty where
/// only the whole can be judged.
pub(crate) fn changed(scenario: &Scenario, changes: &[Change]) -> Result<Scenario, Problem> {
    let whole = |message: String| Problem::new("", message);
    let mut root = Value::try_from(scenario)
        .map_err(|error| whole(format!("the base has no TOML form: {error}")))?;
    for change in changes {
        let keys: Vec<&str> = change.keys.iter().map(String::as_str).collect();
        check_section(change)?;
        put(&mut root, &keys, 0, &change.value)
            .map_err(|problem| Problem { place: change.place(), ..problem })?;
    }
    root.try_into().map_err(|error: toml::de::Error| {
        whole(format!("what this makes of the scenario cannot be read: {}", error.message()))
            .advise("set every key that the section needs, or add the section to the file")
    })
}

fn gather(table: &Table, before: &[String], changes: &mut Vec<Change>) {
    for (key, value) in table {
        let mut keys = before.to_vec();
        keys.extend(key.split('.').map(|key| key.trim().to_owned()));
        match value {
            Value::Table(inner) => gather(inner, &keys, changes),
            value => changes.push(Change { keys, value: value.clone() }),
        }
    }
}

fn check_section(change: &Change) -> Result<(), Problem> {
    let section = change.keys.first().map_or("", String::as_str);
    if CHANGEABLE.contains(&section) {
        return Ok(());
    }
    let place = change.place();
    let message = format!("`{place}` is the same for all variants");
    let known = CHANGEABLE.join(", ");
    Err(Problem::new(&place, message).advise(format!("a variant changes keys of {known}")))
}

/// Puts a value where the keys from `depth` on lead, below tables that are made where they are
/// missing. A problem has no place yet.
fn put(at: &mut Value, keys: &[&str], depth: usize, value: &Value) -> Result<(), Problem> {
    let Some(key) = keys.get(depth) else {
        *at = value.clone();
        return Ok(());
    };
    let around = keys[..depth].join(".");
    match at {
        Value::Table(table) => {
            let inner = table.entry(*key).or_insert_with(|| Value::Table(Table::new()));
            put(inner, keys, depth + 1, value)
        }
        Value::Array(entries) => {
            let count = entries.len();
            let entry = key.parse::<usize>().ok().and_then(|index| entries.get_mut(index));
            let entry = entry.ok_or_else(|| {
                let message = format!("`{around}` is a list of {count}: it has no entry `{key}`");
                Problem::new("", message)
                    .advise(format!("count its entries from 0, such as `{around}.0`"))
            })?;
            put(entry, keys, depth + 1, value)
        }
        _ => Err(Problem::new("", format!("`{around}` is a value, it has no keys"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes_of(text: &str) -> Vec<Change> {
        changes(&toml::from_str(text).unwrap())
    }

    #[test]
    fn a_quoted_key_and_a_table_say_the_same() {
        let dotted = changes_of("\"workload.groups.size\" = [1, 2]\n");
        assert_eq!(dotted, changes_of("workload.groups.size = [1, 2]\n"));
        assert_eq!(dotted, changes_of("workload = { groups = { size = [1, 2] } }\n"));
        assert_eq!(dotted[0].place(), "workload.groups.size");
    }

    #[test]
    fn a_change_touches_what_is_in_it_and_around_it() {
        let change = &changes_of("\"workload.groups.size\" = [1, 2]\n")[0];
        for place in ["workload.groups.size", "workload.groups", "workload.groups.size.0"] {
            assert!(change.touches(place), "{place}");
        }
        for place in ["workload.users", "workload.groups.count", "workload.group"] {
            assert!(!change.touches(place), "{place}");
        }
    }
}
