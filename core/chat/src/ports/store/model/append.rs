//! Appends and changes of membership: what they come to, and the commit.

use std::sync::Arc;

use super::{ChannelRow, StoreModel};
use crate::{
    design::{DirectKey, Fanout, Ids, WriteOrder},
    entry::{Content, Entry, body_hash},
    frame::{ChangeRefusal, SendRefusal},
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::store::{
        Append, Appended, ChangeRequest, Changed, ChannelState, Decision, Handled, Judgement,
        SendWindow, StoreAnswer,
    },
    situation::Situation,
    time::Wall,
};

/// What is to be written, but for its place.
struct Draft {
    user: UserId,
    device: DeviceId,
    number: u64,
    channel: ChannelId,
    given_id: MessageId,
    content: Content,
}

impl StoreModel {
    pub(super) fn append(&mut self, wall: Wall, append: Append) -> Handled {
        let Append { user, device, channel, membership, client_id, given_id, .. } = append;
        let refused = |reason| Handled::from(StoreAnswer::AppendRefused(reason));
        if !self.renew(wall, user, device) {
            return refused(SendRefusal::UnknownDevice);
        }
        let hash = body_hash(&append.body);
        let judgement = match self.window(device, channel, membership) {
            Some(window) => window.judge(client_id, append.oldest_pending, hash),
            None => SendWindow::new(membership).judge(client_id, append.oldest_pending, hash),
        };
        if let Judgement::Repeat { message_id, accepted_at_ms } = judgement {
            let audience = Vec::new();
            let repeat = Appended { message_id, accepted_at_ms, audience, repeat: true };
            return StoreAnswer::Appended(repeat).into();
        }
        let current = self.membership(user, channel);
        if current != Some(membership) {
            self.situations.mark(match current {
                Some(_) => Situation::OlderMembership,
                None => Situation::RefusedForWantOfMembership,
            });
            return refused(SendRefusal::NotMember);
        }
        if let Judgement::Refused(reason) = judgement
            && !planted!(self.rules, GapsTaken)
        {
            return refused(reason);
        }
        let (number, content) = (client_id.0, Content::Text(append.body));
        let draft = Draft { user, device, number, channel, given_id, content };
        let Some((entry, audience)) = self.write(wall, draft) else {
            return StoreAnswer::IdTaken.into();
        };
        let Entry { message_id, accepted_at_ms, .. } = *entry;
        if let Some(row) = self.devices.get_mut(&device) {
            let known = &mut row.channels.entry(channel).or_default().window;
            let window = known.take().filter(|window| window.membership() == membership);
            let mut window = window.unwrap_or_else(|| SendWindow::new(membership));
            let answers_max = self.rules.answers_max;
            window.record(client_id, hash, message_id, accepted_at_ms, answers_max);
            *known = Some(window);
            self.counts.write_answer();
        }
        let appended = Appended { message_id, accepted_at_ms, audience, repeat: false };
        Handled { answer: StoreAnswer::Appended(appended), committed: Some(entry) }
    }

    fn window(
        &self,
        device: DeviceId,
        channel: ChannelId,
        membership: MessageId,
    ) -> Option<&SendWindow> {
        let window = self.devices.get(&device)?.channels.get(&channel)?.window.as_ref()?;
        (window.membership() == membership).then_some(window)
    }

    /// The entry by which `user` is a member of `channel`. The two users of a direct channel are
    /// its members before anything was said, if both exist.
    pub(super) fn membership(&self, user: UserId, channel: ChannelId) -> Option<MessageId> {
        match (self.channels.get(&channel), channel.pair()) {
            (Some(row), _) => row.state.membership(user),
            // An id that cannot be spelled, such as a channel with oneself, has no members.
            (None, Some(pair)) => (pair[0] < pair[1]
                && pair.contains(&user)
                && pair.iter().all(|one| self.users.contains_key(one)))
            .then_some(MessageId::ZERO),
            (None, None) => None,
        }
    }

