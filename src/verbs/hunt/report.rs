//! What a hunt came to, for programs and for people.

use std::path::Path;

use hubbub_chat::situation::Situation;
use hubbub_scenario::Scenario;
use hubbub_sim::hunt::Reproduction;
use indicatif::ProgressBar;
use serde::Serialize;

use super::folder::Folder;
use crate::{
    exit::Failure, hunting::Found, interrupt::Interrupt, manifest::quote, scenario_file::Overrides,
    sim_report::sim_report, simulate::Simulation,
};

/// Columns of a line of names.
const COLUMNS: usize = 100;

/// What a hunt came to, for programs.
#[derive(Debug, Serialize)]
pub(super) struct HuntReport {
    pub(super) scenario: String,
    pub(super) file: String,
    /// Whether nothing was found and everything was reached that had to be.
    pub(super) passed: bool,
    pub(super) interrupted: bool,
    /// The first seed; those of other parts are left out.
    pub(super) first_seed: u64,
    pub(super) seeds: u64,
    pub(super) failed_seeds: u64,
    /// Failed seeds that were made small; nobody looked at the others.
    pub(super) made_small: u64,
    pub(super) seeds_per_s: f64,
    pub(super) found: Vec<FoundReport>,
    pub(super) situations_reached: Vec<Situation>,
    /// Situations that `[hunt]` wants reached and that were not.
    pub(super) situations_missed: Vec<Situation>,
    /// Whether the hunt ended before its time, and says nothing of what was not reached.
    #[serde(skip)]
    pub(super) ended_early: bool,
}

/// A failure.
#[derive(Debug, Serialize)]
pub(super) struct FoundReport {
    checker: String,
    /// The checkers that the small case violates.
    violated: Vec<String>,
    seed: u64,
    /// `None` where it could not be written.
    file: Option<String>,
    command: Option<String>,
    /// The file that has the name which this one would have had.
    #[serde(skip_serializing_if = "Option::is_none")]
    other_file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unwritten: Option<Unwritten>,
    faults: [usize; 2],
    users: [u32; 2],
    servers: [usize; 2],
    duration_s: [f64; 2],
    /// Runs that it took to make it small.
    runs: u32,
    /// Whether somebody interrupted before it was as small as it gets; without a run it is as it was
    /// drawn.
    interrupted: bool,
    times: u64,
    #[serde(skip)]
    explanation: String,
}

/// A file that could not be written.
#[derive(Debug, Serialize)]
struct Unwritten {
    why: String,
    text: String,
}

impl FoundReport {
    /// Writes a failure as a scenario file, and runs it to say what happens in it.
    pub(super) fn write(folder: &Folder, hunted: &str, found: &Found) -> Result<Self, Failure> {
        let Found { seed, failure, shrunk, ran, times } = found;
        let checker = failure.checker();
        let made = Reproduction::new(hunted, *seed, checker, shrunk, ran).map_err(Failure::new)?;
        let (file, other_file, unwritten) = match folder.keep(&made) {
            Ok(kept) => (Some(kept.path), kept.other, None),
            Err(why) => (None, None, Some(Unwritten { why, text: made.text.clone() })),
        };
        let shown = |path: &Path| path.display().to_string();
        let file = file.as_deref().map(shown);
        let named = file.clone().unwrap_or_else(|| format!("{}.toml", made.name));
        let (before, after) = (&shrunk.before, &shrunk.after);
        Ok(Self {
            checker: checker.to_owned(),
            violated: ran.violated.iter().cloned().collect(),
            seed: *seed,
            command: file.as_deref().map(|file| format!("hubbub sim {}", quote(file))),
            file,
            other_file: other_file.as_deref().map(shown),
            unwritten,
            faults: [before.faults, after.faults],
            users: [before.users, after.users],
            servers: [before.servers, after.servers],
            duration_s: [before.duration, after.duration].map(|duration| duration.as_secs_f64()),
            runs: shrunk.runs,
            interrupted: shrunk.interrupted,
            times: *times,
            explanation: match &ran.panic {
                Some(panic) => format!("      a machine panicked: {panic}\n"),
                None => explanation(&named, &made.text)?,
            },
        })
    }

    fn human(&self) -> String {
        let mut text = self.explanation.clone();
        text.push_str(&format!(
            "FOUND {}, with seed {}: {}\n",
            self.violated.join(", "),
            self.seed,
            self.size()
        ));
        if let Some(other) = &self.other_file {
            text.push_str(&format!("      {other} is another one, and stays as it is\n"));
        }
        if let Some((command, file)) = self.command.as_ref().zip(self.file.as_ref()) {
            let trace = Path::new(file).with_extension("trace").display().to_string();
            let trace = quote(&trace);
            text.push_str(&format!(
                "      reproduce  {command}\n      look at    {command} --trace {trace} ; hubbub view \
                 {trace}\n"
            ));
        }
        if let Some(Unwritten { why, text: file }) = &self.unwritten {
            text.push_str(&format!("      {why}; this is the file:\n\n{file}"));
        }
        text.push('\n');
        text
    }

