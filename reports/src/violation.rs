//! A violation as people read it: with what surrounds it.

use std::collections::BTreeSet;

use hubbub_history::{
    Event, EventBody, EventType, FaultState, History, Path, SessionCause, checkers::Violation,
};
use serde::{Deserialize, Serialize};

/// Events that a violation shows at most.
pub const CONTEXT_EVENTS_MAX: usize = 12;

/// A violation, with who had the message, who did not, and what happened before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ViolationReport {
    /// The checker's name.
    pub checker: String,
    /// One sentence for people.
    pub summary: String,
    /// The conversation; absent when it concerns none.
    pub channel: Option<String>,
    /// The place in its log; absent when it concerns no entry.
    pub message_id: Option<u64>,
    /// Devices that had it.
    pub had: Vec<u64>,
    /// Devices that should have had it and did not.
    pub missing: Vec<u64>,
    /// When it shows, in simulated seconds.
    pub at_s: f64,
    /// The faults under way then, or, when there were none, the last one before.
    pub faults: Vec<String>,
    /// The last events that concern it, the oldest first.
    pub events: Vec<ContextEvent>,
}

/// An event before a violation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContextEvent {
    /// Its line in the history.
    pub seq: u64,
    /// When, in seconds since the run began.
    pub at_s: f64,
    /// The host or device where it happened.
    pub process: String,
    /// What happened, for people.
    pub what: String,
}

impl ViolationReport {
    /// Puts a violation together with what the history tells around it.
    #[must_use]
    pub fn new(violation: &Violation, history: &History) -> Self {
        let events = history.events();
        let shown = events.partition_point(|event| event.seq <= violation.seq);
        let before = events.get(..shown).unwrap_or_default();
        let at_ns = before.last().map_or(0, |event| event.t_ns);
        Self {
            checker: violation.checker.clone(),
            summary: violation.summary.clone(),
            channel: violation.channel.map(|channel| channel.to_string()),
            message_id: violation.message_id.map(|id| id.0),
            had: violation.had.iter().map(|device| device.0).collect(),
            missing: violation.missing.iter().map(|device| device.0).collect(),
            at_s: seconds(at_ns),
            faults: faults_at(before),
            events: last_events(violation, before),
        }
    }

    /// `message 4 of direct-3-17`, as far as it is known.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        match (&self.channel, self.message_id) {
            (Some(channel), Some(id)) => Some(format!("message {id} of {channel}")),
            (Some(channel), None) => Some(channel.clone()),
            (None, _) => None,
        }
    }
}

/// The faults that had begun and not ended, else the last that ended.
fn faults_at(before: &[Event]) -> Vec<String> {
    let mut under_way: Vec<(u32, String)> = Vec::new();
    let mut last_ended = None;
    for event in before {
        let EventBody::Fault { id, kind, state, target, affected } = &event.body else { continue };
        match state {
            FaultState::On => {
                let since = seconds(event.t_ns);
                under_way.push((*id, format!("{kind} of {target} since {since:.3} s")));
            }
            FaultState::Off => {
                under_way.retain(|(other, _)| other != id);
                let affected =
                    affected.map_or(String::new(), |count| format!(", affected {count}"));
                let ended = seconds(event.t_ns);
                last_ended = Some(format!("{kind} of {target}, over at {ended:.3} s{affected}"));
            }
        }
    }
    if under_way.is_empty() {
        return last_ended.into_iter().collect();
    }
    under_way.into_iter().map(|(_, text)| text).collect()
}

/// The message's own story counts more than what else happened in its channel, and both more than
/// the sessions and faults around it; all are then shown in the order of time.
fn last_events(violation: &Violation, before: &[Event]) -> Vec<ContextEvent> {
    let devices = violation.had.iter().chain(&violation.missing).map(|device| device.0).collect();
    let mut picked = BTreeSet::new();
    for rank in [Concern::Message, Concern::Surroundings, Concern::Channel] {
        // Half of the room is kept for what surrounds the message.
        let room = match rank {
            Concern::Message => CONTEXT_EVENTS_MAX / 2,
            _ => CONTEXT_EVENTS_MAX - picked.len(),
        };
        let fitting = before.iter().enumerate().rev();
        let fitting =
            fitting.filter(|(_, event)| concern(violation, &devices, event) == Some(rank));
        picked.extend(fitting.take(room).map(|(index, _)| index));
    }
    let events = picked.into_iter().filter_map(|index| before.get(index));
    events.filter_map(|event| Some(context_event(event, describe(&event.body)?))).collect()
}

