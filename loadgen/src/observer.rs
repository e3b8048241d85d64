//! What a device's events mean for the measurement.

use std::collections::BTreeMap;

use hubbub_chat::{
    Content, DeviceId, body_hash,
    device::{DeviceEvent, SendKey},
};
use hubbub_history::{local_refusal, send_refusal};
use hubbub_traffic::{Action, What, message_number};

use crate::observation::Observation;

/// Turns the events of devices into observations. One serves all devices of a run and can be
/// shared.
///
/// A device names its sends by the ids that the server gave out; the hash of the text leads back
/// to the schedule's number. So neither users nor channels need to be numbered as the generated
/// population numbers them.
#[derive(Debug, Clone)]
pub struct Observer {
    numbers: BTreeMap<u64, u64>,
}

impl Observer {
    /// An observer of a schedule.
    #[must_use]
    pub fn new(actions: &[Action]) -> Self {
        let number = |action: &Action| match &action.what {
            What::Send { body, .. } => Some((body_hash(body), message_number(body)?)),
            What::Leave { .. } | What::Join { .. } | What::Look { .. } => None,
        };
        Self { numbers: actions.iter().filter_map(number).collect() }
    }

    /// What an event of `device`, by its number in the generated population, means. For an entry
    /// `at_ns` is when its frame was read from the socket, for an attempt when it was written.
    #[must_use]
    pub fn observe(
        &self,
        device: DeviceId,
        event: &DeviceEvent,
        at_ns: u64,
    ) -> Option<Observation> {
        Some(match event {
            DeviceEvent::Invoked(send) => Observation::Begun { number: self.number(send)?, at_ns },
            DeviceEvent::Attempted { send, attempt: 1 } => {
                Observation::Sent { number: self.number(send)?, at_ns }
            }
            DeviceEvent::Accepted { send, message_id } => {
                let (number, message_id) = (self.number(send)?, *message_id);
                Observation::Accepted { number, message_id, at_ns }
            }
            DeviceEvent::Failed { send, reason } => {
                let (number, reason) = (self.number(send)?, send_refusal(*reason));
                Observation::Refused { number, reason, at_ns }
            }
            DeviceEvent::GivenUp { send } => {
                Observation::GivenUp { number: self.number(send)?, at_ns }
            }
            DeviceEvent::Refused { body_hash, reason, .. } => {
                let number = *self.numbers.get(body_hash)?;
                let reason = local_refusal(*reason).to_owned();
                Observation::Refused { number, reason, at_ns }
            }
            DeviceEvent::Applied { entry, .. } => {
                let Content::Text(body) = &entry.content else { return None };
                // A text without a number is nothing that this run sent; the ledger is told so.
                let number = message_number(body).unwrap_or(u64::MAX);
                Observation::Delivered { device, message_id: entry.message_id, number, at_ns }
            }
            DeviceEvent::Detached(_) => Observation::Detached { device, at_ns },
            DeviceEvent::Attempted { .. }
            | DeviceEvent::ChangeInvoked(_)
            | DeviceEvent::ChangeAccepted(..)
            | DeviceEvent::ChangeFailed(..)
            | DeviceEvent::Received { .. }
            | DeviceEvent::Confirmed { .. }
            | DeviceEvent::Truncated { .. }
            | DeviceEvent::Shown(_)
            | DeviceEvent::Attached
            | DeviceEvent::Synced => return None,
        })
    }

    fn number(&self, send: &SendKey) -> Option<u64> {
        self.numbers.get(&send.body_hash).copied()
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use hubbub_chat::{
        ChannelId, ClientId, Entry, MessageId, UserId,
        device::{DeliveryPath, LocalRefusal},
        frame::SendRefusal,
    };
    use hubbub_traffic::numbered_body;

    use super::*;

    const DEVICE: DeviceId = DeviceId(4);

    fn observer() -> Observer {
        let channel = ChannelId::direct(UserId(1), UserId(2));
        let action = |number| Action {
            at: Duration::ZERO,
            user: UserId(1),
            device: DeviceId(1),
            what: What::Send { channel, body: numbered_body(number, 40) },
        };
        Observer::new(&[action(6), action(7)])
    }

    /// Message 7 as a server names it that numbers users and channels in its own way.
    fn key() -> SendKey {
        SendKey {
            channel: ChannelId::group(UserId(901), 3),
            membership: MessageId(1),
            client_id: ClientId(12),
            body_hash: body_hash(&numbered_body(7, 40)),
        }
    }

    fn applied(content: Content) -> DeviceEvent {
        let entry = Entry {
            channel: key().channel,
            message_id: MessageId(31),
            user: UserId(901),
            device: DeviceId(955),
            number: 12,
            accepted_at_ms: 0,
            content,
        };
        DeviceEvent::Applied { entry: Arc::new(entry), path: DeliveryPath::Hint }
    }

    #[test]
    fn a_send_is_followed_by_its_number() {
        let (observer, send, at_ns) = (observer(), key(), 5);
        let observe = |event| observer.observe(DEVICE, &event, at_ns);
        let begun = Observation::Begun { number: 7, at_ns };
        assert_eq!(observe(DeviceEvent::Invoked(send)), Some(begun));
        assert_eq!(
            observe(DeviceEvent::Attempted { send, attempt: 1 }),
            Some(Observation::Sent { number: 7, at_ns })
        );
        assert_eq!(observe(DeviceEvent::Attempted { send, attempt: 2 }), None);
        let message_id = Some(MessageId(31));
        assert_eq!(
            observe(DeviceEvent::Accepted { send, message_id }),
            Some(Observation::Accepted { number: 7, message_id, at_ns })
        );
        assert_eq!(
            observe(DeviceEvent::Failed { send, reason: SendRefusal::NotMember }),
            Some(Observation::Refused { number: 7, reason: "not_member".into(), at_ns })
        );
        assert_eq!(
            observe(DeviceEvent::GivenUp { send }),
            Some(Observation::GivenUp { number: 7, at_ns })
        );
        let SendKey { channel, body_hash, .. } = send;
        let reason = LocalRefusal::OutboxFull;
        assert_eq!(
            observe(DeviceEvent::Refused { channel, body_hash, reason }),
            Some(Observation::Refused { number: 7, reason: "outbox_full".into(), at_ns })
        );
    }

    #[test]
    fn a_delivery_names_the_populations_device() {
        let (observer, message_id, at_ns) = (observer(), MessageId(31), 9);
        let delivered =
            |number| Some(Observation::Delivered { device: DEVICE, message_id, number, at_ns });
        let observe = |content| observer.observe(DEVICE, &applied(content), at_ns);
        assert_eq!(observe(Content::Text(numbered_body(7, 40))), delivered(7));
        assert_eq!(observe(Content::Text("hello".into())), delivered(u64::MAX));
        assert_eq!(observe(Content::Joined), None);
    }
}
