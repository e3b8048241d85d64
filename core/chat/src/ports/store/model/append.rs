//! Appends and changes of membership: what they come to, and the commit.

use std::sync::Arc;

use super::StoreModel;
use crate::{
    design::Fanout,
    entry::{Content, Entry, body_hash},
    frame::{ChangeRefusal, SendRefusal},
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::store::{
        Append, Appended, ChangeRequest, Changed, ChannelState, Decision, Handled, Judgement,
        SendWindow, StoreAnswer,
    },
    time::Wall,
};

impl StoreModel {
    pub(super) fn append(&mut self, wall: Wall, append: Append) -> Handled {
        let Append { user, device, channel, membership, .. } = append;
        let refused = |reason| Handled::from(StoreAnswer::AppendRefused(reason));
        if !self.is_live(user, device) {
            return refused(SendRefusal::UnknownDevice);
        }
        let hash = body_hash(&append.body);
        let known = self.windows.get(&(device, channel));
        let window = known.filter(|window| window.membership() == membership).cloned();
        let mut window = window.unwrap_or_else(|| SendWindow::new(membership));
        let judgement = window.judge(append.client_id, append.oldest_pending, hash);
        if let Judgement::Repeat { message_id, accepted_at_ms } = judgement {
            let audience = Vec::new();
            let repeat = Appended { message_id, accepted_at_ms, audience, repeat: true };
            return StoreAnswer::Appended(repeat).into();
        }
        if self.membership(user, channel) != Some(membership) {
            return refused(SendRefusal::NotMember);
        }
        if let Judgement::Refused(reason) = judgement {
            return refused(reason);
        }
        let content = Content::Text(append.body);
        let (entry, audience) =
            self.write(wall, user, device, append.client_id.0, channel, content);
        let Entry { message_id, accepted_at_ms, .. } = *entry;
        let answers_max = self.rules.answers_max;
        window.record(append.client_id, hash, message_id, accepted_at_ms, answers_max);
        self.windows.insert((device, channel), window);
        let appended = Appended { message_id, accepted_at_ms, audience, repeat: false };
        Handled { answer: StoreAnswer::Appended(appended), committed: Some(entry) }
    }

    /// The entry by which `user` is a member of `channel`. The two users of a direct channel are
    /// its members before anything was said, if both exist.
    pub(super) fn membership(&self, user: UserId, channel: ChannelId) -> Option<MessageId> {
        match (self.channels.get(&channel), channel.pair()) {
            (Some(state), _) => state.membership(user),
            // An id that cannot be spelled, such as a channel with oneself, has no members.
            (None, Some(pair)) => (pair[0] < pair[1]
                && pair.contains(&user)
                && pair.iter().all(|one| self.users.contains(one)))
            .then_some(MessageId::ZERO),
            (None, None) => None,
        }
    }

    pub(super) fn change(&mut self, wall: Wall, request: ChangeRequest) -> Handled {
        let ChangeRequest { user, device, channel, operation, change, .. } = request;
        if !self.is_live(user, device) {
            return StoreAnswer::ChangeRefused(ChangeRefusal::UnknownDevice).into();
        }
        if let Some((last, outcome)) = self.operations.get(&(device, channel)).copied() {
            if operation == last {
                return StoreAnswer::unwritten(outcome).into();
            }
            if operation < last {
                return StoreAnswer::ChangeRefused(ChangeRefusal::TooOld).into();
            }
        }
        let fresh = ChannelState::new(channel);
        let state = self.channels.get(&channel).unwrap_or(&fresh);
        let exists = |user| self.users.contains(&user);
        let outcome = match state.decide(user, &change, self.rules.group_limit, exists) {
            Decision::Refused(reason) => Err(reason),
            Decision::Already(message_id) => Ok(message_id),
            Decision::Write(content) => {
                let (entry, audience) =
                    self.write(wall, user, device, operation.0, channel, content);
                let message_id = entry.message_id;
                self.operations.insert((device, channel), (operation, Ok(message_id)));
                let written = Some((entry.clone(), audience));
                let answer = StoreAnswer::Changed(Changed { message_id, written });
                return Handled { answer, committed: Some(entry) };
            }
        };
        self.operations.insert((device, channel), (operation, outcome));
        StoreAnswer::unwritten(outcome).into()
    }

    /// The commit: the entry, the channel's state and the inbox rows, in one step.
    fn write(
        &mut self,
        wall: Wall,
        user: UserId,
        device: DeviceId,
        number: u64,
        channel: ChannelId,
        content: Content,
    ) -> (Arc<Entry>, Vec<UserId>) {
        let state = self.channels.entry(channel).or_insert_with(|| ChannelState::new(channel));
        let message_id = state.head().next();
        let accepted_at_ms = wall.milliseconds();
        let entry =
            Arc::new(Entry { channel, message_id, user, device, number, accepted_at_ms, content });
        let audience = state.apply(&entry);
        for member in &audience {
            self.channels_of.entry(*member).or_default().insert(channel);
            if self.rules.fanout == Fanout::Inbox {
                let inbox = self.inboxes.entry((*member, channel)).or_default();
                inbox.add(message_id, self.rules.inbox_rows_max);
            }
        }
        self.log.insert((channel, message_id), entry.clone());
        (entry, audience)
    }
}

impl StoreAnswer {
    /// The answer to a change that wrote nothing, now or when it was first asked for.
    #[must_use]
    pub fn unwritten(outcome: Result<MessageId, ChangeRefusal>) -> Self {
        match outcome {
            Ok(message_id) => Self::Changed(Changed { message_id, written: None }),
            Err(reason) => Self::ChangeRefused(reason),
        }
    }
}
