//! Reads: pages above a device's cursors, and heads.

use std::sync::Arc;

use hubbub_chat::{
    design::{CursorScope, Fanout, Ids},
    entry::Entry,
    frame::Range,
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::store::{StoreAnswer, Sync},
    time::Wall,
};

use super::{
    channel::Channel,
    keys,
    state::State,
    values::{self, ReaderRow},
};
use crate::store::{StoreError, Table};

/// What a page is to have of one channel.
pub(super) struct Reading {
    pub(super) channel: ChannelId,
    pub(super) from: MessageId,
    /// The last entry that the reader may see.
    pub(super) head: MessageId,
    /// Everything from `from` up to here is gone.
    pub(super) truncated: MessageId,
    membership: Option<MessageId>,
    pub(super) entries: Vec<Arc<Entry>>,
    /// Whether there is more than these entries.
    pub(super) more: bool,
}

impl Reading {
    pub(super) fn into_range(self, to: MessageId) -> Range {
        let Self { channel, from, truncated, membership, entries, .. } = self;
        Range { channel, membership, from, to, entries, truncated: truncated.min(to) }
    }
}

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

    pub(super) fn sync(&mut self, wall: Wall, sync: &Sync) -> Result<StoreAnswer, StoreError> {
        if !self.renew(wall, sync.user, sync.device)? {
            return Ok(StoreAnswer::UnknownDevice);
        }
        let (ranges, more) = match self.rules.cursor {
            CursorScope::PerChannel => self.read_channels(wall, sync)?,
            CursorScope::Global => self.read_in_one_order(wall, sync)?,
        };
        Ok(StoreAnswer::Page { ranges, more })
    }

    /// The user's channels one after the other, until the page is full. A page that ran into its
    /// limit within its last channel counts as having more behind it.
    fn read_channels(&mut self, wall: Wall, sync: &Sync) -> Result<(Vec<Range>, bool), StoreError> {
        let mut ranges = Vec::new();
        let mut left = sync.entries_max as usize;
        for (channel, reader) in self.readers(sync.user)? {
            let Some(reading) = self.read(wall, sync, channel, &reader, left)? else { continue };
            if left == 0 {
                return Ok((ranges, true));
            }
            left -= reading.entries.len();
            let last = reading.entries.last().map(|entry| entry.message_id);
            let to = last.filter(|_| reading.more).unwrap_or(reading.head);
            ranges.push(reading.into_range(to));
        }
        let more = left == 0 && !ranges.is_empty();
        Ok((ranges, more))
    }

    /// Reads at most `limit` entries of a channel above the reader's cursor; `None` when there is
    /// nothing above it. A read begins at what the device says, else at what is written for it; with
    /// one cursor for everything at that one, but not below where the device may begin.
    pub(super) fn read(
        &mut self,
        wall: Wall,
        sync: &Sync,
        channel: ChannelId,
        reader: &ReaderRow,
        limit: usize,
    ) -> Result<Option<Reading>, StoreError> {
        let (user, written) = (sync.user, reader.cursor(sync.device));
        let from = match self.rules.cursor {
            CursorScope::Global => sync.newest.max(written),
            CursorScope::PerChannel => sync.cursors.get(&channel).copied().unwrap_or(written),
        };
        let head = self.head(user, channel)?;
        if from >= head {
            return Ok(None);
        }
        self.remove_old_entries(wall, channel)?;
        let floor = match self.rules.fanout {
            Fanout::Inbox => Some(self.current_floor(wall, user, channel, reader)?),
            Fanout::ChannelLog | Fanout::SharedQueue => None,
        };
        let mut entries = self.entries(user, channel, (from, floor), limit.saturating_add(1))?;
        let more = entries.len() > limit;
        entries.truncate(limit);
        let row = self.channel(channel)?.as_ref();
        let (truncated, membership) = row.map_or((MessageId::ZERO, None), |row| {
            (row.truncated_for(user, from).min(head), row.state.membership(user))
        });
        Ok(Some(Reading { channel, from, head, truncated, membership, entries, more }))
    }

    /// Up to where the user's copies are gone, once those are that are at the end of their time.
    fn current_floor(
        &mut self,
        wall: Wall,
        user: UserId,
        channel: ChannelId,
        reader: &ReaderRow,
    ) -> Result<MessageId, StoreError> {
        let is_sequence = self.rules.ids == Ids::ChannelSequence;
        let row = self.channel(channel)?.as_ref().filter(|_| is_sequence);
        let is_known = row.is_some_and(|row| {
            row.state.membership(user).is_some() && wall.milliseconds() < row.copies_removal_ms
        });
        if is_known {
            return Ok(reader.floor);
        }
        self.remove_old_copies(wall, user, channel)?;
        Ok(self.inbox(user, channel)?.floor)
    }

    /// The first entries above `from` that the user may see: their copies, and the log where those
    /// are gone or, without a floor, were never made.
    fn entries(
        &mut self,
        user: UserId,
        channel: ChannelId,
        (from, floor): (MessageId, Option<MessageId>),
        limit: usize,
    ) -> Result<Vec<Arc<Entry>>, StoreError> {
        let Self { channels, view, rules, .. } = self;
        let load = || Channel::load(view, rules, channel);
        let Some(row) = channels.get_or_load(channel, load)? else {
            return Err(values::damaged(Table::Log, &format!("{channel} is missing")));
        };
        let entries = match floor {
            None => row.visible(view, user, (from, MessageId(u64::MAX)), limit)?,
            Some(floor) => {
                let mut entries = if from < floor {
                    row.visible(view, user, (from, floor), limit)?
                } else {
                    Vec::new()
                };
                let first = from.max(floor).max(row.truncated).next();
                let copies = keys::inbox_range(user, channel, first, MessageId(u64::MAX));
                let copies = view.scan(Table::Inbox, copies);
                for copy in copies.take(limit - entries.len()) {
                    let (key, bytes) = copy?;
                    let place = keys::read_inbox(&key);
                    entries.push(values::decode_entry(Table::Inbox, place, &bytes)?);
                }
                entries
            }
        };
        if rules.ids == Ids::ChannelSequence {
            let places = row.state.visible_above(user, from.max(row.truncated)).take(limit);
            if !entries.iter().map(|entry| entry.message_id).eq(places) {
                let reason = format!("{channel} has a hole above {from}");
                return Err(values::damaged(Table::Log, &reason));
            }
        }
        Ok(entries)
    }

    pub(super) fn compare_heads(
        &mut self,
        wall: Wall,
        users: &[UserId],
        devices: Vec<DeviceId>,
    ) -> Result<StoreAnswer, StoreError> {
        let logged_out = self.logged_out(wall, devices)?;
        let mut heads = Vec::with_capacity(users.len());
        for user in users {
            let mut channels = Vec::new();
            for (channel, _) in self.readers(*user)? {
                channels.push((channel, self.head(*user, channel)?));
            }
            heads.push((*user, channels));
        }
        Ok(StoreAnswer::Heads { heads, logged_out })
    }
}
