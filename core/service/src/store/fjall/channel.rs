//! A channel: what its log says of it, and the entries of the log.

use std::sync::Arc;

use fjall::Slice;
use hubbub_chat::{
    design::Ids,
    entry::Entry,
    ids::{ChannelId, MessageId, UserId},
    ports::store::{ChannelState, StoreRules},
    time::Wall,
};

use super::{
    keys,
    retention::{end_ms, find_old_rows, read_message_id},
    state::State,
    values::{self, TruncationRow},
    view::View,
};
use crate::store::{StoreError, Table};

/// A channel of which something was written.
pub(super) struct Channel {
    id: ChannelId,
    pub(super) state: ChannelState,
    /// The highest place that was removed from the log at the end of its time: everything up to
    /// here counts as gone.
    pub(super) truncated: MessageId,
    /// Before this time nothing is to be removed from the log.
    removal_ms: u64,
    /// Where ids are places of the log: before this time nothing is to be removed from the inboxes
    /// of those who are members now. It spares an append a look at each of them.
    pub(super) copies_removal_ms: u64,
}

impl State {
    /// What is known of a channel; `None` while nothing was written.
    pub(super) fn channel(
        &mut self,
        channel: ChannelId,
    ) -> Result<&mut Option<Channel>, StoreError> {
        let Self { channels, view, rules, .. } = self;
        channels.get_or_load(channel, || Channel::load(view, rules, channel))
    }

    /// Removes the first entries of a log as far as they are at the end of their time, a bounded
    /// number at most, and tells how many there were.
    pub(super) fn remove_old_entries(
        &mut self,
        wall: Wall,
        channel: ChannelId,
    ) -> Result<usize, StoreError> {
        let Self { channels, view, rules, .. } = self;
        match channels.get_or_load(channel, || Channel::load(view, rules, channel))? {
            Some(row) => row.remove_old(view, rules, wall),
            None => Ok(0),
        }
    }
}

impl Channel {
    /// A channel in which nothing was said.
    pub(super) fn new(id: ChannelId) -> Self {
        Self {
            id,
            state: ChannelState::new(id),
            truncated: MessageId::ZERO,
            removal_ms: u64::MAX,
            copies_removal_ms: u64::MAX,
        }
    }

    pub(super) fn load(
        view: &View,
        rules: &StoreRules,
        id: ChannelId,
    ) -> Result<Option<Self>, StoreError> {
        let row: Option<TruncationRow> = view.read(Table::Truncations, &keys::channel(id))?;
        let truncated = row.unwrap_or_default().truncated;
        let everything = keys::log_range(id, MessageId::ZERO, MessageId(u64::MAX));
        let last = view.scan_back(Table::Log, everything).next().transpose()?;
        let last = last.map(|(key, _)| read_message_id(Table::Log, &key)).transpose()?;
        // What is removed is removed from the lower end: the head is in the log or was its last entry.
        let head = last.unwrap_or_default().max(truncated);
        if head.is_zero() {
            return Ok(None);
        }
        let state = if id.pair().is_some() {
            values::direct_state(id, head)
        } else {
            let row = view.get(Table::Groups, &keys::channel(id))?;
            let row =
                row.ok_or_else(|| values::damaged(Table::Groups, &format!("{id} is missing")))?;
            values::decode_group(&row, head)?
        };
        let mut channel = Self { state, truncated, removal_ms: 0, ..Self::new(id) };
        channel.copies_removal_ms = channel.oldest_copy_ms(view, rules)?;
        Ok(Some(channel))
    }

    /// Takes in an entry that is about to be put into the log, and tells who may see it.
    pub(super) fn apply(&mut self, rules: &StoreRules, entry: &Arc<Entry>) -> Vec<UserId> {
        let end = end_ms(entry.accepted_at_ms, rules.history_retention);
        self.removal_ms = self.removal_ms.min(end);
        self.state.apply(entry)
    }

