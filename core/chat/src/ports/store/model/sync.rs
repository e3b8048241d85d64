//! Reads of everything above a device's cursors.

use std::{ops::Bound, sync::Arc};

use super::{ChannelRow, StoreModel, devices::DeviceRow, inbox::Inbox};
use crate::{
    design::{CursorScope, DirectKey, DirectQuery, Fanout},
    entry::Entry,
    frame::Range,
    ids::{ChannelId, MessageId, UserId},
    ports::store::{StoreAnswer, StoreRules, Sync},
    situation::Situation,
    time::Wall,
};

/// What a page is to have of one channel.
pub(super) struct Reading {
    pub(super) from: MessageId,
    /// The last entry that the reader may see.
    pub(super) head: MessageId,
    /// Everything from `from` up to here is gone.
    pub(super) truncated: MessageId,
    pub(super) membership: Option<MessageId>,
    pub(super) entries: Vec<Arc<Entry>>,
    /// Whether there is more than these entries.
    pub(super) more: bool,
}

impl StoreModel {
    pub(super) fn sync(&mut self, wall: Wall, sync: &Sync) -> StoreAnswer {
        if !self.renew(wall, sync.user, sync.device) {
            return StoreAnswer::UnknownDevice;
        }
        self.counts.syncs += 1;
        match self.rules.fanout {
            Fanout::Inbox => self.counts.stretches_read += 1,
            Fanout::ChannelLog => {}
            Fanout::SharedQueue => self.look_through_queue(wall, sync),
        }
        let above = self.highest_direct(sync);
        let (mut ranges, mut more) = match self.rules.cursor {
            CursorScope::PerChannel => self.read_channels(wall, sync),
            CursorScope::Global => self.read_in_one_order(wall, sync),
        };
        if self.rules.direct_query == DirectQuery::ById && !more {
            more = self.read_direct_of_others(sync, above, &mut ranges);
        }
        StoreAnswer::Page { ranges, more }
    }

    /// Where a read of this channel begins: what the device says, else what is written for it. With
    /// one cursor for everything it is that one, but not below where the device may begin.
    pub(super) fn start(&self, sync: &Sync, device: &DeviceRow, channel: ChannelId) -> MessageId {
        match self.rules.cursor {
            CursorScope::Global => sync.newest.max(device.cursor(channel)),
            CursorScope::PerChannel => {
                let named = sync.cursors.get(&channel).copied();
                named.unwrap_or_else(|| device.cursor(channel))
            }
        }
    }

    /// The user's channels one after the other, until the page is full. A page that ran into its
    /// limit within its last channel counts as having more behind it.
    fn read_channels(&mut self, wall: Wall, sync: &Sync) -> (Vec<Range>, bool) {
        let mut ranges = Vec::new();
        let mut left = sync.entries_max as usize;
        let mut next = self.next_reading(wall, sync, None, left);
        while let Some((channel, reading)) = next {
            if left == 0 {
                return (ranges, true);
            }
            left -= reading.entries.len();
            let last = reading.entries.last().map(|entry| entry.message_id);
            let mut to = last.filter(|_| reading.more).unwrap_or(reading.head);
            if planted!(self.rules, PageEndSkipped) && reading.more {
                to = to.next();
            }
            ranges.push(reading.into_range(channel, to));
            next = self.next_reading(wall, sync, Some(channel), left);
        }
        let more = left == 0 && !ranges.is_empty();
        (ranges, more)
    }

    /// Reads the first of the user's channels after `after` that has something above the reader's
    /// cursor: at most `limit` entries.
    pub(super) fn next_reading(
        &mut self,
        wall: Wall,
        sync: &Sync,
        after: Option<ChannelId>,
        limit: usize,
    ) -> Option<(ChannelId, Reading)> {
        let user = self.users.get(&sync.user)?;
        let device = self.devices.get(&sync.device)?;
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut heads_read = 0;
        let found = user.channels.range((first, Bound::Unbounded)).find_map(|(channel, inbox)| {
            heads_read += 1;
            let (from, head) =
                (self.start(sync, device, *channel), self.head(sync.user, *channel, inbox));
            (from < head).then_some((*channel, from, head))
        });
        if self.rules.fanout == Fanout::ChannelLog {
            self.counts.rows_read += heads_read;
            self.counts.stretches_read += heads_read;
        }
        let (channel, from, head) = found?;
        Some((channel, self.read(wall, sync.user, channel, (from, head), limit)?))
    }

    fn read(
        &mut self,
        wall: Wall,
        user: UserId,
        channel: ChannelId,
        (from, head): (MessageId, MessageId),
        limit: usize,
    ) -> Option<Reading> {
        let row = self.channels.get_mut(&channel)?;
        row.remove_old(wall, self.rules.history_retention);
        let inbox = self.users.get_mut(&user)?.channels.get_mut(&channel)?;
        inbox.remove_old(wall, self.rules.retention);
        let by_id = self.rules.direct_key == DirectKey::Id && channel.pair().is_some();
        let is_copied = self.rules.fanout == Fanout::Inbox;
        let mut entries = if planted!(self.rules, LogReadWhole) {
            row.log.range(from.next(), head).take(limit + 1).cloned().collect()
        } else if is_copied {
            let from = if planted!(self.rules, FirstSkipped) { from.next() } else { from };
            read_copies(&self.rules, row, inbox, user, from, limit + 1, by_id)
        } else {
            row.visible(user, from, MessageId(u64::MAX)).take(limit + 1).cloned().collect()
        };
        let more = entries.len() > limit;
        entries.truncate(limit);
        self.counts.rows_read += entries.len() as u64;
        if is_copied && from < inbox.floor {
            self.counts.stretches_read += 1;
            self.situations.mark(Situation::InboxTrimmed);
        }
        let mut truncated = row.truncated_for(user, from).min(head);
        if planted!(self.rules, TruncatedSilently) {
            truncated = MessageId::ZERO;
        }
        let membership = row.state.membership(user);
        Some(Reading { from, head, truncated, membership, entries, more })
    }
}

impl Reading {
    pub(super) fn into_range(self, channel: ChannelId, to: MessageId) -> Range {
        let Self { from, truncated, membership, entries, .. } = self;
        Range { channel, membership, from, to, entries, truncated: truncated.min(to) }
    }
}

/// Reads the user's inbox, and the log where the inbox has nothing any more. With `by_id` a copy is
/// the key of an entry that may have been overwritten since.
fn read_copies(
    rules: &StoreRules,
    row: &ChannelRow,
    inbox: &Inbox,
    user: UserId,
    from: MessageId,
    limit: usize,
    by_id: bool,
) -> Vec<Arc<Entry>> {
    let mut entries: Vec<Arc<Entry>> = Vec::new();
    if from < inbox.floor && !planted!(rules, TrimmedSilently) {
        entries.extend(row.visible(user, from, inbox.floor).take(limit).cloned());
    }
    let copies = inbox.above(from.max(inbox.floor).max(row.truncated));
    let copies = copies.filter(|copy| !by_id || row.log.get(copy.message_id).is_some());
    let left = limit - entries.len();
    entries.extend(copies.take(left).cloned());
    entries
}
