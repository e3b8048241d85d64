//! What the page draws.

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, DeviceId, UserId};
use hubbub_history::{
    Event, EventBody,
    checkers::Finding,
    trace::{Recording, TraceHeader, TraceLine, Transit},
};
use serde::{Deserialize, Serialize};

use super::{derived, faults, lanes::Lanes, marks, shown};

/// Everything that the page shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drawing {
    /// The file's name.
    pub name: String,
    /// The scenario's name.
    pub scenario: String,
    /// The variant; empty or `base` for the file without variants.
    pub variant: String,
    /// The seed.
    pub seed: String,
    /// `fast`, `full` or `load`.
    pub engine: String,
    /// Whether it has what went over the network, or only what clients and the harness could see.
    pub is_trace: bool,
    /// When the last thing happened, in nanoseconds since the run began.
    pub end_ns: u64,
    /// Where things happened, from top to bottom.
    pub lanes: Vec<Lane>,
    /// The conversations.
    pub channels: Vec<String>,
    /// What happened, by time.
    pub marks: Vec<Mark>,
    /// Faults, by when they began.
    pub faults: Vec<Fault>,
    /// Phases of the run.
    pub phases: Vec<Moment>,
    /// What the checkers found, at most a hundred of each.
    pub violations: Vec<Shown>,
    /// How much each violated checker found in all.
    pub totals: BTreeMap<String, u64>,
}

/// A host or a device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Its name in the trace.
    pub name: String,
    /// Which of them it is.
    pub kind: LaneKind,
    /// For a device: whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// For a device: the host that it lives on, when that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
}

/// What a lane is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LaneKind {
    /// The harness: phases and faults.
    Harness,
    /// A server's host.
    Host,
    /// A device.
    Device,
}

/// Something that happened: an arrow when it leads to another lane, a dot otherwise.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Mark {
    /// When, or when it was sent, in nanoseconds since the run began.
    pub t: u64,
    /// The lane, or the one that it comes from.
    pub lane: usize,
    /// For an arrow, the lane that it leads to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
    /// For an arrow, when it arrives; absent when it never does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<u64>,
    /// For an arrow that is lost or held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transit: Option<Transit>,
    /// What it is, such as `send`.
    pub kind: String,
    /// The kinds that have one colour and one switch.
    pub family: String,
    /// The line of the history, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Places in [`Drawing::channels`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<usize>,
    /// The device that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<DeviceId>,
    /// The user that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<UserId>,
    /// The place in the log, as text: scripts keep only 53 bits of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// What happened, for people.
    pub text: String,
    /// All of a message, in the spelling of the program.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub says: String,
}

/// A fault and where it strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Its number in the schedule.
    pub id: u32,
    /// Its kind.
    pub kind: String,
    /// What it strikes, for people.
    pub target: String,
    /// When it began, in nanoseconds since the run began.
    pub from: u64,
    /// When it ended.
    pub to: u64,
    /// How much it did, when it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub affected: Option<u64>,
    /// The lanes that it strikes.
    pub lanes: Vec<usize>,
}

/// A moment of the run with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// When, in nanoseconds since the run began.
    pub t: u64,
    /// Its name.
    pub name: String,
}

/// A violation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// The checker.
    pub checker: String,
    /// One sentence for people.
    pub summary: String,
    /// Place in [`Drawing::channels`], if it concerns a conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<usize>,
    /// The place in the log, as text, if it concerns an entry.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it shows.
    pub t: u64,
    /// The line of the history that shows it.
    pub seq: u64,
    /// Devices that had it, or that it is about.
    pub had: Vec<DeviceId>,
    /// Devices that should have had it.
    pub missing: Vec<DeviceId>,
    /// Places in [`Drawing::marks`] of everything that is about it.
    pub marks: Vec<usize>,
}

impl Drawing {
    /// Works out what to draw.
    #[must_use]
    pub fn of(name: &str, recording: &Recording, findings: &[Finding]) -> Self {
        let (header, lines): (Option<&TraceHeader>, Vec<TraceLine>) = match recording {
            Recording::Trace(trace) => (Some(&trace.header), trace.lines.clone()),
            Recording::History(history) => {
                let events = history.events().iter().cloned();
                (None, events.map(|event| TraceLine::Event(Box::new(event))).collect())
            }
        };
        let events: Vec<&Event> = lines.iter().filter_map(event).collect();
        let lanes = Lanes::new(header, &lines);
        let mut channels = Channels::default();
        let mut sketch = marks::sketch(&lines, &lanes, &mut channels);
        if header.is_none() {
            sketch.extend(derived::arrows(&events, &lanes, &mut channels));
        }
        // What has the same time stays in the order of the trace.
        sketch.sort_by_key(|sketched| sketched.mark.t);
        let end = |mark: &Mark| mark.end.unwrap_or(mark.t);
        let end_ns = sketch.iter().map(|it| end(&it.mark)).max().unwrap_or_default();
        let violations = shown::violations(findings, &events, &sketch, &mut channels);
        let run = events.iter().find_map(|event| match &event.body {
            EventBody::Run { scenario, variant, seed, engine, .. } => {
                Some((scenario.clone(), variant.clone(), seed.to_string(), engine.clone()))
            }
            _ => None,
        });
        let (scenario, variant, seed, engine) = run.unwrap_or_default();
        let violated = findings.iter().filter(|it| it.is_violated());
        Self {
            name: name.to_owned(),
            scenario,
            variant,
            seed,
            engine,
            is_trace: header.is_some(),
            end_ns,
            faults: faults::faults(header, &events, &lanes, end_ns),
            phases: events.iter().copied().filter_map(phase).collect(),
            violations,
            totals: violated.map(|it| (it.checker.clone(), it.violations_total)).collect(),
            lanes: lanes.into_lanes(),
            channels: channels.names,
            marks: sketch.into_iter().map(|sketched| sketched.mark).collect(),
        }
    }
}

/// The conversations, numbered as they come.
#[derive(Debug, Default)]
pub(super) struct Channels {
    names: Vec<String>,
    places: BTreeMap<ChannelId, usize>,
}

impl Channels {
    pub(super) fn place(&mut self, channel: ChannelId) -> usize {
        *self.places.entry(channel).or_insert_with(|| {
            self.names.push(channel.to_string());
            self.names.len() - 1
        })
    }
}

fn event(line: &TraceLine) -> Option<&Event> {
    match line {
        TraceLine::Event(event) => Some(event),
        TraceLine::Message(_) | TraceLine::Note(_) => None,
    }
}

fn phase(event: &Event) -> Option<Moment> {
    match &event.body {
        EventBody::Phase { phase, .. } => {
            let name = serde_json::to_value(phase).ok()?.as_str()?.replace('_', " ");
            Some(Moment { t: event.t_ns, name })
        }
        _ => None,
    }
}
