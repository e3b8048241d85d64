//! A channel: its log, and what the log says of it.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use super::{REMOVALS_MAX, end_ms};
use crate::{
    entry::Entry,
    ids::{ChannelId, MessageId, UserId},
    ports::store::ChannelState,
    time::Wall,
};

/// The row of a channel.
#[derive(Debug, Clone)]
pub(super) struct ChannelRow {
    pub(super) state: ChannelState,
    pub(super) log: Log,
    /// The highest place that was removed from the log at the end of its time: everything up to here
    /// counts as gone.
    pub(super) truncated: MessageId,
    /// Entries at the end of the log that are not written yet (`write_order = "inbox-first"`).
    pub(super) unwritten: usize,
    /// Before this time nothing is to be removed.
    removal_ms: u64,
}

impl ChannelRow {
    pub(super) fn new(channel: ChannelId) -> Self {
        Self {
            state: ChannelState::new(channel),
            log: Log::default(),
            truncated: MessageId::ZERO,
            unwritten: 0,
            removal_ms: u64::MAX,
        }
    }

    /// Puts an entry in its place; whatever is there goes.
    pub(super) fn insert(&mut self, entry: Arc<Entry>, kept: Duration) {
        let oldest = self.log.insert(entry);
        self.removal_ms = self.removal_ms.min(end_ms(oldest, kept));
    }

    /// Removes the first entries as far as they are at the end of their time, `REMOVALS_MAX` at
    /// most. An entry behind a younger one waits for it, so that what is gone is one stretch.
    pub(super) fn remove_old(&mut self, wall: Wall, kept: Duration) -> usize {
        let now_ms = wall.milliseconds();
        let mut removed = 0;
        while self.removal_ms <= now_ms && removed < REMOVALS_MAX {
            if self.log.entries.len() <= self.unwritten {
                break;
            }
            let Some(first) = self.log.entries.front() else { break };
            self.removal_ms = end_ms(first.accepted_at_ms, kept);
            if self.removal_ms <= now_ms {
                self.truncated = self.truncated.max(first.message_id);
                self.log.entries.pop_front();
                removed += 1;
            }
        }
        if self.log.entries.is_empty() {
            self.removal_ms = u64::MAX;
        }
        removed
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

    /// The entries in `(from, to]` that `user` may see, in order.
    pub(super) fn visible(
        &self,
        user: UserId,
        from: MessageId,
        to: MessageId,
    ) -> impl Iterator<Item = &Arc<Entry>> {
        let stretches = self.state.visible_stretches(user, from.max(self.truncated));
        stretches.into_iter().flat_map(move |(first, last)| self.log.range(first, last.min(to)))
    }

    /// The place above which the log has the newest `count` entries that `user` may see.
    pub(super) fn below_newest(&self, user: UserId, count: u64) -> MessageId {
        let visible = self.log.entries.iter().rev().map(|entry| entry.message_id);
        let mut visible = visible.filter(|message_id| self.state.is_visible(user, *message_id));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        visible.nth(count).unwrap_or_default()
    }
}

/// Entries in the order of their ids. Where ids are places of the log there are no holes, and an
/// entry is found by counting; else by halving.
#[derive(Debug, Clone, Default)]
pub(super) struct Log {
    entries: VecDeque<Arc<Entry>>,
}

impl Log {
    pub(super) fn iter(&self) -> impl Iterator<Item = &Arc<Entry>> {
        self.entries.iter()
    }

    pub(super) fn get(&self, message_id: MessageId) -> Option<&Arc<Entry>> {
        let entry = self.entries.get(self.lower_bound(message_id))?;
        (entry.message_id == message_id).then_some(entry)
    }

    pub(super) fn remove(&mut self, message_id: MessageId) {
        let index = self.lower_bound(message_id);
        if self.entries.get(index).is_some_and(|entry| entry.message_id == message_id) {
            self.entries.remove(index);
        }
    }

    /// Both ends included.
    pub(super) fn range(
        &self,
        first: MessageId,
        last: MessageId,
    ) -> impl Iterator<Item = &Arc<Entry>> + use<'_> {
        let entries = self.entries.range(self.lower_bound(first)..);
        entries.take_while(move |entry| entry.message_id <= last)
    }

    /// Tells when the first entry was accepted.
    fn insert(&mut self, entry: Arc<Entry>) -> u64 {
        if self.entries.back().is_none_or(|last| last.message_id < entry.message_id) {
            let accepted_at_ms = entry.accepted_at_ms;
            self.entries.push_back(entry);
            return accepted_at_ms;
        }
        let index = self.lower_bound(entry.message_id);
        match self.entries.get_mut(index).filter(|known| known.message_id == entry.message_id) {
            Some(known) => *known = entry,
            None => self.entries.insert(index, entry),
        }
        self.entries.front().map_or(0, |first| first.accepted_at_ms)
    }

    /// Where the first entry with this id or a higher one is.
    fn lower_bound(&self, message_id: MessageId) -> usize {
        let (Some(first), Some(last)) = (self.entries.front(), self.entries.back()) else {
            return 0;
        };
        if message_id <= first.message_id {
            return 0;
        }
        if message_id > last.message_id {
            return self.entries.len();
        }
        let counted = usize::try_from(message_id.0 - first.message_id.0).unwrap_or(usize::MAX);
        match self.entries.get(counted).filter(|entry| entry.message_id == message_id) {
            Some(_) => counted,
            None => self.entries.partition_point(|entry| entry.message_id < message_id),
        }
    }
}