    /// As [`State::remove_old_entries`].
    pub(super) fn remove_old(
        &mut self,
        view: &mut View,
        rules: &StoreRules,
        wall: Wall,
    ) -> Result<usize, StoreError> {
        if wall.milliseconds() < self.removal_ms {
            return Ok(0);
        }
        let log = self.log(rules);
        let old = find_old_rows(view, Table::Log, log, wall, rules.history_retention)?;
        self.removal_ms = old.next_ms.unwrap_or(u64::MAX);
        if old.last > self.truncated {
            self.truncated = old.last;
            let row = TruncationRow { truncated: self.truncated };
            view.write(Table::Truncations, keys::channel(self.id), &row)?;
        }
        let removed = old.keys.len();
        old.keys.into_iter().for_each(|key| view.remove(Table::Log, key));
        Ok(removed)
    }

    /// What is told to `user` above `from`: that everything up to this place is gone. Zero when
    /// nothing of it was theirs to see.
    pub(super) fn truncated_for(&self, user: UserId, from: MessageId) -> MessageId {
        if from >= self.truncated {
            return MessageId::ZERO;
        }
        let visible = self.state.visible_stretches(user, from);
        let theirs = visible.iter().take_while(|(first, _)| *first <= self.truncated);
        let last = theirs.map(|(_, last)| *last).last();
        last.map_or(MessageId::ZERO, |last| last.min(self.truncated))
    }

    /// The first `limit` entries of the log in `(from, to]` that `user` may see, in order.
    pub(super) fn visible(
        &self,
        view: &View,
        user: UserId,
        (from, to): (MessageId, MessageId),
        limit: usize,
    ) -> Result<Vec<Arc<Entry>>, StoreError> {
        let mut entries = Vec::new();
        for (first, last) in self.state.visible_stretches(user, from.max(self.truncated)) {
            let last = last.min(to);
            if first > last || entries.len() == limit {
                break;
            }
            let rows = view.scan(Table::Log, keys::log_range(self.id, first, last));
            for row in rows.take(limit - entries.len()) {
                let (key, bytes) = row?;
                entries.push(values::decode_entry(Table::Log, keys::read_log(&key), &bytes)?);
            }
        }
        Ok(entries)
    }

    /// The place above which the log has the newest `count` entries that `user` may see.
    pub(super) fn below_newest(
        &self,
        view: &View,
        user: UserId,
        count: u64,
    ) -> Result<MessageId, StoreError> {
        let mut left = count;
        for (first, last) in self.state.visible_stretches(user, MessageId::ZERO).into_iter().rev() {
            for row in view.scan_back(Table::Log, keys::log_range(self.id, first, last)) {
                let message_id = read_message_id(Table::Log, &row?.0)?;
                if left == 0 {
                    return Ok(message_id);
                }
                left -= 1;
            }
        }
        Ok(MessageId::ZERO)
    }

    /// Whether the log has an entry under this id, or had one.
    pub(super) fn is_used(&self, view: &View, message_id: MessageId) -> Result<bool, StoreError> {
        if message_id <= self.truncated || message_id > self.state.head() {
            return Ok(message_id <= self.truncated);
        }
        Ok(view.get(Table::Log, &keys::log(self.id, message_id))?.is_some())
    }

    /// The keys of the whole log. An id that was given before the append may lie among those that
    /// were removed with the same access.
    fn log(&self, rules: &StoreRules) -> std::ops::RangeInclusive<Slice> {
        let first = match rules.ids {
            Ids::ChannelSequence => self.truncated.next(),
            Ids::Snowflake | Ids::CreatedAt => MessageId::ZERO,
        };
        keys::log_range(self.id, first, MessageId(u64::MAX))
    }

    /// A time before which no copy can be at the end of its time: no copy is older than the first
    /// entry, while that is there.
    fn oldest_copy_ms(&self, view: &View, rules: &StoreRules) -> Result<u64, StoreError> {
        if rules.ids != Ids::ChannelSequence || !self.truncated.is_zero() {
            return Ok(0);
        }
        let first = view.scan(Table::Log, self.log(rules)).next().transpose()?;
        let accepted = first.map(|(_, bytes)| values::decode_accepted_at(Table::Log, &bytes));
        Ok(accepted.transpose()?.map_or(0, |accepted| end_ms(accepted, rules.retention)))
    }
}
