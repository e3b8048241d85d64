//! Inboxes: the copies of entries, and which of them are gone.

use std::collections::BTreeSet;

use fjall::Slice;
use hubbub_chat::{
    design::{Fanout, Ids},
    entry::Entry,
    ids::{ChannelId, DeviceId, MessageId, UserId},
    ports::store::StoreRules,
    time::Wall,
};

use super::{
    channel::Channel,
    keys,
    retention::{end_ms, find_old_rows, read_message_id},
    state::State,
    values::ReaderRow,
    view::View,
};
use crate::store::{StoreError, Table};

/// What is known of a user's copies of one channel.
pub(super) struct Inbox {
    /// Copies up to here are gone.
    pub(super) floor: MessageId,
    /// The highest id that was ever copied. Where ids are places of the log, the channel says it.
    pub(super) last: MessageId,
    /// Copies above the floor, once they were counted. Where ids are places of the log, the channel
    /// says it.
    rows: Option<u64>,
    /// Before this time nothing is to be removed.
    removal_ms: u64,
}

impl State {
    pub(super) fn inbox(
        &mut self,
        user: UserId,
        channel: ChannelId,
    ) -> Result<&mut Inbox, StoreError> {
        let Self { inboxes, view, rules, .. } = self;
        inboxes.get_or_load((user, channel), || Inbox::load(view, rules, user, channel))
    }

    /// Gives everybody in the audience a copy, and removes what is too old or too much.
    pub(super) fn copy(
        &mut self,
        wall: Wall,
        entry: &Entry,
        row: &Slice,
        audience: &[UserId],
    ) -> Result<(), StoreError> {
        if self.rules.ids != Ids::ChannelSequence {
            return audience.iter().try_for_each(|user| self.add_copy(wall, entry, row, *user));
        }
        let Entry { channel, message_id, accepted_at_ms, .. } = *entry;
        let kept = self.rules.retention;
        let known = self.channel(channel)?.as_ref().map_or(0, |row| row.copies_removal_ms);
        let mut removal_ms = known.min(end_ms(accepted_at_ms, kept));
        if known <= wall.milliseconds() {
            removal_ms = end_ms(accepted_at_ms, kept);
            for user in audience {
                removal_ms = removal_ms.min(self.remove_old_copies(wall, *user, channel)?.1);
            }
        }
        if let Some(row) = self.channel(channel)? {
            row.copies_removal_ms = removal_ms;
        }
        for user in audience {
            self.view.put(Table::Inbox, keys::inbox(*user, channel, message_id), row.clone());
        }
        self.trim_inboxes(channel, audience)
    }

    /// Removes a user's first copies as far as they are at the end of their time, a bounded number
    /// at most. Tells how many there were, and before which time nothing more is to be removed.
    pub(super) fn remove_old_copies(
        &mut self,
        wall: Wall,
        user: UserId,
        channel: ChannelId,
    ) -> Result<(usize, u64), StoreError> {
        let kept = self.rules.retention;
        let Self { inboxes, view, rules, .. } = self;
        let load = || Inbox::load(view, rules, user, channel);
        let inbox = inboxes.get_or_load((user, channel), load)?;
        if wall.milliseconds() < inbox.removal_ms {
            return Ok((0, inbox.removal_ms));
        }
        let old = find_old_rows(view, Table::Inbox, inbox.above_floor(user, channel), wall, kept)?;
        // What is added to an empty inbox is accepted later than now.
        inbox.removal_ms = old.next_ms.unwrap_or_else(|| end_ms(wall.milliseconds(), kept));
        let removed = inbox.remove(view, user, channel, old.keys, old.last)?;
        Ok((removed, inbox.removal_ms))
    }

    /// Where ids are given before: a copy may come late. Below the floor it is left out: everybody
    /// has passed it, or there are enough above it.
    fn add_copy(
        &mut self,
        wall: Wall,
        entry: &Entry,
        row: &Slice,
        user: UserId,
    ) -> Result<(), StoreError> {
        let Entry { channel, message_id, accepted_at_ms, .. } = *entry;
        self.remove_old_copies(wall, user, channel)?;
        let Self { inboxes, view, rules, .. } = self;
        let load = || Inbox::load(view, rules, user, channel);
        let inbox = inboxes.get_or_load((user, channel), load)?;
        let mut rows = inbox.count(view, user, channel)?;
        if message_id > inbox.floor {
            let key = keys::inbox(user, channel, message_id);
            let is_new = message_id > inbox.last || view.get(Table::Inbox, &key)?.is_none();
            rows += u64::from(is_new);
            view.put(Table::Inbox, key, row.clone());
        }
        inbox.rows = Some(rows);
        inbox.last = inbox.last.max(message_id);
        inbox.removal_ms = inbox.removal_ms.min(end_ms(accepted_at_ms, rules.retention));
        let excess = rows.saturating_sub(u64::from(rules.inbox_rows_max));
        if excess > 0 {
            let excess = usize::try_from(excess).unwrap_or(usize::MAX);
            let first = view.scan(Table::Inbox, inbox.above_floor(user, channel)).take(excess);
            let keys = first.map(|row| Ok(row?.0)).collect::<Result<Vec<_>, StoreError>>()?;
            let last = keys.last().map(|key| read_message_id(Table::Inbox, key)).transpose()?;
            inbox.remove(view, user, channel, keys, last.unwrap_or_default())?;
        }
        Ok(())
    }

