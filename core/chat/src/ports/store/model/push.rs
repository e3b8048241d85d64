//! What is owed to users as pushes, and when it is due.

use std::{collections::BTreeSet, ops::Bound};

use super::{StoreModel, devices::UserRow};
use crate::{
    entry::Entry,
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::{
        push::{Owed, PushRow, Settlement, Stretch},
        store::StoreAnswer,
    },
    situation::Situation,
    time::Wall,
};

type DueTimes = BTreeSet<(Wall, UserId, ChannelId)>;

impl UserRow {
    /// Whether pushes for this channel have anywhere to go.
    fn wants_push(&self, channel: ChannelId) -> bool {
        !self.tokens.is_empty() && !self.mutes.contains(&channel)
    }

    fn change_owed(
        &mut self,
        user: UserId,
        channel: ChannelId,
        due: &mut DueTimes,
        change: impl FnOnce(&mut Owed),
    ) {
        let owed = self.owed.entry(channel).or_default();
        let before = owed.due();
        change(owed);
        let after = owed.due();
        if before != after {
            if let Some(at) = before {
                due.remove(&(at, user, channel));
            }
            due.extend(after.map(|at| (at, user, channel)));
        }
        if after.is_none() {
            self.owed.remove(&channel);
        }
    }
}

impl StoreModel {
    /// A message is owed to everybody in its audience but the author, who can be reached and wants
    /// to be. That a token's device has expired meanwhile is noticed before anything is pushed.
    pub(super) fn owe(&mut self, wall: Wall, entry: &Entry, audience: &[UserId], is_late: bool) {
        let Some(stretch) = Stretch::of_append(&self.rules, wall, entry) else { return };
        let Entry { channel, message_id, user: author, .. } = *entry;
        for user in audience.iter().filter(|user| **user != author) {
            let Some(row) = self.users.get_mut(user) else { continue };
            if !row.wants_push(channel) {
                continue;
            }
            let has_passed = |device| self.devices[device].cursor(channel) >= message_id;
            if !(is_late && row.devices.iter().any(has_passed)) {
                row.change_owed(*user, channel, &mut self.due, |owed| owed.add(stretch));
                self.counts.write_owed();
            }
        }
    }

    pub(super) fn push_now(
        &mut self,
        wall: Wall,
        channel: ChannelId,
        message_id: MessageId,
        users: &[UserId],
    ) -> StoreAnswer {
        let Some(log) = self.channels.get(&channel) else { return StoreAnswer::Done };
        for user in users {
            let stretch = Stretch::at_once(wall, &log.state, *user, message_id);
            let (Some(stretch), Some(row)) = (stretch, self.users.get_mut(user)) else { continue };
            if row.wants_push(channel) {
                row.change_owed(*user, channel, &mut self.due, |owed| owed.add(stretch));
                self.counts.write_owed();
            }
        }
        StoreAnswer::Done
    }

    pub(super) fn settle(
        &mut self,
        user: UserId,
        channel: ChannelId,
        settlement: Settlement,
    ) -> StoreAnswer {
        let row = self.users.get_mut(&user).filter(|row| row.owed.contains_key(&channel));
        if let Some(row) = row {
            row.change_owed(user, channel, &mut self.due, |owed| {
                if matches!(settlement, Settlement::Passed(_)) && owed.has(settlement) {
                    self.situations.mark(Situation::PushCancelled);
                }
                owed.settle(settlement);
            });
        }
        StoreAnswer::Done
    }

    /// What is due stays until it is settled, so a notifier that takes over finds it again.
    pub(super) fn push_due(&mut self, wall: Wall, rows_max: u32) -> StoreAnswer {
        let mut rows = Vec::new();
        let mut after = Bound::Unbounded;
        while rows.len() < rows_max as usize {
            let next = self.due.range((after, Bound::Unbounded)).next();
            let Some(key) = next.copied().filter(|(due, ..)| *due <= wall) else { break };
            let (_, user, channel) = key;
            after = Bound::Excluded(key);
            self.expire_devices(wall, user);
            let row = self.users.get(&user);
            if let Some((row, owed)) = row.and_then(|row| Some((row, row.owed.get(&channel)?))) {
                let tokens = row.tokens.iter();
                let tokens = tokens.map(|(device, token)| (*device, token.clone())).collect();
                rows.push(PushRow { user, channel, up_to: owed.newest(), tokens });
            }
        }
        StoreAnswer::PushDue(rows)
    }

    /// A device that is not logged in as this user's gets no token.
    pub(super) fn write_token(
        &mut self,
        wall: Wall,
        user: UserId,
        device: DeviceId,
        token: Option<String>,
    ) -> StoreAnswer {
        self.expire_devices(wall, user);
        let row = self.users.get_mut(&user).filter(|row| row.devices.contains(&device));
        match (row, token) {
            (Some(row), Some(token)) => {
                row.tokens.insert(device, token);
            }
            (Some(_), None) => self.drop_token(user, device),
            (None, _) => {}
        }
        StoreAnswer::Done
    }

    /// With the last token goes what is owed: there is nowhere to send it.
    pub(super) fn drop_token(&mut self, user: UserId, device: DeviceId) {
        let Some(row) = self.users.get_mut(&user) else { return };
        if row.tokens.remove(&device).is_some() && row.tokens.is_empty() {
            for (channel, owed) in std::mem::take(&mut row.owed) {
                if let Some(at) = owed.due() {
                    self.due.remove(&(at, user, channel));
                }
            }
        }
    }

    /// What is owed in a channel goes when it is muted. Only a member can mute.
    pub(super) fn mute(&mut self, user: UserId, channel: ChannelId, muted: bool) -> StoreAnswer {
        let is_member = self.membership(user, channel).is_some();
        let Some(row) = self.users.get_mut(&user) else { return StoreAnswer::Done };
        if !muted {
            row.mutes.remove(&channel);
        } else if is_member {
            row.mutes.insert(channel);
            self.settle(user, channel, Settlement::Muted);
        }
        StoreAnswer::Done
    }
}
