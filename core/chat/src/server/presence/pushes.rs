//! The push by presence (`push_when = presence-offline`): whoever presence has for offline gets one
//! at once, and nobody else ever does.

use super::{ChatServer, Pending};
use crate::{
    design::PushWhen,
    entry::Entry,
    ids::{ChannelId, MessageId, UserId},
    ports::{
        Request,
        presence::{PresenceAnswer, PresenceRequest},
        store::StoreRequest,
    },
    server::requests,
    time::Now,
};

impl ChatServer {
    /// Asks presence about the recipients of a new message. A question that gets no answer pushes
    /// nothing: that is the price of deciding by presence.
    pub(in crate::server) fn push_by_presence(
        &mut self,
        now: Now,
        entry: &Entry,
        audience: &[UserId],
    ) {
        let decides = self.config.design.push_when == PushWhen::PresenceOffline
            || planted!(self.config.design, PushByPresence);
        if !decides || !entry.content.is_text() {
            return;
        }
        let (channel, message_id) = (entry.channel, entry.message_id);
        let recipients = audience.iter().copied().filter(|user| *user != entry.user);
        for (server, users) in self.by_owner(recipients) {
            let pending = Pending::PushCheck(channel, message_id);
            self.ask_presence(now, server, pending, PresenceRequest::Look { users });
        }
    }

    pub(super) fn settle_push_check(
        &mut self,
        now: Now,
        channel: ChannelId,
        message_id: MessageId,
        answer: Option<PresenceAnswer>,
    ) {
        let Some(PresenceAnswer::Statuses(statuses)) = answer else { return };
        let offline = statuses.iter().filter(|status| !status.online);
        let users: Vec<UserId> = offline.map(|status| status.user).collect();
        if !users.is_empty() {
            let request = StoreRequest::PushNow { channel, message_id, users };
            let pending = requests::Pending::Presence(Pending::Pushed);
            self.request(now, pending, Request::Store(request));
        }
    }
}