    fn size(&self) -> String {
        let [before_s, after_s] = self.duration_s;
        if self.interrupted && self.runs == 0 {
            return format!(
                "not made small: interrupted ({} faults, {} users, {} servers and {before_s:.0}s)",
                self.faults[0], self.users[0], self.servers[0],
            );
        }
        let [faults, users, servers] =
            [self.faults, self.users.map(|users| users as usize), self.servers]
                .map(|[before, after]| format!("{after} of {before}"));
        let end = if self.interrupted { "; interrupted before it was small" } else { "" };
        format!(
            "{faults} faults, {users} users, {servers} servers and {after_s:.0}s of {before_s:.0}s are left \
             after {} runs{end}",
            self.runs,
        )
    }
}

impl HuntReport {
    /// Why files were not written, if some were not.
    pub(super) fn unwritten(&self) -> Option<String> {
        let unwritten = self.found.iter().filter_map(|found| found.unwritten.as_ref());
        let why: Vec<&str> = unwritten.map(|it| it.why.as_str()).collect();
        (!why.is_empty()).then(|| why.join("; "))
    }

    pub(super) fn human(&self) -> String {
        let mut text: String = self.found.iter().map(FoundReport::human).collect();
        text.push_str(&format!(
            "{}  {}: {} seeds from {} on, {} failed, {} distinct; {:.1} seeds/s; {} of {} situations \
             reached\n",
            if self.passed { "PASS" } else { "FAIL" },
            self.scenario,
            self.seeds,
            self.first_seed,
            self.failed_seeds,
            self.found.len(),
            self.seeds_per_s,
            self.situations_reached.len(),
            Situation::ALL.len(),
        ));
        let others = self.failed_seeds - self.made_small;
        if others > 0 && self.interrupted {
            text.push_str(&format!(
                "      of {} failed seeds {} were made small before somebody interrupted; of the other \
                 {others} only the first of those that violate the same checkers are given\n",
                self.failed_seeds, self.made_small,
            ));
        } else if others > 0 {
            text.push_str(&format!(
                "      of {} failed seeds {} were made small; nobody looked at the other {others}, one of \
                 which may have failed by something else\n",
                self.failed_seeds, self.made_small,
            ));
        }
        for missed in &self.situations_missed {
            text.push_str(&format!("      never reached: {missed}. {}\n", missed.doc()));
        }
        text.push_str(&self.not_reached());
        text
    }

    /// The situations that were not reached and need not be, where there was time for them.
    fn not_reached(&self) -> String {
        let is_told =
            |one| self.situations_reached.contains(one) || self.situations_missed.contains(one);
        let others = Situation::ALL.iter().filter(|one| !is_told(one));
        let names: Vec<String> = others.map(|one| one.to_string()).collect();
        if names.is_empty() || self.ended_early { String::new() } else { listed(&names) }
    }
}

fn listed(names: &[String]) -> String {
    let mut text = String::new();
    let mut line = "      not reached:".to_owned();
    for (at, name) in names.iter().enumerate() {
        let comma = if at + 1 < names.len() { "," } else { "" };
        if line.len() + 1 + name.len() + comma.len() > COLUMNS {
            text.push_str(&format!("{line}\n"));
            line = "       ".to_owned();
        }
        line.push_str(&format!(" {name}{comma}"));
    }
    text.push_str(&format!("{line}\n"));
    text
}

/// What `hubbub sim` says about the file.
fn explanation(file: &str, text: &str) -> Result<String, Failure> {
    let document = Scenario::parse(file, text)?;
    let run = &document.scenario().run;
    let simulation = Simulation {
        document: &document,
        variants: document.variants().to_vec(),
        seeds: run.seeds.clone(),
        engine: run.engine,
        traced: false,
        keep_histories: false,
    };
    let runs = simulation.run(&ProgressBar::hidden(), &Interrupt::never())?;
    let report = sim_report(&simulation, &runs, &Overrides::default());
    Ok(hubbub_report::human(&report))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_listed_in_lines_that_are_not_too_long() {
        let names: Vec<String> = (10..40).map(|at| format!("situation-{at}")).collect();
        let text = listed(&names);
        assert!(
            text.lines().count() > 1 && text.lines().all(|line| line.len() <= COLUMNS),
            "{text}"
        );
        let words: Vec<&str> = text.split_whitespace().skip(2).collect();
        assert_eq!(words.join(" "), names.join(", "));
    }
}
