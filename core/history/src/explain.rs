//! What people need to see around a violation.

mod describe;

pub use describe::describe;
pub(crate) use describe::seconds;

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::DeviceId;

use crate::{
    checkers::Violation,
    event::{Event, EventBody, FaultState, Process},
    recorder::History,
};

/// Events that an explanation shows at most.
pub const EVENTS_SHOWN: usize = 10;

/// The surroundings of a violation, as lines for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The checker and what it found, who had it and who did not.
    pub finding: Vec<String>,
    /// The faults under way between the first line about the message and the one that shows the
    /// violation; where there is none, the nearest before and after.
    pub faults: Vec<String>,
    /// The last events up to the one that shows the violation that concern the same channel or
    /// devices, oldest first.
    pub events: Vec<String>,
}

impl Explanation {
    /// Everything, ready to print.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let heading = |text: &str| vec![format!("  {text}")];
        let indented = |lines: &[String]| lines.iter().map(|line| format!("    {line}")).collect();
        let parts: [Vec<String>; 5] = [
            self.finding.clone(),
            heading("faults:"),
            indented(&self.faults),
            heading("last events:"),
            indented(&self.events),
        ];
        parts.concat()
    }
}

/// Gathers what a history says around a violation, in one pass.
#[must_use]
pub fn explain(history: &History, violation: &Violation) -> Explanation {
    let upto = history.events().partition_point(|event| event.seq <= violation.seq);
    let before = &history.events()[..upto];
    let begin = before.iter().find(|event| concerns_message(event, violation));
    let first_seq = begin.map_or(violation.seq, |event| event.seq);
    Explanation {
        finding: finding(violation),
        faults: faults(history, first_seq, violation.seq),
        events: last_events(before, violation),
    }
}

fn finding(violation: &Violation) -> Vec<String> {
    let mut lines = vec![format!("{}: {}", violation.checker, violation.summary)];
    let sides = [("had it:", &violation.had), ("missing:", &violation.missing)];
    for (title, devices) in sides.into_iter().filter(|(_, devices)| !devices.is_empty()) {
        let devices: Vec<String> =
            devices.iter().map(|device| format!("device {device}")).collect();
        lines.push(format!("  {title} {}", devices.join(", ")));
    }
    lines
}

fn concerns_message(event: &Event, violation: &Violation) -> bool {
    let same_channel = violation.channel.is_some() && event.body.channel() == violation.channel;
    let same_body = violation.body_hash.is_some() && event.body.body_hash() == violation.body_hash;
    let same_place =
        violation.message_id.is_some() && event.body.message_id() == violation.message_id;
    same_channel && (same_body || same_place)
}

/// A fault of the schedule, from its first line to its last.
struct Strike<'a> {
    on: &'a Event,
    off: Option<&'a Event>,
    text: String,
}

fn faults(history: &History, first_seq: u64, last_seq: u64) -> Vec<String> {
    let strikes = strikes(history);
    let under_way: Vec<String> = strikes
        .iter()
        .filter(|strike| strike.on.seq <= last_seq)
        .filter(|strike| strike.off.is_none_or(|off| off.seq >= first_seq))
        .map(Strike::describe)
        .collect();
    if !under_way.is_empty() {
        return under_way;
    }
    let last = strikes.iter().filter(|strike| strike.off.is_some_and(|off| off.seq < first_seq));
    let last = last.max_by_key(|strike| strike.off.map(|off| off.seq));
    let next = strikes.iter().find(|strike| strike.on.seq > last_seq);
    let mut lines = vec!["none was under way".to_owned()];
    lines.extend(last.map(|strike| format!("the last before: {}", strike.describe())));
    lines.extend(next.map(|strike| format!("the next after: {}", strike.describe())));
    lines
}

fn strikes(history: &History) -> Vec<Strike<'_>> {
    let mut strikes: Vec<Strike<'_>> = Vec::new();
    let mut open: BTreeMap<u32, usize> = BTreeMap::new();
    for event in history.events() {
        let EventBody::Fault { id, kind, state, target, .. } = &event.body else { continue };
        match state {
            FaultState::On => {
                open.insert(*id, strikes.len());
                let text = format!("fault {id}, {kind} of {target}");
                strikes.push(Strike { on: event, off: None, text });
            }
            FaultState::Off => {
                if let Some(at) = open.remove(id) {
                    strikes[at].off = Some(event);
                }
            }
        }
    }
    strikes
}

impl Strike<'_> {
    fn describe(&self) -> String {
        let on = seconds(self.on.t_ns);
        match self.off {
            Some(off) => format!("{}, from {on} to {}", self.text, seconds(off.t_ns)),
            None => format!("{}, from {on} to the end", self.text),
        }
    }
}

fn last_events(before: &[Event], violation: &Violation) -> Vec<String> {
    // Where it did not arrive says more than where it did.
    let sides = [&violation.missing, &violation.had];
    let devices = sides.into_iter().find(|devices| !devices.is_empty());
    let devices: BTreeSet<DeviceId> = devices.into_iter().flatten().copied().collect();
    let of_devices = before.iter().filter(|event| {
        matches!(event.body, EventBody::Session { device, .. } if devices.contains(&device))
    });
    let processes: BTreeSet<&Process> = of_devices.map(|event| &event.process).collect();
    let concerned =
        before.iter().rev().filter(|event| concerns(event, violation, &devices, &processes));
    let mut events: Vec<&Event> = concerned.take(EVENTS_SHOWN).collect();
    events.reverse();
    events.into_iter().map(describe).collect()
}

/// Lines about the channel, and lines about the devices that are about no other channel.
fn concerns(
    event: &Event,
    violation: &Violation,
    devices: &BTreeSet<DeviceId>,
    processes: &BTreeSet<&Process>,
) -> bool {
    match (&event.body, event.body.channel(), event.body.device()) {
        (EventBody::Truth { name, .. }, ..) => processes.iter().any(|one| *one.0 == **name),
        (_, Some(channel), _) if violation.channel.is_some() => violation.channel == Some(channel),
        (_, _, Some(device)) => devices.contains(&device),
        _ => false,
    }
}
