//! One event in one line for people.

use hubbub_chat::DeviceId;

use crate::{
    device_event::GIVEN_UP,
    event::{
        Event, EventBody, EventType, FaultState, Member, Path, Phase, Process, PushStage,
        SessionCause,
    },
    hash_text,
};

/// An event as one line: when, which line, who, and what happened.
#[must_use]
pub fn describe(event: &Event) -> String {
    line(event.t_ns, event.seq, &event.process, &happened(event))
}

/// One line of the form that [`describe`] gives.
pub(super) fn line(t_ns: u64, seq: u64, process: &Process, text: &str) -> String {
    format!("{}  #{seq}  {}: {text}", seconds(t_ns), process.0)
}

/// What happened in an event.
pub(super) fn happened(event: &Event) -> String {
    match &event.body {
        EventBody::Run { .. } | EventBody::Phase { .. } | EventBody::Population(_) => of_run(event),
        EventBody::Send { .. } | EventBody::Member { .. } => of_operation(event),
        EventBody::Entry { .. }
        | EventBody::Receive { .. }
        | EventBody::Apply { .. }
        | EventBody::Cursor { .. }
        | EventBody::Truncated { .. } => of_message(event),
        EventBody::Synced { .. }
        | EventBody::Assigned { .. }
        | EventBody::Shown { .. }
        | EventBody::Push { .. }
        | EventBody::Lease { .. } => of_service(event),
        EventBody::Session { .. }
        | EventBody::Truth { .. }
        | EventBody::Fault { .. }
        | EventBody::Final { .. } => of_world(event),
    }
}

/// A time of the run in seconds, to the microsecond.
pub(crate) fn seconds(t_ns: u64) -> String {
    format!("{}.{:06} s", t_ns / 1_000_000_000, t_ns / 1000 % 1_000_000)
}

fn of_run(event: &Event) -> String {
    match &event.body {
        EventBody::Run { scenario, variant, seed, engine, .. } => {
            let variant = if variant.is_empty() { "the base" } else { variant };
            format!("{scenario} begins, {variant}, seed {seed}, engine {engine}")
        }
        EventBody::Phase { phase, deadline_ns } => {
            let phase = match phase {
                Phase::WarmUp => "the warm-up",
                Phase::Safety => "the safety phase",
                Phase::Heal => "healing",
                Phase::Liveness => "the liveness phase",
                Phase::End => "the end",
            };
            let deadline = deadline_ns.map(|t_ns| format!(", deadline {}", seconds(t_ns)));
            format!("{phase} begins{}", deadline.unwrap_or_default())
        }
        EventBody::Population(population) => {
            let devices: usize = population.users.iter().map(|row| row.devices.len()).sum();
            format!("{} users with {devices} devices take part", population.users.len())
        }
        _ => String::new(),
    }
}

fn of_operation(event: &Event) -> String {
    match &event.body {
        EventBody::Send {
            r#type,
            device,
            channel,
            client_id,
            attempt,
            message_id,
            reason,
            body_hash,
            ..
        } => {
            let what = format!("device {device} sends number {client_id} to {channel}");
            let hash = hash_text::text(*body_hash);
            let because = reason.as_deref().map(|reason| format!(", {reason}"));
            let because = because.unwrap_or_default();
            match (r#type, message_id) {
                (EventType::Invoke, _) => format!("{what} (body {hash})"),
                (EventType::Ok, Some(place)) => format!("{what}: accepted as message {place}"),
                (EventType::Ok, None) => format!("{what}: accepted without a place"),
                (EventType::Fail, _) => format!("{what}: refused{because}"),
                (EventType::Info, _) if reason.as_deref() == Some(GIVEN_UP) => {
                    format!("{what}: given up, outcome unknown")
                }
                (EventType::Info, _) => format!("{what}: attempt {attempt}{because}"),
            }
        }
        EventBody::Member {
            r#type,
            actor,
            device,
            channel,
            operation,
            change,
            message_id,
            reason,
            ..
        } => {
            let what = format!(
                "user {actor} on device {device} asks for change {operation} of {channel}, {change}"
            );
            let because = reason.as_deref().map(|reason| format!(", {reason}"));
            let because = because.unwrap_or_default();
            match (r#type, message_id) {
                (EventType::Invoke, _) => what,
                (EventType::Ok, Some(place)) => format!("{what}: done as message {place}"),
                (EventType::Ok, None) => format!("{what}: done"),
                (EventType::Fail, _) => format!("{what}: refused{because}"),
                (EventType::Info, _) => format!("{what}: outcome unknown{because}"),
            }
        }
        _ => String::new(),
    }
}

