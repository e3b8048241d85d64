//! Reads of everything above a device's cursors.

use std::sync::Arc;

use super::StoreModel;
use crate::{
    design::Fanout,
    entry::Entry,
    frame::Range,
    ids::{ChannelId, MessageId, UserId},
    ports::store::{ChannelState, StoreAnswer, Sync},
};

impl StoreModel {
    pub(super) fn sync(&self, sync: &Sync) -> StoreAnswer {
        let Sync { user, device, .. } = *sync;
        if !self.is_live(user, device) {
            return StoreAnswer::UnknownDevice;
        }
        let mut ranges = Vec::new();
        let mut budget = sync.entries_max as usize;
        for channel in self.channels_of.get(&user).into_iter().flatten() {
            let from = self.start(sync, *channel);
            let state = &self.channels[channel];
            let head = state.visible_head(user);
            if from >= head {
                continue;
            }
            if budget == 0 {
                return StoreAnswer::Page { ranges, more: true };
            }
            let entries = self.read(user, state, *channel, from, budget);
            budget -= entries.len();
            let last = entries.last().map_or(from, |entry| entry.message_id);
            let whole = state.visible_above(user, last).next().is_none();
            let to = if whole { head } else { last };
            let membership = state.membership(user);
            ranges.push(Range {
                channel: *channel,
                membership,
                from,
                to,
                entries,
                truncated: MessageId::ZERO,
            });
        }
        StoreAnswer::Page { ranges, more: false }.when_full(budget)
    }

    /// Where a read of this channel begins: what the device says, else what is written for it.
    fn start(&self, sync: &Sync, channel: ChannelId) -> MessageId {
        let written = || self.cursors.get(&(sync.device, channel)).copied();
        sync.cursors.get(&channel).copied().or_else(written).unwrap_or_default()
    }

    /// Reads the user's inbox, or the log where the inbox has been pruned or is not kept.
    fn read(
        &self,
        user: UserId,
        state: &ChannelState,
        channel: ChannelId,
        from: MessageId,
        limit: usize,
    ) -> Vec<Arc<Entry>> {
        let entry = |message_id| self.log[&(channel, message_id)].clone();
        let inbox = self.inboxes.get(&(user, channel));
        match inbox.filter(|inbox| from >= inbox.floor) {
            Some(inbox) if self.rules.fanout == Fanout::Inbox => {
                inbox.above(from).take(limit).map(entry).collect()
            }
            _ => state.visible_above(user, from).take(limit).map(entry).collect(),
        }
    }
}

impl StoreAnswer {
    /// A page that ran into its limit within its last channel has more behind it.
    fn when_full(self, budget: usize) -> Self {
        match self {
            Self::Page { ranges, .. } => {
                Self::Page { more: budget == 0 && !ranges.is_empty(), ranges }
            }
            other => other,
        }
    }
}
