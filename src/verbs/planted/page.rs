//! The page of planted bugs: a table, and what it comes to.

use std::{collections::BTreeSet, time::Duration};

use hubbub_sim::hunt::Shrunk;

use super::Hunted;

/// What is said of one bug while the others are hunted.
pub(super) fn line(hunted: &Hunted) -> String {
    let search = &hunted.search;
    let found = match &search.found {
        Some(found) => format!("found by {}", listed(&found.violated)),
        None => "not found".to_owned(),
    };
    let size = hunted
        .shrunk
        .as_ref()
        .map(|shrunk| format!(", {} of {} faults left", shrunk.after.faults, shrunk.before.faults));
    let size = size.unwrap_or_default();
    format!("{}: {found}, {:.2}s, {} runs{size}", search.bug, search.cpu_s, search.runs)
}

/// The whole page, in Markdown.
pub(super) fn page(hunted: &[Hunted], lasts: Duration) -> String {
    let mut page = String::from(
        "# Planted bugs\n\n\
         Defects of the kind that slip into chat systems, each planted in one place of the machines or \
         of the model of the store, and hunted like anything unknown: the same scenarios (`scenarios/hunt`), \
         the same seeds from 1 on, nothing tuned to any of them. A case counts when it fails with the \
         bug and holds without it.\n\n\
         This page is written by `cargo run --release --features planted-bugs -- planted`. No other \
         program has the bugs.\n\n",
    );
    page.push_str(&summary(hunted, lasts));
    page.push_str(&places(hunted));
    page.push_str(
        "\n| bug | in | what is wrong | found by | scenario and seed | runs | CPU s | faults | faulty s |\n\
         |---|---|---|---|---|--:|--:|--:|--:|\n",
    );
    hunted.iter().for_each(|one| page.push_str(&row(one)));
    page.push_str(
        "\n`in`: whose code has the bug. `runs`: how many cases were run until the bug was found. `CPU s`: seconds of one core for \
         that. `faults`: how many faults the schedule had that found it, and how many are left once it \
         was made small. `faulty s`: the same for the sum of how long the faults last, in simulated \
         seconds.\n",
    );
    page
}

fn summary(hunted: &[Hunted], lasts: Duration) -> String {
    let found: Vec<&Hunted> = hunted.iter().filter(|one| one.search.found.is_some()).collect();
    let checkers: BTreeSet<String> = found
        .iter()
        .filter_map(|one| one.search.found.as_ref())
        .flat_map(|found| found.violated.iter().cloned())
        .collect();
    let mut text = format!(
        "{} of {} bugs were found within {} CPU-seconds each, by {} checkers: {}.",
        found.len(),
        hunted.len(),
        lasts.as_secs(),
        checkers.len(),
        listed(&checkers),
    );
    let slowest = found.iter().max_by(|one, other| one.search.cpu_s.total_cmp(&other.search.cpu_s));
    if let Some(slowest) = slowest {
        let times = found.iter().map(|one| one.search.cpu_s);
        text.push_str(&format!(
            " The median took {:.2} s, the slowest (`{}`) {:.2} s.",
            median(times).unwrap_or_default(),
            slowest.search.bug,
            slowest.search.cpu_s,
        ));
    }
    let shrunk = || found.iter().filter_map(|one| one.shrunk.as_ref());
    if let (Some(faults), Some(faulty)) =
        (median(shrunk().filter_map(faults_share)), median(shrunk().filter_map(faulty_share)))
    {
        text.push_str(&format!(
            " In the median {:.0}% of a schedule's faults are left when it was made small, and {:.0}% of \
             the time that they last.",
            faults * 100.0,
            faulty * 100.0,
        ));
    }
    let misled: u64 = hunted.iter().map(|one| one.search.misled).sum();
    if misled > 0 {
        text.push_str(&format!(" {misled} cases failed without the bug as well."));
    }
    text.push('\n');
    text
}

/// What the bugs say of a server, and what they do not.
fn places(hunted: &[Hunted]) -> String {
    let (served, modelled): (Vec<&Hunted>, Vec<&Hunted>) =
        hunted.iter().partition(|one| one.search.bug.place().is_served());
    if served.is_empty() || modelled.is_empty() {
        return String::new();
    }
    let share = |of: &[&Hunted]| {
        let found = of.iter().filter(|one| one.search.found.is_some()).count();
        format!("{found} of {}", of.len())
    };
    format!(
        "\n{} were found of those in code that servers and clients run as it is: the machines, the leases \
         and discovery. {} were found of those in the pure model of the store, which simulations run. A \
         server's store is another implementation, of rows on disk: it shares with the model the rules \
         that decide on sends (`SendWindow`) and on changes of groups (`ChannelState`), none of these \
         bugs is in them, and tests give both the same requests and compare the answers \
         (`core/service/tests/store_differential.rs`).\n",
        share(&served),
        share(&modelled),
    )
}

fn row(hunted: &Hunted) -> String {
    let search = &hunted.search;
    let (checkers, place) = match &search.found {
        Some(found) => {
            let checkers: Vec<String> =
                found.violated.iter().map(|checker| format!("`{checker}`")).collect();
            (checkers.join(", "), format!("{}, {}", found.case.scenario.name, found.case.seed))
        }
        None => ("not found".to_owned(), String::new()),
    };
    let (faults, faulty) = match &hunted.shrunk {
        Some(shrunk) => (
            format!("{} → {}", shrunk.before.faults, shrunk.after.faults),
            format!(
                "{:.1} → {:.1}",
                shrunk.before.faulty.as_secs_f64(),
                shrunk.after.faulty.as_secs_f64()
            ),
        ),
        None => Default::default(),
    };
    format!(
        "| `{}` | {} | {} | {checkers} | {place} | {} | {:.2} | {faults} | {faulty} |\n",
        search.bug,
        search.bug.place().as_str(),
        search.bug.doc(),
        search.runs,
        search.cpu_s,
    )
}

/// How much of the schedule is left; `None` where there was none.
fn faults_share(shrunk: &Shrunk) -> Option<f64> {
    share(shrunk.after.faults as f64, shrunk.before.faults as f64)
}

fn faulty_share(shrunk: &Shrunk) -> Option<f64> {
    share(shrunk.after.faulty.as_secs_f64(), shrunk.before.faulty.as_secs_f64())
}

fn share(after: f64, before: f64) -> Option<f64> {
    (before > 0.0).then_some(after / before)
}

/// The middle one, or the mean of the two in the middle.
fn median(of: impl Iterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = of.collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(match sorted.len() % 2 {
        0 => f64::midpoint(sorted[middle - 1], upper),
        _ => upper,
    })
}

fn listed(names: &BTreeSet<String>) -> String {
    names.iter().cloned().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median([].into_iter()), None);
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 9.0].into_iter()), Some(3.0));
    }
}
