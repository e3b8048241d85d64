//! From the lines of a trace to marks.

use hubbub_chat::{ChannelId, ClientId, DeviceId, MessageId};
use hubbub_history::{
    Event, EventBody, EventType, FaultState, PushStage, describe,
    trace::{Stretch, TraceLine, TraceMessage, TraceNote, Transit},
};

use super::{
    drawing::{Channels, Mark},
    families::{MESSAGES, NOTES, family},
    lanes::Lanes,
};

/// A mark, and what it is about with all bits.
#[derive(Debug, Default)]
pub(super) struct Sketched {
    pub(super) mark: Mark,
    pub(super) channel: Option<ChannelId>,
    pub(super) message_id: Option<MessageId>,
    pub(super) body_hash: Option<u64>,
    /// Who sent it, and as which number.
    pub(super) number: Option<(DeviceId, ClientId)>,
    pub(super) stretches: Vec<Stretch>,
}

pub(super) fn sketch(lines: &[TraceLine], lanes: &Lanes, channels: &mut Channels) -> Vec<Sketched> {
    let sketch = |line: &TraceLine| match line {
        TraceLine::Event(event) => of_event(event, lanes, channels),
        TraceLine::Message(message) => of_message(message, lanes, channels),
        TraceLine::Note(note) => of_note(note, lanes),
    };
    lines.iter().map(sketch).collect()
}

fn of_event(event: &Event, lanes: &Lanes, channels: &mut Channels) -> Sketched {
    let body = &event.body;
    let kind = kind(body);
    let lane = match body {
        EventBody::Truth { name, .. } => lanes.place(name),
        EventBody::Final { device, .. } => lanes.of_device(*device),
        _ => lanes.place(&event.process.0),
    };
    let device = body.device();
    Sketched {
        mark: Mark {
            t: event.t_ns,
            lane,
            family: family(kind).to_owned(),
            kind: kind.to_owned(),
            seq: Some(event.seq),
            channels: body.channel().map(|it| channels.place(it)).into_iter().collect(),
            device,
            user: device.and_then(|it| lanes.user_of(it)),
            id: body.message_id().map(|it| it.to_string()),
            text: text(event),
            ..Mark::default()
        },
        channel: body.channel(),
        message_id: body.message_id(),
        body_hash: body.body_hash(),
        number: number(body),
        stretches: Vec::new(),
    }
}

fn number(body: &EventBody) -> Option<(DeviceId, ClientId)> {
    match body {
        EventBody::Send { device, client_id, .. } => Some((*device, *client_id)),
        _ => None,
    }
}

/// What happened, without when and where, which the page shows beside it.
fn text(event: &Event) -> String {
    let line = describe(event);
    let process = format!("  {}: ", event.process.0);
    line.split_once(&process).map_or(line.clone(), |(_, text)| text.to_owned())
}

fn of_message(message: &TraceMessage, lanes: &Lanes, channels: &mut Channels) -> Sketched {
    let TraceMessage { sent_ns, arrives_ns, transit, from, to, kind, bytes, about, says } = message;
    let mut places: Vec<usize> = about.channel.map(|it| channels.place(it)).into_iter().collect();
    for stretch in &about.stretches {
        let place = channels.place(stretch.channel);
        if !places.contains(&place) {
            places.push(place);
        }
    }
    let mut text = format!("{kind} from {from} to {to}");
    let mut add = |part: Option<String>| text.push_str(&part.unwrap_or_default());
    add(about.client_id.map(|it| format!(", number {it}")));
    add(about.message_id.map(|it| format!(", message {it}")));
    add(about.channel.map(|it| format!(", {it}")));
    add(bytes.map(|it| format!(", {it} bytes")));
    add((*transit == Transit::Lost).then(|| ", lost".to_owned()));
    add((*transit == Transit::Held).then(|| ", held".to_owned()));
    Sketched {
        mark: Mark {
            t: *sent_ns,
            lane: lanes.place(from),
            to: Some(lanes.place(to)),
            end: *arrives_ns,
            transit: (*transit != Transit::Passes).then_some(*transit),
            family: if bytes.is_some() { MESSAGES } else { family(kind) }.to_owned(),
            kind: kind.clone(),
            channels: places,
            device: about.device,
            user: about.user.or(about.device.and_then(|it| lanes.user_of(it))),
            id: about.message_id.map(|it| it.to_string()),
            text,
            says: says.clone(),
            ..Mark::default()
        },
        channel: about.channel,
        message_id: about.message_id,
        body_hash: about.body_hash,
        number: about.device.zip(about.client_id),
        stretches: about.stretches.clone(),
    }
}

fn of_note(note: &TraceNote, lanes: &Lanes) -> Sketched {
    let TraceNote { t_ns, at, what } = note;
    let kind = if what.split(' ').any(|word| word == "timer") { "timer" } else { "input" };
    let mark = Mark {
        t: *t_ns,
        lane: lanes.place(at),
        kind: kind.to_owned(),
        family: NOTES.to_owned(),
        text: what.clone(),
        ..Mark::default()
    };
    Sketched { mark, ..Sketched::default() }
}

/// The kind of a line, with what became of it.
fn kind(body: &EventBody) -> &'static str {
    match body {
        EventBody::Run { .. } => "run",
        EventBody::Phase { .. } => "phase",
        EventBody::Population(_) => "population",
        EventBody::Send { r#type, reason, .. } => match r#type {
            EventType::Invoke => "send",
            EventType::Ok => "accepted",
            EventType::Fail => "refused",
            EventType::Info if reason.is_some() => "given up",
            EventType::Info => "send again",
        },
        EventBody::Member { r#type, .. } => match r#type {
            EventType::Invoke => "change",
            EventType::Ok => "changed",
            EventType::Fail => "change refused",
            EventType::Info => "change again",
        },
        EventBody::Entry { .. } => "entry written",
        EventBody::Receive { .. } => "receive",
        EventBody::Apply { .. } => "apply",
        EventBody::Cursor { .. } => "cursor",
        EventBody::Truncated { .. } => "truncated",
        EventBody::Session { attached: true, .. } => "session up",
        EventBody::Session { attached: false, .. } => "session down",
        EventBody::Synced { .. } => "synced",
        EventBody::Assigned { .. } => "assigned",
        EventBody::Shown { .. } => "shown",
        EventBody::Push { stage: PushStage::Requested, .. } => "push",
        EventBody::Push { stage: PushStage::Received, .. } => "push received",
        EventBody::Lease { held: true, .. } => "lease taken",
        EventBody::Lease { held: false, .. } => "lease over",
        EventBody::Truth { up: true, .. } => "up",
        EventBody::Truth { up: false, .. } => "down",
        EventBody::Fault { state: FaultState::On, .. } => "fault begins",
        EventBody::Fault { state: FaultState::Off, .. } => "fault ends",
        EventBody::Final { .. } => "final",
    }
}
