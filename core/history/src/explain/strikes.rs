//! The faults around a violation.

use std::collections::BTreeMap;

use super::describe::seconds;
use crate::{
    event::{Event, EventBody, FaultState},
    recorder::History,
};

/// A fault of the schedule, from its first line to its last.
struct Strike<'a> {
    on: &'a Event,
    off: Option<&'a Event>,
    text: String,
}

/// The faults under way between two lines; where there is none, the nearest before and after.
pub(super) fn nearby(history: &History, first_seq: u64, last_seq: u64) -> Vec<String> {
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
        let from = format!("{}, from {}", self.text, seconds(self.on.t_ns));
        let Some(off) = self.off else { return format!("{from} to the end") };
        let affected = match &off.body {
            EventBody::Fault { affected: Some(count), .. } => format!(", {count} affected"),
            _ => String::new(),
        };
        format!("{from} to {}{affected}", seconds(off.t_ns))
    }
}