fn of_message(event: &Event) -> String {
    let path = |path: &Path| match path {
        Path::Hint => "by hint",
        Path::Sync => "by sync",
        Path::Accepted => "as its own",
    };
    match &event.body {
        EventBody::Entry { channel, message_id, device, number, kind, .. } => {
            let what = match kind {
                Member::Message => format!("number {number} of device {device}"),
                Member::Unchanged => "the owner or the name changes".to_owned(),
                Member::Enter(users) => {
                    let users: Vec<String> = users.iter().map(ToString::to_string).collect();
                    format!("users {} come in", users.join(", "))
                }
                Member::Leave(user) => format!("user {user} goes"),
            };
            format!("message {message_id} of {channel} is written: {what}")
        }
        EventBody::Receive { device, channel, message_id, path: way, .. } => {
            format!("message {message_id} of {channel} reaches device {device} {}", path(way))
        }
        EventBody::Apply { device, channel, message_id, path: way, .. } => {
            format!("device {device} stores message {message_id} of {channel}, come {}", path(way))
        }
        EventBody::Cursor { device, channel, message_id } => {
            format!("the cursor of device {device} in {channel} is written as {message_id}")
        }
        EventBody::Truncated { device, channel, from, to } => {
            format!("device {device} is told that {channel} is gone above {from}, up to {to}")
        }
        _ => String::new(),
    }
}

fn of_world(event: &Event) -> String {
    match &event.body {
        EventBody::Session { device, server, attached, cause, .. } => {
            let server = if server.is_empty() { "a chat server" } else { server };
            of_session(*device, server, *attached, *cause)
        }
        EventBody::Truth { name, up, link, hears, logged_in, capacity } => {
            let mut facts = vec![if *up { "up" } else { "down" }.to_owned()];
            facts.extend(link.map(|link| if link { "linked" } else { "cut off" }.to_owned()));
            facts.extend(hears.map(|is| if is { "hearing" } else { "deaf" }.to_owned()));
            facts
                .extend(logged_in.map(|is| if is { "logged in" } else { "logged out" }.to_owned()));
            facts.extend(capacity.map(|count| format!("able to hold {count} sessions")));
            format!("{name} is {}", facts.join(", "))
        }
        EventBody::Fault { id, kind, state: FaultState::On, target, .. } => {
            format!("fault {id} begins, {kind} of {target}")
        }
        EventBody::Fault { id, kind, state: FaultState::Off, target, affected } => {
            let affected = affected.map(|count| format!(", {count} affected"));
            format!("fault {id} ends, {kind} of {target}{}", affected.unwrap_or_default())
        }
        EventBody::Final { device, cursors, .. } => {
            let cursors: Vec<String> =
                cursors.iter().map(|(channel, place)| format!("{channel} up to {place}")).collect();
            format!("device {device} ends with {}", cursors.join(", "))
        }
        _ => String::new(),
    }
}

fn of_service(event: &Event) -> String {
    let named = |server: &str| if server.is_empty() { "a chat server" } else { server }.to_owned();
    match &event.body {
        EventBody::Synced { device, server } => {
            format!("device {device} has synced with {}", named(server))
        }
        EventBody::Assigned { device, server: Some(server), .. } => {
            format!("device {device} is assigned to {}", named(server))
        }
        EventBody::Assigned { device, server: None, wait_ns } => {
            let when = wait_ns.map(|wait_ns| format!(", to come again after {}", seconds(wait_ns)));
            format!("device {device} is assigned to no server{}", when.unwrap_or_default())
        }
        EventBody::Shown { device, user, online, epoch, version, .. } => {
            let status = if *online { "online" } else { "offline" };
            format!("device {device} shows user {user} as {status} (version {epoch}.{version})")
        }
        EventBody::Push { stage, user, device, channel, up_to, attempt, answer, .. } => {
            let what = format!(
                "push {attempt} to device {device} of user {user} for {channel} up to message {up_to}"
            );
            match (stage, answer) {
                (PushStage::Requested, _) => format!("asks for {what}"),
                (PushStage::Received, Some(answer)) => format!("gets {what} and says {answer}"),
                (PushStage::Received, None) => format!("gets {what}"),
            }
        }
        EventBody::Lease { key, holder, epoch, held } => {
            let holds = if *held { "holds" } else { "no longer holds" };
            format!("holder {holder} {holds} the lease {key} of epoch {epoch}")
        }
        _ => String::new(),
    }
}

fn of_session(device: DeviceId, server: &str, attached: bool, cause: SessionCause) -> String {
    let because = match cause {
        _ if attached => return format!("device {device} is attached to {server}"),
        SessionCause::Connected | SessionCause::Unreachable => {
            return format!("device {device} cannot reach {server}");
        }
        SessionCause::Closed => "the connection broke".to_owned(),
        SessionCause::Silent => "it heard nothing for too long".to_owned(),
        SessionCause::Cut(reason) => {
            let reason = serde_json::to_value(reason).ok();
            let name = reason.as_ref().and_then(serde_json::Value::as_str).unwrap_or("no reason");
            format!("the server cut it ({name})")
        }
        SessionCause::Stopped => "the harness stopped it".to_owned(),
    };
    format!("device {device} loses {server}: {because}")
}
