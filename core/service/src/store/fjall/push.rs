//! What is owed to users as pushes, and when it is due.

use std::{mem, ops::RangeInclusive};

use fjall::Slice;
use hubbub_chat::{
    entry::Entry,
    ids::{ChannelId, MessageId, UserId},
    ports::{
        push::{Owed, PushRow, Settlement, Stretch},
        store::StoreAnswer,
    },
    time::Wall,
};

use super::{
    keys,
    state::State,
    values::{self, ReaderRow},
};
use crate::store::{StoreError, Table};

/// What is remembered of pushes, besides the rows.
#[derive(Default)]
pub(super) struct Pushes {
    /// Whether there ever was a token, once that was looked up.
    pub(super) has_tokens: Option<bool>,
    /// Nothing is due below this key. Without it, each look for what is due would pass all rows that
    /// were settled since the last compaction.
    first_due: Option<Slice>,
}

impl State {
    /// A message is owed to everybody in its audience but the author, who can be reached and wants
    /// to be.
    pub(super) fn owe(
        &mut self,
        wall: Wall,
        entry: &Entry,
        audience: &[UserId],
        is_late: bool,
    ) -> Result<(), StoreError> {
        let Some(stretch) = Stretch::of_append(&self.rules, wall, entry) else { return Ok(()) };
        if !self.has_tokens()? {
            return Ok(());
        }
        let Entry { channel, message_id, user: author, .. } = *entry;
        for user in audience.iter().copied().filter(|user| *user != author) {
            if self.wants_push(user, channel)?
                && self.has_live_token(wall, user)?
                && !(is_late && self.has_passed(user, channel, message_id)?)
            {
                self.change_owed(user, channel, |owed| owed.add(stretch))?;
            }
        }
        Ok(())
    }

    pub(super) fn push_now(
        &mut self,
        wall: Wall,
        channel: ChannelId,
        message_id: MessageId,
        users: &[UserId],
    ) -> Result<StoreAnswer, StoreError> {
        for user in users.iter().copied() {
            let row = self.channel(channel)?.as_ref();
            let stretch = row.and_then(|row| Stretch::at_once(wall, &row.state, user, message_id));
            if let Some(stretch) = stretch
                && self.wants_push(user, channel)?
            {
                self.change_owed(user, channel, |owed| owed.add(stretch))?;
            }
        }
        Ok(StoreAnswer::Done)
    }

    /// What is due stays until it is settled, so a notifier that takes over finds it again.
    pub(super) fn push_due(
        &mut self,
        wall: Wall,
        rows_max: u32,
    ) -> Result<StoreAnswer, StoreError> {
        let mut rows = Vec::new();
        let last = keys::due_until(wall);
        let mut next = self.pushes.first_due.clone().unwrap_or_default();
        let mut is_first = true;
        while rows.len() < rows_max as usize && next <= last {
            let found = self.first_key(Table::Due, next..=last.clone())?;
            if mem::take(&mut is_first) {
                self.pushes.first_due = Some(found.clone().unwrap_or_else(|| keys::behind(&last)));
            }
            let Some(key) = found else { break };
            next = keys::behind(&key);
            let owed = keys::read_due(&key);
            let (user, channel) =
                owed.ok_or_else(|| values::damaged(Table::Due, &"a key names nothing"))?;
            self.expire_devices(wall, user)?;
            let up_to = self.owed(user, channel)?.newest();
            if let Some(row) = self.user(user)?.as_ref().filter(|_| !up_to.is_zero()) {
                let tokens = row.tokens.iter();
                let tokens = tokens.map(|(device, token)| (*device, token.clone())).collect();
                rows.push(PushRow { user, channel, up_to, tokens });
            }
        }
        Ok(StoreAnswer::PushDue(rows))
    }

    pub(super) fn settle(
        &mut self,
        user: UserId,
        channel: ChannelId,
        settlement: Settlement,
    ) -> Result<(), StoreError> {
        if !self.has_tokens()? || !self.owed(user, channel)?.has(settlement) {
            return Ok(());
        }
        self.change_owed(user, channel, |owed| owed.settle(settlement))
    }

    fn change_owed(
        &mut self,
        user: UserId,
        channel: ChannelId,
        change: impl FnOnce(&mut Owed),
    ) -> Result<(), StoreError> {
        let owed = self.owed(user, channel)?;
        let before = owed.due();
        change(owed);
        let after = owed.due();
        let key = keys::owner_channel(user.0, channel);
        match after {
            Some(_) => {
                let row = values::encode(Table::Owed, owed)?;
                self.view.put(Table::Owed, key, row);
            }
            None => self.view.remove(Table::Owed, key),
        }
        if before == after {
            return Ok(());
        }
        if let Some(at) = before {
            self.view.remove(Table::Due, keys::due(at, user, channel));
        }
        if let Some(at) = after {
            let key = keys::due(at, user, channel);
            let first = &mut self.pushes.first_due;
            *first = first.take().map(|first| first.min(key.clone()));
            self.view.put(Table::Due, key, Slice::default());
        }
        Ok(())
    }

    fn owed(&mut self, user: UserId, channel: ChannelId) -> Result<&mut Owed, StoreError> {
        let Self { owed, view, .. } = self;
        let key = keys::owner_channel(user.0, channel);
        owed.get_or_load((user, channel), || Ok(view.read(Table::Owed, &key)?.unwrap_or_default()))
    }

    /// Whether one of the user's devices has a message that comes late.
    fn has_passed(
        &mut self,
        user: UserId,
        channel: ChannelId,
        message_id: MessageId,
    ) -> Result<bool, StoreError> {
        let key = keys::owner_channel(user.0, channel);
        let reader: ReaderRow = self.view.read(Table::Readers, &key)?.unwrap_or_default();
        Ok(reader.cursors.values().any(|cursor| *cursor >= message_id))
    }

    fn first_key(
        &self,
        table: Table,
        keys: RangeInclusive<Slice>,
    ) -> Result<Option<Slice>, StoreError> {
        Ok(self.view.scan(table, keys).next().transpose()?.map(|(key, _)| key))
    }
}
