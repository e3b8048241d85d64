//! What people need to see around a violation.

mod describe;
mod selection;
mod strikes;

pub use describe::describe;
pub(crate) use describe::seconds;
pub use selection::EVENTS_SHOWN;

use crate::{
    checkers::Violation,
    event::{Event, Process},
    recorder::History,
};
use describe::{happened, line};

/// A violation with its surroundings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The checker and what it found, who had it and who did not, as lines.
    pub finding: Vec<String>,
    /// When the violation shows, in nanoseconds since the run began.
    pub t_ns: u64,
    /// The faults under way between the first line about the message and the one that shows the
    /// violation; where there is none, the nearest before and after. A line each.
    pub faults: Vec<String>,
    /// Up to the line that shows the violation: what became of the message, what its devices and
    /// the hosts went through, and what else went on in the conversation. At most
    /// [`EVENTS_SHOWN`], the oldest first.
    pub events: Vec<ExplainedEvent>,
}

/// An event of an explanation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedEvent {
    /// Its line in the history.
    pub seq: u64,
    /// When, in nanoseconds since the run began.
    pub t_ns: u64,
    /// Where it happened.
    pub process: Process,
    /// What happened, for people.
    pub text: String,
}

impl Explanation {
    /// Everything, ready to print.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let mut lines = self.finding.clone();
        lines.push("  faults:".to_owned());
        lines.extend(self.faults.iter().map(|fault| format!("    {fault}")));
        lines.push("  last events:".to_owned());
        lines.extend(self.events.iter().map(|event| format!("    {}", event.line())));
        lines
    }
}

impl ExplainedEvent {
    /// As one line: when, which line, who, and what happened.
    #[must_use]
    pub fn line(&self) -> String {
        line(self.t_ns, self.seq, &self.process, &self.text)
    }
}

impl From<&Event> for ExplainedEvent {
    fn from(event: &Event) -> Self {
        let (process, text) = (event.process.clone(), happened(event));
        Self { seq: event.seq, t_ns: event.t_ns, process, text }
    }
}

/// Gathers what a history says around a violation, in time linear in the history.
#[must_use]
pub fn explain(history: &History, violation: &Violation) -> Explanation {
    let upto = history.events().partition_point(|event| event.seq <= violation.seq);
    let before = &history.events()[..upto];
    let begin = before.iter().find(|event| selection::is_about_message(event, violation));
    let first_seq = begin.map_or(violation.seq, |event| event.seq);
    Explanation {
        finding: finding(violation),
        t_ns: before.last().map_or(0, |event| event.t_ns),
        faults: strikes::nearby(history, first_seq, violation.seq),
        events: selection::select(before, violation).into_iter().map(Into::into).collect(),
    }
}

fn finding(violation: &Violation) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", violation.checker, violation.summary)];
    // Without a conversation there is nothing to have: these are the devices that it is about.
    let had = if violation.channel.is_some() { "had it:" } else { "about:" };
    let sides = [(had, &violation.had), ("missing:", &violation.missing)];
    for (title, devices) in sides.into_iter().filter(|(_, devices)| !devices.is_empty()) {
        let devices: Vec<String> =
            devices.iter().map(|device| format!("device {device}")).collect();
        lines.push(format!("  {title} {}", devices.join(", ")));
    }
    lines
}
