//! Arrows of a history, which has no messages of the network: from a send to its entry, and from an
//! entry to where it was stored.

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, MessageId};
use hubbub_history::{Event, EventBody, EventType};

use super::{
    drawing::{Channels, Mark},
    families::family,
    lanes::Lanes,
    marks::Sketched,
};

/// Where an arrow begins.
type Origin = (u64, usize);

pub(super) fn arrows(events: &[&Event], lanes: &Lanes, channels: &mut Channels) -> Vec<Sketched> {
    let mut sends: BTreeMap<(ChannelId, u64), Origin> = BTreeMap::new();
    let mut entries: BTreeMap<(ChannelId, MessageId, u64), Origin> = BTreeMap::new();
    let mut arrows = Vec::new();
    for event in events {
        let lane = lanes.place(&event.process.0);
        let here = (event.t_ns, lane);
        match &event.body {
            EventBody::Send { r#type: EventType::Invoke, channel, body_hash, .. } => {
                sends.entry((*channel, *body_hash)).or_insert(here);
            }
            EventBody::Entry { channel, message_id, body_hash, .. } => {
                entries.entry((*channel, *message_id, *body_hash)).or_insert(here);
                if let Some(origin) = sends.get(&(*channel, *body_hash)) {
                    arrows.push(arrow("send", *origin, here, event, lanes, channels));
                }
            }
            EventBody::Apply { channel, message_id, body_hash, .. } => {
                if let Some(origin) = entries.get(&(*channel, *message_id, *body_hash)) {
                    arrows.push(arrow("apply", *origin, here, event, lanes, channels));
                }
            }
            _ => {}
        }
    }
    arrows
}

fn arrow(
    kind: &str,
    (t, lane): Origin,
    (end, to): Origin,
    event: &Event,
    lanes: &Lanes,
    channels: &mut Channels,
) -> Sketched {
    let body = &event.body;
    let what = if kind == "send" { "a send is written" } else { "an entry is stored" };
    let id = body.message_id().map(|it| it.to_string());
    let text = format!("{what}: message {}", id.as_deref().unwrap_or("without a place"));
    Sketched {
        mark: Mark {
            t,
            lane,
            to: Some(to),
            end: Some(end),
            kind: kind.to_owned(),
            family: family(kind).to_owned(),
            channels: body.channel().map(|it| channels.place(it)).into_iter().collect(),
            device: body.device(),
            user: body.device().and_then(|it| lanes.user_of(it)),
            id,
            text,
            ..Mark::default()
        },
        channel: body.channel(),
        message_id: body.message_id(),
        body_hash: body.body_hash(),
        number: None,
        stretches: Vec::new(),
    }
}
