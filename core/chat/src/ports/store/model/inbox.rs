//! Inboxes, and the cursors that empty them.

use std::collections::VecDeque;

use super::StoreModel;
use crate::{
    ids::{ChannelId, MessageId, UserId},
    ports::store::{CursorReport, StoreAnswer},
};

/// A user's copies of one channel's entries, as the places that they are copies of.
#[derive(Debug, Clone, Default)]
pub(super) struct Inbox {
    /// Copies up to here are gone.
    pub(super) floor: MessageId,
    pub(super) rows: VecDeque<MessageId>,
}

impl Inbox {
    pub(super) fn add(&mut self, message_id: MessageId, rows_max: u32) {
        self.rows.push_back(message_id);
        while self.rows.len() > rows_max as usize
            && let Some(oldest) = self.rows.pop_front()
        {
            self.floor = self.floor.max(oldest);
        }
    }

    pub(super) fn remove_to(&mut self, place: MessageId) {
        self.floor = self.floor.max(place);
        let gone = self.rows.partition_point(|row| *row <= place);
        self.rows.drain(..gone);
    }

    pub(super) fn above(&self, from: MessageId) -> impl Iterator<Item = MessageId> + '_ {
        self.rows.range(self.rows.partition_point(|row| *row <= from)..).copied()
    }
}

impl StoreModel {
    pub(super) fn write_cursors(&mut self, reports: &[CursorReport]) -> StoreAnswer {
        for report in reports {
            let CursorReport { user, device, channel, message_id } = *report;
            let head = self.channels.get(&channel).map(|state| state.visible_head(user));
            if !self.is_live(user, device) || head.is_none_or(|head| message_id > head) {
                continue;
            }
            let cursor = self.cursors.entry((device, channel)).or_default();
            *cursor = (*cursor).max(message_id);
            self.prune_inbox(user, channel);
        }
        StoreAnswer::Done
    }

    /// Removes the inbox rows that every live device of the user has passed.
    pub(super) fn prune_inbox(&mut self, user: UserId, channel: ChannelId) {
        let devices = self.devices_of.get(&user).into_iter().flatten();
        let live = devices.filter(|device| self.devices[device].live);
        let passed = live
            .map(|device| self.cursors.get(&(*device, channel)).copied().unwrap_or_default())
            .min()
            .unwrap_or_default();
        self.inboxes.entry((user, channel)).or_default().remove_to(passed);
    }
}
