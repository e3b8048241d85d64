//! What came of a batch.

use std::collections::BTreeSet;

use hubbub_chat::situation::Situations;
use hubbub_history::checkers::{Checker, Finding};
use hubbub_scenario::{BASE, Figure, Resolved};

use super::Batch;
use crate::{
    faults::FaultEffect,
    judge::{Expectation, Judged, expectations},
};

/// Seeds that a failed assertion tells of; the others are named.
const SEEDS_TOLD_MAX: usize = 3;

/// What came of all runs of a batch.
#[derive(Debug, Clone)]
pub struct BatchOutcome {
    title: String,
    /// How the batch is written without its seeds, and the command line that does the same, when
    /// there is one.
    again: (String, Option<String>),
    expected: BTreeSet<String>,
    expectations: Vec<Expectation>,
    runs: Vec<SeedRun>,
}

/// What came of one seed.
#[derive(Debug, Clone)]
pub struct SeedRun {
    seed: u64,
    result: Result<Judged, String>,
    /// By checker.
    explained: Vec<(String, String)>,
}

impl BatchOutcome {
    pub(super) fn new(batch: &Batch<'_>, resolved: &Resolved, runs: Vec<SeedRun>) -> Self {
        let judged: Vec<Judged> = runs.iter().filter_map(SeedRun::verdict).cloned().collect();
        let mut expectations = expectations(&resolved.expect, &judged);
        expectations.extend(decided(&batch.checkers, &runs));
        expectations.extend(no_panic(&runs));
        let names = resolved.expect.violations.iter();
        Self {
            title: format!("{}, variant `{}`", batch.document.file_name(), resolved.name),
            again: (in_rust(batch), on_command_line(batch)),
            expected: names.map(|name| name.as_str().to_owned()).collect(),
            expectations,
            runs,
        }
    }

    /// The runs, in the order of their seeds.
    #[must_use]
    pub fn runs(&self) -> &[SeedRun] {
        &self.runs
    }

    /// What was expected of all runs together, and what came out.
    #[must_use]
    pub fn expectations(&self) -> &[Expectation] {
        &self.expectations
    }

    /// The checkers that were violated with any seed.
    #[must_use]
    pub fn violated(&self) -> BTreeSet<&str> {
        self.runs.iter().flat_map(SeedRun::violated).collect()
    }

    /// The situations that any run reached: a test that is about one of them asserts that it was
    /// there at all.
    #[must_use]
    pub fn situations(&self) -> Situations {
        let mut all = Situations::default();
        self.runs.iter().for_each(|run| all.add(run.situations()));
        all
    }

    /// Whether everything is as the scenario expects.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.expectations.iter().all(|expectation| expectation.met)
    }

    /// Asserts that everything is as the scenario expects.
    ///
    /// # Panics
    /// When it is not, with [`Self::explanation`].
    #[track_caller]
    pub fn assert_met(&self) {
        assert!(self.is_met(), "{}", self.explanation());
    }

    /// Asserts that a checker is violated with one seed at least, as a test of a design that is
    /// known to be wrong does.
    ///
    /// # Panics
    /// When it holds with all of them.
    #[track_caller]
    pub fn assert_violated(&self, checker: &str) {
        let violated = self.violated();
        assert!(
            violated.contains(checker),
            "{}: `{checker}` holds with {}; violated: {violated:?}",
            self.title,
            seeds(&self.runs.iter().collect::<Vec<_>>()),
        );
    }

    /// What was not as expected; then, for the first seeds with a violation that was not expected,
    /// what each checker found, the last events before it, and how to make the run again.
    #[must_use]
    pub fn explanation(&self) -> String {
        let mut lines = vec![self.title.clone()];
        let unmet = self.expectations.iter().filter(|expectation| !expectation.met);
        lines
            .extend(unmet.map(|it| format!("  {}: wanted {}, got {}", it.what, it.wanted, it.got)));
        let failed: Vec<&SeedRun> = self.runs.iter().filter(|run| self.is_failed(run)).collect();
        for run in failed.iter().take(SEEDS_TOLD_MAX) {
            lines.extend(self.tell(run));
        }
        if failed.len() > SEEDS_TOLD_MAX {
            lines.push(format!("and with {}", seeds(&failed[SEEDS_TOLD_MAX..])));
        }
        lines.join("\n")
    }

    fn is_failed(&self, run: &SeedRun) -> bool {
        run.result.is_err() || run.violated().any(|checker| !self.expected.contains(checker))
    }

    fn tell(&self, run: &SeedRun) -> Vec<String> {
        let seed = run.seed;
        let mut lines = vec![String::new(), format!("seed {seed}:")];
        lines.extend(run.result.as_ref().err().map(|words| format!("a machine panicked: {words}")));
        let mut told = BTreeSet::new();
        for (checker, text) in &run.explained {
            if !self.expected.contains(checker) && told.insert(checker) {
                lines.push(text.clone());
            }
        }
        let (in_rust, on_command_line) = &self.again;
        lines.push(format!("again: {in_rust}.seeds([{seed}])"));
        let command = on_command_line.as_ref();
        lines.extend(command.map(|command| format!("or:    {command} --seed {seed}")));
        lines
    }
}

