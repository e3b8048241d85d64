//! What a test reads off the world.

use std::sync::Arc;

use hubbub_chat::{
    ChannelId, Content, DeviceId, Entry, MessageId,
    device::{ChangeKey, DetachCause, DeviceEvent, LocalRefusal, SendKey},
    frame::{ChangeRefusal, ClientFrame, CutReason, SendFrame, SendRefusal, ServerFrame},
};

use super::{Message, World};

/// The text of an entry, or what its change of membership is called.
pub(crate) fn text(entry: &Entry) -> String {
    match &entry.content {
        Content::Text(body) => body.to_string(),
        Content::Created(_) => "(created)".into(),
        Content::Invited(_) => "(invited)".into(),
        Content::Joined => "(joined)".into(),
        Content::Left => "(left)".into(),
        Content::Removed(_) => "(removed)".into(),
        Content::HandedOver(_) => "(handed over)".into(),
        Content::Renamed(name) => format!("(renamed {name})"),
    }
}

impl World {
    fn events<'a, T: 'a>(
        &'a self,
        device: DeviceId,
        pick: impl Fn(&'a DeviceEvent) -> Option<T> + 'a,
    ) -> Vec<T> {
        self.node(device).events.iter().filter_map(|(_, event)| pick(event)).collect()
    }

    /// The entries that a device applied, in that order.
    pub(crate) fn applied(&self, device: DeviceId) -> Vec<&Arc<Entry>> {
        self.events(device, |event| match event {
            DeviceEvent::Applied { entry, .. } => Some(entry),
            _ => None,
        })
    }

    /// What a device applied of a channel, as texts.
    pub(crate) fn texts(&self, device: DeviceId, channel: ChannelId) -> Vec<String> {
        let applied = self.applied(device).into_iter();
        applied.filter(|entry| entry.channel == channel).map(|entry| text(entry)).collect()
    }

    /// What arrived at a device of a channel, applied or not, as texts.
    pub(crate) fn received(&self, device: DeviceId, channel: ChannelId) -> Vec<String> {
        self.events(device, |event| match event {
            DeviceEvent::Received { entry, .. } if entry.channel == channel => Some(text(entry)),
            _ => None,
        })
    }

    /// What the store has of a channel, as texts.
    pub(crate) fn log_texts(&self, channel: ChannelId) -> Vec<String> {
        self.log(channel).iter().map(|entry| text(entry)).collect()
    }

    /// The sends that a device was told are safe, and where they are.
    pub(crate) fn accepted(&self, device: DeviceId) -> Vec<(SendKey, Option<MessageId>)> {
        self.events(device, |event| match event {
            DeviceEvent::Accepted { send, message_id } => Some((*send, *message_id)),
            _ => None,
        })
    }

    pub(crate) fn invoked(&self, device: DeviceId) -> Vec<SendKey> {
        self.events(device, |event| match event {
            DeviceEvent::Invoked(send) => Some(*send),
            _ => None,
        })
    }

    pub(crate) fn failed(&self, device: DeviceId) -> Vec<(SendKey, SendRefusal)> {
        self.events(device, |event| match event {
            DeviceEvent::Failed { send, reason } => Some((*send, *reason)),
            _ => None,
        })
    }

    /// The sends of which a device does not know what became.
    pub(crate) fn given_up(&self, device: DeviceId) -> Vec<SendKey> {
        self.events(device, |event| match event {
            DeviceEvent::GivenUp { send } => Some(*send),
            _ => None,
        })
    }

    /// The sends that a device did not take on.
    pub(crate) fn refused(&self, device: DeviceId) -> Vec<LocalRefusal> {
        self.events(device, |event| match event {
            DeviceEvent::Refused { reason, .. } => Some(*reason),
            _ => None,
        })
    }

    pub(crate) fn changes_accepted(&self, device: DeviceId) -> Vec<(&ChangeKey, MessageId)> {
        self.events(device, |event| match event {
            DeviceEvent::ChangeAccepted(key, message_id) => Some((key, *message_id)),
            _ => None,
        })
    }

    pub(crate) fn changes_failed(&self, device: DeviceId) -> Vec<ChangeRefusal> {
        self.events(device, |event| match event {
            DeviceEvent::ChangeFailed(_, reason) => Some(*reason),
            _ => None,
        })
    }

    /// The parts of a channel's log that a device was told are gone.
    pub(crate) fn truncated(&self, device: DeviceId) -> Vec<(ChannelId, MessageId, MessageId)> {
        self.events(device, |event| match event {
            DeviceEvent::Truncated { channel, from, to } => Some((*channel, *from, *to)),
            _ => None,
        })
    }

    pub(crate) fn confirmed(&self, device: DeviceId) -> Vec<(ChannelId, MessageId)> {
        self.events(device, |event| match event {
            DeviceEvent::Confirmed { channel, message_id } => Some((*channel, *message_id)),
            _ => None,
        })
    }

    pub(crate) fn detached(&self, device: DeviceId) -> Vec<DetachCause> {
        self.events(device, |event| match event {
            DeviceEvent::Detached(cause) => Some(*cause),
            _ => None,
        })
    }

    /// Why a chat server ended sessions of a device.
    pub(crate) fn cuts(&self, device: DeviceId) -> Vec<CutReason> {
        let cuts = self.servers.iter().flat_map(|server| &server.cuts);
        cuts.filter(|(owner, _)| *owner == device).map(|(_, reason)| *reason).collect()
    }

    /// The send frames of a device, in order, whatever became of them.
    pub(crate) fn send_frames(&self, device: DeviceId) -> Vec<&SendFrame> {
        self.frames_from(device)
            .filter_map(|frame| match frame {
                ClientFrame::Send(frame) => Some(frame),
                _ => None,
            })
            .collect()
    }

    pub(crate) fn frames_from(&self, device: DeviceId) -> impl Iterator<Item = &ClientFrame> {
        let frames = self.sent.iter().filter_map(|(_, message)| message.client_frame());
        frames.filter(move |(owner, _)| *owner == device).map(|(_, frame)| frame)
    }

    pub(crate) fn frames_to(&self, device: DeviceId) -> impl Iterator<Item = &ServerFrame> {
        let frames = self.sent.iter().filter_map(|(_, message)| message.server_frame());
        frames.filter(move |(owner, _)| *owner == device).map(|(_, frame)| frame)
    }

    /// The answers that a chat server gave to refused sends of a device.
    pub(crate) fn refusals_to(&self, device: DeviceId) -> Vec<SendRefusal> {
        self.frames_to(device)
            .filter_map(|frame| match frame {
                ServerFrame::Refused { reason, .. } => Some(*reason),
                _ => None,
            })
            .collect()
    }

    /// The cursor that a device keeps for a channel.
    pub(crate) fn cursor(&self, device: DeviceId, channel: ChannelId) -> Option<MessageId> {
        self.node(device).disk.cursors().get(&channel).copied()
    }

    pub(crate) fn is_synced(&self, device: DeviceId) -> bool {
        self.node(device).machine.as_ref().is_some_and(hubbub_chat::Device::is_synced)
    }

    /// Sends and changes that are not settled on a device.
    pub(crate) fn pending(&self, device: DeviceId) -> usize {
        self.node(device).disk.pending()
    }

    pub(crate) fn count_sent(&self, which: impl Fn(&Message) -> bool) -> usize {
        self.sent.iter().filter(|(_, message)| which(message)).count()
    }
}
