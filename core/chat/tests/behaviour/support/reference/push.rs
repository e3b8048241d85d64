//! What is owed to whom, as one list.

use hubbub_chat::{
    ChannelId, DeviceId, MessageId, UserId, Wall, design::PushWhen, ports::push::PushRow,
};

use super::{Reference, members, visible};

pub(super) struct Owed {
    user: UserId,
    channel: ChannelId,
    message_id: MessageId,
    due: Wall,
    at_once: bool,
}

impl Reference {
    pub(super) fn owe(&mut self, author: UserId, channel: ChannelId, message_id: MessageId) {
        if self.rules.push_when == PushWhen::NotReceived {
            let due = Wall(self.now.0 + self.rules.push_grace.as_nanos() as u64);
            let audience = members(&self.log(channel), channel).into_iter();
            for user in audience.filter(|user| *user != author) {
                self.add_owed(Owed { user, channel, message_id, due, at_once: false });
            }
        }
    }

    pub(crate) fn push_now(&mut self, channel: ChannelId, message_id: MessageId, users: &[UserId]) {
        let log = self.log(channel);
        for user in users {
            if visible(&log, channel, *user).contains(&message_id) {
                let (user, due) = (*user, self.now);
                self.add_owed(Owed { user, channel, message_id, due, at_once: true });
            }
        }
    }

    /// With 32 in a row the last one stands for all further ones.
    fn add_owed(&mut self, owed: Owed) {
        let reached = self.tokens.iter().any(|(user, ..)| *user == owed.user);
        if !reached || self.mutes.contains(&(owed.user, owed.channel)) {
            return;
        }
        let same = |row: &&mut Owed| (row.user, row.channel) == (owed.user, owed.channel);
        let mut row: Vec<&mut Owed> = self.owed.iter_mut().filter(same).collect();
        if row.len() < 32 {
            self.owed.push(owed);
        } else if let Some(last) = row.last_mut() {
            last.message_id = last.message_id.max(owed.message_id);
            last.due = last.due.min(owed.due);
            last.at_once |= owed.at_once;
        }
    }

    pub(super) fn pass_owed(&mut self, user: UserId, channel: ChannelId, to: MessageId) {
        let passed = |row: &Owed| row.message_id <= to && !row.at_once;
        self.owed.retain(|row| (row.user, row.channel) != (user, channel) || !passed(row));
    }

    pub(crate) fn settle_push(&mut self, user: UserId, channel: ChannelId, up_to: MessageId) {
        let settled = |row: &Owed| row.message_id <= up_to;
        self.owed.retain(|row| (row.user, row.channel) != (user, channel) || !settled(row));
    }

    pub(crate) fn mute(&mut self, user: UserId, channel: ChannelId, muted: bool) {
        let is_member = self.is_channel(channel) && self.membership(user, channel).is_some();
        if muted && is_member {
            self.mutes.push((user, channel));
            self.owed.retain(|row| (row.user, row.channel) != (user, channel));
        } else if !muted {
            self.mutes.retain(|row| *row != (user, channel));
        }
    }

    pub(crate) fn write_token(&mut self, user: UserId, device: DeviceId, token: Option<String>) {
        match token {
            None => self.drop_token(user, device),
            Some(token) if self.is_live(user, device) => {
                self.tokens.retain(|row| row.1 != device);
                self.tokens.push((user, device, token));
            }
            Some(_) => {}
        }
    }

    pub(super) fn drop_token(&mut self, user: UserId, device: DeviceId) {
        self.tokens.retain(|row| (row.0, row.1) != (user, device));
        if !self.tokens.iter().any(|row| row.0 == user) {
            self.owed.retain(|row| row.user != user);
        }
    }

    pub(crate) fn push_due(&self, rows_max: u32) -> Vec<PushRow> {
        let mut rows: Vec<(Wall, PushRow)> = Vec::new();
        for owed in &self.owed {
            let (user, channel, message_id) = (owed.user, owed.channel, owed.message_id);
            match rows.iter_mut().find(|(_, row)| (row.user, row.channel) == (user, channel)) {
                Some((due, row)) => {
                    *due = owed.due.min(*due);
                    row.up_to = row.up_to.max(message_id);
                }
                None => {
                    let mine = self.tokens.iter().filter(|row| row.0 == user);
                    let mut tokens: Vec<_> = mine.map(|row| (row.1, row.2.clone())).collect();
                    tokens.sort();
                    rows.push((owed.due, PushRow { user, channel, up_to: message_id, tokens }));
                }
            }
        }
        rows.retain(|(due, _)| *due <= self.now);
        rows.sort_by_key(|(due, row)| (*due, row.user, row.channel));
        rows.into_iter().map(|(_, row)| row).take(rows_max as usize).collect()
    }
}
