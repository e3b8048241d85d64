//! Cursors that devices report, and the inbox rows and owed pushes that they settle.

use super::StoreModel;
use crate::{
    design::Fanout,
    ids::{ChannelId, MessageId, UserId},
    ports::{
        push::Settlement,
        store::{CursorReport, StoreAnswer},
    },
    time::Wall,
};

impl StoreModel {
    /// Cursors only rise, and not above what the user may see.
    pub(super) fn write_cursors(&mut self, wall: Wall, reports: &[CursorReport]) -> StoreAnswer {
        for report in reports {
            let CursorReport { user, device, channel, message_id } = *report;
            if !self.renew(wall, user, device) {
                continue;
            }
            let inbox = self.users.get(&user).and_then(|row| row.channels.get(&channel));
            let head = inbox.map(|inbox| self.head(user, channel, inbox));
            if head.is_none_or(|head| message_id > head) {
                continue;
            }
            if let Some(row) = self.devices.get_mut(&device) {
                let row = row.channels.entry(channel).or_default();
                row.cursor = row.cursor.max(message_id);
                self.counts.write_cursor();
            }
            if !self.due.is_empty() && !planted!(self.rules, PushNotCancelled) {
                self.settle(user, channel, Settlement::Passed(message_id));
            }
            if planted!(self.rules, PushCancelledByOthers) {
                let log = self.channels.get(&channel).into_iter();
                let members: Vec<UserId> = log.flat_map(|row| row.state.members()).collect();
                for member in members {
                    self.settle(member, channel, Settlement::Passed(message_id));
                }
            }
            self.prune_inbox(wall, user, channel);
        }
        StoreAnswer::Done
    }

    /// Removes the inbox rows that every live device of the user has passed.
    pub(super) fn prune_inbox(&mut self, wall: Wall, user: UserId, channel: ChannelId) {
        let Some(row) = self.users.get(&user) else { return };
        let mut devices = row.devices.iter().map(|device| &self.devices[device]);
        if devices.any(|device| device.is_expired(wall, &self.rules)) {
            self.expire_devices(wall, user);
        }
        self.empty_inbox(user, channel);
    }

    pub(super) fn empty_inbox(&mut self, user: UserId, channel: ChannelId) {
        if self.rules.fanout != Fanout::Inbox {
            return;
        }
        let Some(row) = self.users.get_mut(&user) else { return };
        let cursors = row.devices.iter().map(|device| self.devices[device].cursor(channel));
        let passed = cursors.min().unwrap_or(MessageId::ZERO);
        if let Some(inbox) = row.channels.get_mut(&channel) {
            inbox.remove_to(passed);
        }
    }
}
