//! Which events of a history explain a violation.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use hubbub_chat::{DeviceId, MessageId};

use crate::{
    checkers::Violation,
    event::{Event, EventBody},
};

/// Events that an explanation shows at most: about what one sees at a glance.
pub const EVENTS_SHOWN: usize = 12;

/// Half of the room is for the message itself, half for what surrounds it.
const HALF: usize = EVENTS_SHOWN / 2;

/// How an event concerns a violation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Concern {
    /// It is about the message: its send and entry, and how it came to the concerned devices.
    Story,
    /// The message came to another device.
    Spread,
    /// What the concerned devices and the hosts went through.
    Surroundings,
    /// It is about other messages of the conversation, as the concerned devices could see them.
    Channel,
    /// Another message of the conversation came to another device.
    Elsewhere,
}

/// The events that say most, in the order of time. `before` ends with the line that shows the
/// violation.
pub(super) fn select<'a>(before: &'a [Event], violation: &Violation) -> Vec<&'a Event> {
    let lens = Lens::new(before, violation);
    let mut found: BTreeMap<Concern, VecDeque<&Event>> = BTreeMap::new();
    for event in before.iter().rev() {
        let Some(concern) = lens.concern(event) else { continue };
        let events = found.entry(concern).or_default();
        if events.len() < EVENTS_SHOWN {
            events.push_back(event);
        }
    }
    let mut shown: Vec<&Event> = Vec::new();
    let mut fill = |concern, up_to: usize| {
        let events = found.entry(concern).or_default();
        let room = up_to.saturating_sub(shown.len()).min(events.len());
        shown.extend(events.drain(..room));
        shown.len()
    };
    fill(Concern::Story, HALF);
    let of_message = fill(Concern::Spread, HALF);
    fill(Concern::Surroundings, of_message + HALF);
    let rest = [Concern::Story, Concern::Channel, Concern::Spread, Concern::Elsewhere];
    for concern in rest.into_iter().chain([Concern::Surroundings]) {
        fill(concern, EVENTS_SHOWN);
    }
    shown.sort_unstable_by_key(|event| event.seq);
    shown
}

/// Whether an event is about the message of a violation, by its body or by its place.
pub(super) fn is_about_message(event: &Event, violation: &Violation) -> bool {
    let same_channel = violation.channel.is_some() && event.body.channel() == violation.channel;
    let same_body = violation.body_hash.is_some() && event.body.body_hash() == violation.body_hash;
    let same_place =
        violation.message_id.is_some() && event.body.message_id() == violation.message_id;
    same_channel && (same_body || same_place)
}

/// A violation, and what one has to know to see how events concern it.
struct Lens<'a> {
    violation: &'a Violation,
    /// Where it did not arrive says more than where it did.
    devices: BTreeSet<DeviceId>,
    /// What devices stored in the conversation.
    stored: BTreeSet<(DeviceId, MessageId, u64)>,
}

impl<'a> Lens<'a> {
    fn new(before: &[Event], violation: &'a Violation) -> Self {
        let sides = [&violation.missing, &violation.had];
        let devices = sides.into_iter().find(|devices| !devices.is_empty());
        let stored = before.iter().filter_map(|event| match &event.body {
            EventBody::Apply { device, channel, message_id, body_hash, .. }
                if violation.channel == Some(*channel) =>
            {
                Some((*device, *message_id, *body_hash))
            }
            _ => None,
        });
        let stored = stored.collect();
        Self { violation, devices: devices.into_iter().flatten().copied().collect(), stored }
    }

    fn concern(&self, event: &Event) -> Option<Concern> {
        let device = event.body.device();
        let concerned = device.is_some_and(|device| self.devices.contains(&device));
        let shows_it = event.seq == self.violation.seq;
        let came = match &event.body {
            EventBody::Run { .. }
            | EventBody::Phase { .. }
            | EventBody::Population(_)
            | EventBody::Final { .. } => return None,
            EventBody::Truth { .. } | EventBody::Fault { .. } => {
                return Some(Concern::Surroundings);
            }
            EventBody::Session { .. } | EventBody::Synced { .. } | EventBody::Assigned { .. } => {
                return concerned.then_some(Concern::Surroundings);
            }
            EventBody::Shown { .. } if self.violation.channel.is_some() => return None,
            // A finding about leases names neither a conversation nor a device.
            EventBody::Lease { .. } => {
                let alone = self.violation.channel.is_none() && self.devices.is_empty();
                return alone.then_some(Concern::Story);
            }
            EventBody::Cursor { .. } if !concerned => return None,
            EventBody::Receive { .. } if !shows_it && self.is_stored(&event.body) => return None,
            EventBody::Receive { .. }
            | EventBody::Apply { .. }
            | EventBody::Truncated { .. }
            | EventBody::Push { .. } => true,
            EventBody::Cursor { .. }
            | EventBody::Shown { .. }
            | EventBody::Send { .. }
            | EventBody::Member { .. }
            | EventBody::Entry { .. } => false,
        };
        if self.violation.channel.is_none() {
            return concerned.then_some(Concern::Channel);
        }
        if event.body.channel() != self.violation.channel {
            return None;
        }
        let to_another = came && !concerned && !shows_it;
        Some(match (shows_it || is_about_message(event, self.violation), to_another) {
            (true, false) => Concern::Story,
            (true, true) => Concern::Spread,
            (false, false) => Concern::Channel,
            (false, true) => Concern::Elsewhere,
        })
    }

    /// Whether what reached a device was stored there too, which says the same and more.
    fn is_stored(&self, body: &EventBody) -> bool {
        let (device, place, hash) = (body.device(), body.message_id(), body.body_hash());
        let stored = device.zip(place).zip(hash);
        stored.is_some_and(|((device, place), hash)| self.stored.contains(&(device, place, hash)))
    }
}
