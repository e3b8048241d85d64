//! The manifest of a bundle: what is run, with what, where and when.

use std::time::SystemTime;

use hubbub_report::{MANIFEST_VERSION, Machine, Manifest, ScenarioOrigin, Tool};
use hubbub_scenario::Document;

/// The manifest of a run that begins now.
pub(crate) fn manifest(document: &Document, seeds: &[u64]) -> Manifest {
    let scenario = document.scenario();
    let started_at = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    Manifest {
        version: MANIFEST_VERSION,
        tool: Tool {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            revision: env!("HUBBUB_REVISION").to_owned(),
        },
        scenario: ScenarioOrigin {
            name: scenario.name.clone(),
            summary: scenario.summary.clone(),
            file: document.file_name().to_owned(),
            hash: document.hash(),
        },
        seeds: seeds.to_vec(),
        command_line: command_line(),
        machine: Machine::of_this_host(),
        started_at,
        notes: Vec::new(),
    }
}

/// The command line, quoted for a shell.
fn command_line() -> String {
    let mut words = vec!["hubbub".to_owned()];
    words.extend(std::env::args().skip(1).map(|word| quote(&word)));
    words.join(" ")
}

/// A word as a POSIX shell reads it.
pub(crate) fn quote(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,+@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn words_are_quoted_when_a_shell_needs_it() {
        assert_eq!(quote("design.retry_after=2s"), "design.retry_after=2s");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
