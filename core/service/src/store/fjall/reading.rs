//! Reads: pages above a device's cursors, and heads.

use std::sync::Arc;

use hubbub_chat::{
    design::Fanout,
    entry::Entry,
    frame::Range,
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::store::{StoreAnswer, Sync},
};

use super::{
    keys,
    state::State,
    values::{self, ReaderRow},
};
use crate::store::{StoreError, Table};

impl State {
    /// Every channel that the user ever was a member of, and how far their devices have read it.
    pub(super) fn readers(&self, user: UserId) -> Result<Vec<(ChannelId, ReaderRow)>, StoreError> {
        let rows = self.view.scan(Table::Readers, keys::owner_channels(user.0));
        rows.map(|row| {
            let (key, bytes) = row?;
            let channel = keys::read_owner_channel(&key);
            let channel = channel
                .ok_or_else(|| values::damaged(Table::Readers, &"a key names no channel"))?;
            Ok((channel, values::decode(Table::Readers, &bytes)?))
        })
        .collect()
    }

    pub(super) fn sync(&mut self, sync: &Sync) -> Result<StoreAnswer, StoreError> {
        let Sync { user, device, .. } = *sync;
        if !self.is_live(user, device)? {
            return Ok(StoreAnswer::UnknownDevice);
        }
        let mut ranges = Vec::new();
        let mut budget = sync.entries_max as usize;
        for (channel, reader) in self.readers(user)? {
            // What the device says, else what is written for it.
            let named = sync.cursors.get(&channel).copied();
            let from = named.unwrap_or_else(|| reader.cursor(device));
            if from >= self.visible_head(user, channel)? {
                continue;
            }
            if budget == 0 {
                return Ok(StoreAnswer::Page { ranges, more: true });
            }
            let range = self.range(user, channel, from, budget)?;
            budget -= range.entries.len();
            ranges.push(range);
        }
        let more = budget == 0 && !ranges.is_empty();
        Ok(StoreAnswer::Page { ranges, more })
    }

    pub(super) fn heads(
        &mut self,
        users: &[UserId],
        devices: Vec<DeviceId>,
    ) -> Result<StoreAnswer, StoreError> {
        let mut heads = Vec::with_capacity(users.len());
        for user in users {
            let mut channels = Vec::new();
            for (channel, _) in self.readers(*user)? {
                channels.push((channel, self.visible_head(*user, channel)?));
            }
            heads.push((*user, channels));
        }
        let mut logged_out = Vec::new();
        for device in devices {
            if !self.device(device)?.is_some_and(|row| row.is_live) {
                logged_out.push(device);
            }
        }
        Ok(StoreAnswer::Heads { heads, logged_out })
    }

    /// The last place of a channel that the user may see.
    pub(super) fn visible_head(
        &mut self,
        user: UserId,
        channel: ChannelId,
    ) -> Result<MessageId, StoreError> {
        let state = self.channel(channel)?.as_ref();
        Ok(state.map_or(MessageId::ZERO, |state| state.visible_head(user)))
    }

    fn range(
        &mut self,
        user: UserId,
        channel: ChannelId,
        from: MessageId,
        limit: usize,
    ) -> Result<Range, StoreError> {
        let Some(state) = self.channel(channel)?.as_ref() else {
            return Err(values::damaged(Table::Log, &format!("{channel} is missing")));
        };
        let mut places: Vec<_> = state.visible_above(user, from).take(limit + 1).collect();
        let whole = places.len() <= limit;
        places.truncate(limit);
        let (membership, head) = (state.membership(user), state.visible_head(user));
        let entries = self.entries(user, channel, &places)?;
        let last = places.last().copied().unwrap_or(from);
        let to = if whole { head } else { last };
        Ok(Range { truncated: MessageId::ZERO, channel, membership, from, to, entries })
    }

    /// The entries at these places: the user's copies, or the log where the copies are gone or
    /// were never made. Copies go from the oldest on, so when the first is there all are.
    fn entries(
        &self,
        user: UserId,
        channel: ChannelId,
        places: &[MessageId],
    ) -> Result<Vec<Arc<Entry>>, StoreError> {
        let Some(first) = places.first() else {
            return Ok(Vec::new());
        };
        if self.rules.fanout == Fanout::Inbox {
            let rows = self.view.scan(Table::Inbox, keys::inbox_from(user, channel, *first));
            let copies = rows.take(places.len()).map(|row| {
                let (key, bytes) = row?;
                values::decode_entry(Table::Inbox, keys::read_inbox(&key), &bytes)
            });
            let copies = copies.collect::<Result<Vec<_>, StoreError>>()?;
            if copies.iter().map(|entry| entry.message_id).eq(places.iter().copied()) {
                return Ok(copies);
            }
        }
        self.log_entries(channel, places)
    }

    fn log_entries(
        &self,
        channel: ChannelId,
        places: &[MessageId],
    ) -> Result<Vec<Arc<Entry>>, StoreError> {
        let mut entries = Vec::with_capacity(places.len());
        for run in places.chunk_by(|one, next| *next == one.next()) {
            let (first, last) = (run[0], run[run.len() - 1]);
            for row in self.view.scan(Table::Log, keys::log_range(channel, first, last)) {
                let (key, bytes) = row?;
                entries.push(values::decode_entry(Table::Log, keys::read_log(&key), &bytes)?);
            }
        }
        if entries.len() != places.len() {
            let reason = format!("{channel} has a hole above {}", places[0].previous());
            return Err(values::damaged(Table::Log, &reason));
        }
        Ok(entries)
    }
}
