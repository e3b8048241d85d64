//! Phrases that several checkers use.

use hubbub_chat::{DeviceId, MessageId};

use crate::index::SentMessage;

/// Devices that a sentence names one by one; the rest are counted.
const NAMED_MAX: usize = 6;

/// `device 4`, `devices 4 and 5`, `devices 4, 5, 6, 7, 8, 9 and 3 more`, `no device`.
pub(super) fn devices(devices: &[DeviceId]) -> String {
    let named: Vec<String> = devices.iter().take(NAMED_MAX).map(DeviceId::to_string).collect();
    match (named.as_slice(), devices.len().saturating_sub(NAMED_MAX)) {
        ([], _) => "no device".to_owned(),
        ([one], _) => format!("device {one}"),
        ([first @ .., last], 0) => format!("devices {} and {last}", first.join(", ")),
        (all, more) => format!("devices {} and {more} more", all.join(", ")),
    }
}

/// `has` or `have`.
pub(super) fn has(devices: &[DeviceId]) -> &'static str {
    if devices.len() > 1 { "have" } else { "has" }
}

/// `message 7 of direct-1-2`, or what is known of a message without a place.
pub(super) fn message(send: &SentMessage) -> String {
    let SentMessage { channel, device, client_id, .. } = send;
    match send.place {
        Some(place) => format!("message {place} of {channel}"),
        None => {
            format!("the message that device {device} sent to {channel} as its number {client_id}")
        }
    }
}

/// `message 7`.
pub(super) fn place(place: MessageId) -> String {
    format!("message {place}")
}