/// How an event concerns a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Concern {
    Message,
    Surroundings,
    Channel,
}

fn concern(violation: &Violation, devices: &BTreeSet<u64>, event: &Event) -> Option<Concern> {
    let (channel, body_hash) = match &event.body {
        EventBody::Fault { .. } | EventBody::Truth { .. } => return Some(Concern::Surroundings),
        EventBody::Session { device, .. } => {
            return devices.contains(&device.0).then_some(Concern::Surroundings);
        }
        EventBody::Send { channel, body_hash, .. }
        | EventBody::Entry { channel, body_hash, .. }
        | EventBody::Receive { channel, body_hash, .. }
        | EventBody::Apply { channel, body_hash, .. } => (channel, Some(*body_hash)),
        EventBody::Member { channel, .. } | EventBody::Truncated { channel, .. } => (channel, None),
        _ => return None,
    };
    if violation.channel.as_ref() != Some(channel) {
        return None;
    }
    let same = body_hash.is_some() && body_hash == violation.body_hash;
    Some(if same { Concern::Message } else { Concern::Channel })
}

fn context_event(event: &Event, what: String) -> ContextEvent {
    ContextEvent {
        seq: event.seq,
        at_s: seconds(event.t_ns),
        process: event.process.0.to_string(),
        what,
    }
}

/// What happened, for people; `None` for what explains nothing.
fn describe(body: &EventBody) -> Option<String> {
    let text = match body {
        EventBody::Send {
            r#type, device, channel, client_id, attempt, message_id, reason, ..
        } => {
            let send = format!("send {client_id} of device {device} in {channel}");
            let because = reason.as_deref().map_or(String::new(), |text| format!(": {text}"));
            match (r#type, message_id) {
                (EventType::Invoke, _) => send,
                (EventType::Ok, Some(id)) => format!("{send} accepted as message {id}"),
                (EventType::Ok, None) => format!("{send} accepted"),
                (EventType::Fail, _) => format!("{send} refused{because}"),
                (EventType::Info, _) => format!("{send}, attempt {attempt}{because}"),
            }
        }
        EventBody::Entry { channel, message_id, .. } => {
            format!("store committed message {message_id} of {channel}")
        }
        EventBody::Receive { device, channel, message_id, path, .. } => {
            format!(
                "message {message_id} of {channel} reached device {device} by {}",
                path_name(*path)
            )
        }
        EventBody::Apply { device, channel, message_id, path, .. } => {
            format!(
                "device {device} applied message {message_id} of {channel} by {}",
                path_name(*path)
            )
        }
        EventBody::Member { actor, channel, change, r#type, .. } => {
            format!("user {actor} asked to {change} in {channel} ({})", type_name(*r#type))
        }
        EventBody::Truncated { device, channel, from, to } => {
            format!("device {device} was told that {channel} is gone above {from} up to {to}")
        }
        EventBody::Session { device, server, attached, cause, .. } => {
            let server = if server.is_empty() { "a server" } else { server };
            let verb = match (attached, cause) {
                (true, _) => "attached to",
                (false, SessionCause::Unreachable) => "could not reach",
                (false, _) => "lost",
            };
            format!("device {device} {verb} {server}")
        }
        EventBody::Truth { name, up } => format!("{name} is {}", if *up { "up" } else { "down" }),
        EventBody::Fault { kind, state, target, .. } => {
            let verb = if *state == FaultState::On { "begins" } else { "ends" };
            format!("{kind} of {target} {verb}")
        }
        _ => return None,
    };
    Some(text)
}

fn path_name(path: Path) -> &'static str {
    match path {
        Path::Hint => "hint",
        Path::Sync => "sync",
        Path::Accepted => "acceptance",
    }
}

fn type_name(kind: EventType) -> &'static str {
    match kind {
        EventType::Invoke => "asked",
        EventType::Ok => "done",
        EventType::Fail => "refused",
        EventType::Info => "outcome unknown",
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    std::time::Duration::from_nanos(nanoseconds).as_secs_f64()
}