    /// Where ids are places of the log: removes the oldest copies of whoever has more than
    /// `inbox_rows_max` of this channel. A channel that was never that long is done at once.
    fn trim_inboxes(&mut self, channel: ChannelId, users: &[UserId]) -> Result<(), StoreError> {
        let Self { channels, inboxes, view, rules, .. } = self;
        let rows_max = u64::from(rules.inbox_rows_max);
        let row = channels.get_or_load(channel, || Channel::load(view, rules, channel))?;
        let Some(row) = row.as_ref().filter(|row| row.state.head().0 > rows_max) else {
            return Ok(());
        };
        for user in users.iter().copied() {
            let load = || Inbox::load(view, rules, user, channel);
            let inbox = inboxes.get_or_load((user, channel), load)?;
            let lowest = row.state.below_newest(user, rows_max);
            if lowest > inbox.floor {
                let keys = places(row, user, channel, (inbox.floor, lowest)).collect();
                inbox.remove(view, user, channel, keys, lowest)?;
            }
        }
        Ok(())
    }

    /// Writes how far a user has read a channel, and removes the copies that every one of their
    /// `devices` has passed. Where ids are places of the log, removing needs no look at the inbox:
    /// the copies are those that the user may see above the floor.
    pub(super) fn write_reader(
        &mut self,
        user: UserId,
        channel: ChannelId,
        mut reader: ReaderRow,
        devices: &BTreeSet<DeviceId>,
    ) -> Result<(), StoreError> {
        let passed = reader.passed(devices);
        if passed > reader.floor {
            if self.rules.fanout == Fanout::Inbox {
                let keys = self.copies(user, channel, (reader.floor, passed))?;
                let inbox = self.inbox(user, channel)?;
                inbox.rows = inbox.rows.map(|rows| rows.saturating_sub(keys.len() as u64));
                inbox.floor = passed;
                keys.into_iter().for_each(|key| self.view.remove(Table::Inbox, key));
            }
            reader.floor = passed;
        }
        self.view.write(Table::Readers, keys::owner_channel(user.0, channel), &reader)
    }

    /// The keys of a user's copies in `(floor, to]`, all of which are there.
    fn copies(
        &mut self,
        user: UserId,
        channel: ChannelId,
        (floor, to): (MessageId, MessageId),
    ) -> Result<Vec<Slice>, StoreError> {
        if self.rules.ids == Ids::ChannelSequence {
            let row = self.channel(channel)?.as_ref();
            return Ok(
                row.map_or(Vec::new(), |row| places(row, user, channel, (floor, to)).collect())
            );
        }
        let rows = self.view.scan(Table::Inbox, keys::inbox_range(user, channel, floor.next(), to));
        rows.map(|row| Ok(row?.0)).collect()
    }
}

impl Inbox {
    fn load(
        view: &View,
        rules: &StoreRules,
        user: UserId,
        channel: ChannelId,
    ) -> Result<Self, StoreError> {
        let key = keys::owner_channel(user.0, channel);
        let floor = view.read::<ReaderRow>(Table::Readers, &key)?.unwrap_or_default().floor;
        let mut inbox = Self { floor, last: floor, rows: None, removal_ms: 0 };
        if rules.ids != Ids::ChannelSequence {
            // What is removed is removed from the lower end: the last copy is there, or at the floor.
            let last = view.scan_back(Table::Inbox, inbox.above_floor(user, channel)).next();
            if let Some((key, _)) = last.transpose()? {
                inbox.last = read_message_id(Table::Inbox, &key)?;
            }
        }
        Ok(inbox)
    }

    /// How many copies there are above the floor.
    fn count(&self, view: &View, user: UserId, channel: ChannelId) -> Result<u64, StoreError> {
        match self.rows {
            Some(rows) => Ok(rows),
            None => view
                .scan(Table::Inbox, self.above_floor(user, channel))
                .try_fold(0, |count, row| row.map(|_| count + 1)),
        }
    }

    /// Removes copies from the lower end, and raises the floor.
    fn remove(
        &mut self,
        view: &mut View,
        user: UserId,
        channel: ChannelId,
        keys: Vec<Slice>,
        floor: MessageId,
    ) -> Result<usize, StoreError> {
        let removed = keys.len();
        keys.into_iter().for_each(|key| view.remove(Table::Inbox, key));
        self.rows = self.rows.map(|rows| rows.saturating_sub(removed as u64));
        if floor > self.floor {
            self.floor = floor;
            let key = keys::owner_channel(user.0, channel);
            let reader: ReaderRow = view.read(Table::Readers, &key)?.unwrap_or_default();
            view.write(Table::Readers, key, &ReaderRow { floor, ..reader })?;
        }
        Ok(removed)
    }

    fn above_floor(&self, user: UserId, channel: ChannelId) -> std::ops::RangeInclusive<Slice> {
        keys::inbox_range(user, channel, self.floor.next(), MessageId(u64::MAX))
    }
}

/// Where ids are places of the log: the keys of the copies in `(floor, to]`.
fn places(
    row: &Channel,
    user: UserId,
    channel: ChannelId,
    (floor, to): (MessageId, MessageId),
) -> impl Iterator<Item = Slice> + '_ {
    let places = row.state.visible_above(user, floor).take_while(move |place| *place <= to);
    places.map(move |place| keys::inbox(user, channel, place))
}