impl SeedRun {
    pub(super) fn judged(seed: u64, judged: Judged, explained: Vec<(String, String)>) -> Self {
        Self { seed, result: Ok(judged), explained }
    }

    pub(super) fn panicked(seed: u64, words: String) -> Self {
        Self { seed, result: Err(words), explained: Vec::new() }
    }

    /// The seed.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The verdict with everything that was measured; `None` when a machine panicked.
    #[must_use]
    pub fn verdict(&self) -> Option<&Judged> {
        self.result.as_ref().ok()
    }

    /// What a machine said when it panicked.
    #[must_use]
    pub fn panic(&self) -> Option<&str> {
        self.result.as_ref().err().map(String::as_str)
    }

    /// What each checker found, those of the batch last.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        self.verdict().map_or(&[], |judged| &judged.findings)
    }

    /// What one checker found.
    #[must_use]
    pub fn finding(&self, checker: &str) -> Option<&Finding> {
        self.findings().iter().find(|finding| finding.checker == checker)
    }

    /// The checkers that were violated.
    pub fn violated(&self) -> impl Iterator<Item = &str> {
        let violated = self.findings().iter().filter(|finding| finding.is_violated());
        violated.map(|finding| finding.checker.as_str())
    }

    /// A figure, in its own unit; `None` when it could not be measured.
    #[must_use]
    pub fn figure(&self, figure: Figure) -> Option<f64> {
        self.verdict()?.figures.get(&figure).copied()
    }

    /// What each fault did: those of the scenario in their order, then those of the batch.
    #[must_use]
    pub fn effects(&self) -> &[FaultEffect] {
        self.verdict().map_or(&[], |judged| &judged.effects)
    }

    /// The situations that the run reached; none when a machine panicked.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.verdict().map(|judged| judged.situations).unwrap_or_default()
    }

    /// What a checker found wrong, with the last events before it: one text for each of the first
    /// few violations.
    pub fn explanations(&self, checker: &str) -> impl Iterator<Item = &str> {
        let of_checker = self.explained.iter().filter(move |(name, _)| name == checker);
        of_checker.map(|(_, text)| text.as_str())
    }
}

/// A checker of the batch that applies must have judged something, in every run.
fn decided(checkers: &[&dyn Checker], runs: &[SeedRun]) -> Option<Expectation> {
    let is_idle = |checker: &&&dyn Checker| {
        let finding =
            |run: &SeedRun| run.finding(checker.name()).map(|it| it.applies && it.undecided());
        runs.iter().filter_map(finding).any(|is_idle| is_idle)
    };
    let idle: Vec<&str> = checkers.iter().filter(is_idle).map(|checker| checker.name()).collect();
    (!checkers.is_empty())
        .then(|| none("checkers of the batch that found nothing to judge", &idle.join(", ")))
}

fn no_panic(runs: &[SeedRun]) -> Option<Expectation> {
    let panicked: Vec<&SeedRun> = runs.iter().filter(|run| run.result.is_err()).collect();
    (!panicked.is_empty()).then(|| none("machines that panicked", &seeds(&panicked)))
}

fn none(what: &str, got: &str) -> Expectation {
    let (met, got) = (got.is_empty(), if got.is_empty() { "none" } else { got });
    Expectation { what: what.to_owned(), wanted: "none".to_owned(), got: got.to_owned(), met }
}

fn seeds(runs: &[&SeedRun]) -> String {
    let seeds: Vec<String> = runs.iter().map(|run| run.seed.to_string()).collect();
    format!("{} {}", if seeds.len() == 1 { "seed" } else { "seeds" }, seeds.join(", "))
}

/// How the batch is written, as far as it is one of a file.
fn in_rust(batch: &Batch<'_>) -> String {
    let mut text = format!("Batch::read({:?})?", batch.document.file_name());
    for change in batch.document.overrides() {
        text.push_str(&format!(".set({change:?})?"));
    }
    if batch.variant != BASE {
        text.push_str(&format!(".variant({:?})?", batch.variant));
    }
    for checker in &batch.checkers {
        text.push_str(&format!(".checker(/* {} */)", checker.name()));
    }
    for fault in &batch.faults {
        text.push_str(&format!(".fault(/* {} */)", fault().name()));
    }
    text
}

/// The same on the command line, which knows no checkers and faults of anybody's own.
fn on_command_line(batch: &Batch<'_>) -> Option<String> {
    if !batch.checkers.is_empty() || !batch.faults.is_empty() {
        return None;
    }
    let quoted = |word: &str| format!("'{}'", word.replace('\'', r"'\''"));
    let mut command = format!("hubbub sim {} --engine fast", quoted(batch.document.file_name()));
    for change in batch.document.overrides() {
        command.push_str(&format!(" --set {}", quoted(change)));
    }
    if batch.document.variants().len() > 1 {
        command.push_str(&format!(" --variant {}", quoted(&batch.variant)));
    }
    Some(command)
}