    pub(super) fn change(&mut self, wall: Wall, request: ChangeRequest) -> Handled {
        let ChangeRequest { user, device, channel, operation, change, given_id } = request;
        if !self.renew(wall, user, device) {
            return StoreAnswer::ChangeRefused(ChangeRefusal::UnknownDevice).into();
        }
        let known = self.devices.get(&device).and_then(|row| row.channels.get(&channel));
        if let Some((last, outcome)) = known.and_then(|row| row.operation) {
            if operation == last {
                return StoreAnswer::unwritten(outcome).into();
            }
            if operation < last {
                return StoreAnswer::ChangeRefused(ChangeRefusal::TooOld).into();
            }
        }
        let fresh = ChannelState::new(channel);
        let state = self.channels.get(&channel).map_or(&fresh, |row| &row.state);
        let exists = |user| self.users.contains_key(&user);
        let group_limit = self.rules.group_limit + u32::from(planted!(self.rules, OneTooMany));
        let (outcome, written) = match state.decide(user, &change, group_limit, exists) {
            Decision::Refused(reason) => {
                if matches!(reason, ChangeRefusal::GroupLimit { .. }) {
                    self.situations.mark(Situation::RefusedAtGroupLimit);
                }
                (Err(reason), None)
            }
            Decision::Already(message_id) => (Ok(message_id), None),
            Decision::Write(content) => {
                let draft = Draft { user, device, number: operation.0, channel, given_id, content };
                let Some(written) = self.write(wall, draft) else {
                    return StoreAnswer::IdTaken.into();
                };
                (Ok(written.0.message_id), Some(written))
            }
        };
        if let Some(row) = self.devices.get_mut(&device) {
            row.channels.entry(channel).or_default().operation = Some((operation, outcome));
            self.counts.write_answer();
        }
        let committed = written.as_ref().map(|(entry, _)| entry.clone());
        let answer = match outcome {
            Ok(message_id) => StoreAnswer::Changed(Changed { message_id, written }),
            Err(reason) => StoreAnswer::ChangeRefused(reason),
        };
        Handled { answer, committed }
    }

    /// The commit: the entry, the channel's state, the copies and what is owed, in one step. `None`
    /// when the id that was given cannot be used.
    fn write(&mut self, wall: Wall, draft: Draft) -> Option<(Arc<Entry>, Vec<UserId>)> {
        let Draft { user, device, number, channel, given_id, content } = draft;
        // First, since an id is not free among entries that are at the end of their time.
        if let Some(row) = self.channels.get_mut(&channel) {
            row.remove_old(wall, self.rules.history_retention);
        }
        let mut message_id = self.place(channel, given_id)?;
        let accepted_at_ms = wall.milliseconds();
        if planted!(self.rules, PlaceGivenTwice)
            && let Some(last) = self.channels.get(&channel).and_then(|row| row.log.iter().last())
            && last.accepted_at_ms == accepted_at_ms
        {
            message_id = last.message_id;
        }
        let entry =
            Arc::new(Entry { channel, message_id, user, device, number, accepted_at_ms, content });
        if self.rules.direct_key == DirectKey::Id && channel.pair().is_some() {
            self.overwrite_direct(channel, message_id);
        }
        let row = self.channels.entry(channel).or_insert_with(|| ChannelRow::new(channel));
        let is_late = message_id <= row.state.head();
        if self.rules.write_order == WriteOrder::InboxFirst {
            self.unwritten.push_back(row.write_later(wall, self.rules.write_lag, &entry));
        }
        let audience = row.state.apply(&entry);
        row.insert(entry.clone(), self.rules.history_retention);
        self.counts.write_entry(&entry);
        self.copy(wall, &entry, &audience);
        self.owe(wall, &entry, &audience, is_late);
        Some((entry, audience))
    }

    /// The id of the next entry. An id that was given before must be free, but for `created-at`,
    /// whose later entry takes the place of the earlier one. What lies among the removed entries
    /// cannot be told from a used one.
    fn place(&self, channel: ChannelId, given_id: MessageId) -> Option<MessageId> {
        let row = self.channels.get(&channel);
        let is_used = |id| row.is_some_and(|row| id <= row.truncated || row.log.get(id).is_some());
        let free = match self.rules.ids {
            Ids::ChannelSequence => {
                return Some(row.map_or(MessageId::ZERO, |row| row.state.head()).next());
            }
            Ids::CreatedAt => true,
            Ids::Snowflake
                if self.rules.direct_key == DirectKey::Id && channel.pair().is_some() =>
            {
                !self.direct.contains_key(&given_id) && !is_used(given_id)
            }
            Ids::Snowflake => !is_used(given_id),
        };
        (free && !given_id.is_zero()).then_some(given_id)
    }

    /// What the layout writes besides the log.
    fn copy(&mut self, wall: Wall, entry: &Arc<Entry>, audience: &[UserId]) {
        let (retention, rows_max) = (self.rules.retention, self.rules.inbox_rows_max);
        let is_copied = self.rules.fanout == Fanout::Inbox;
        for member in audience {
            if planted!(self.rules, AuthorNotCopied) && *member == entry.user {
                continue;
            }
            let row = self.users.entry(*member).or_default();
            let inbox = row.channels.entry(entry.channel).or_default();
            if is_copied {
                inbox.add(wall, entry, retention, rows_max);
            }
        }
        match self.rules.fanout {
            Fanout::Inbox => self.counts.write_copies(entry, audience.len() as u64),
            Fanout::ChannelLog => {}
            Fanout::SharedQueue => {
                self.queue.add(wall, entry, retention);
                self.counts.write_queue_row();
            }
        }
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
