//! Changes of membership that a device asks for: one at a time per channel, numbered and stored.

use super::{ChangeKey, Device, DeviceEvent, DiskWrite, LocalRefusal};
use crate::{
    frame::{Change, ChangeFrame, ChangeOutcome, ChangeRefusal, ClientFrame},
    ids::{ChannelId, OperationId},
    time::Now,
};

impl Device {
    pub(super) fn ask_change(&mut self, now: Now, channel: ChannelId, change: Change) {
        let row = self.disk.channels.entry(channel).or_default();
        let refused = match (self.link.is_ended(), &row.change) {
            (true, _) => Some(LocalRefusal::LoggedOut),
            (false, Some(_)) => Some(LocalRefusal::ChangePending),
            (false, None) => None,
        };
        if let Some(reason) = refused {
            return self.event(DeviceEvent::Refused { channel, body_hash: 0, reason });
        }
        let operation = OperationId(row.last_operation.0 + 1);
        self.persist(DiskWrite::QueueChange { channel, operation, change: change.clone() });
        self.event(DeviceEvent::ChangeInvoked(ChangeKey { channel, operation, change }));
        self.pump(now, channel);
    }

    pub(super) fn pump_change(&mut self, channel: ChannelId) {
        if !self.link.is_attached() {
            return;
        }
        let window = self.windows.entry(channel).or_default();
        let row = self.disk.channels.get(&channel);
        let Some((operation, change)) = row.and_then(|row| row.change.clone()) else { return };
        if !std::mem::replace(&mut window.change_sent, true) {
            self.frame(ClientFrame::Change(ChangeFrame { channel, operation, change }));
        }
    }

    pub(super) fn changed(
        &mut self,
        now: Now,
        channel: ChannelId,
        operation: OperationId,
        outcome: ChangeOutcome,
    ) {
        let row = self.disk.channels.get(&channel);
        let Some((pending, change)) = row.and_then(|row| row.change.clone()) else { return };
        if pending != operation {
            return;
        }
        match outcome {
            ChangeOutcome::Refused(ChangeRefusal::Busy | ChangeRefusal::Unavailable) => {
                self.put_off(now, channel);
            }
            ChangeOutcome::Refused(reason) => self.fail_change(channel, reason),
            ChangeOutcome::Accepted(message_id) => {
                self.settle_change(channel);
                let key = ChangeKey { channel, operation, change };
                self.event(DeviceEvent::ChangeAccepted(key, message_id));
            }
        }
    }

    fn settle_change(&mut self, channel: ChannelId) {
        self.persist(DiskWrite::SettleChange { channel });
        self.windows.entry(channel).or_default().change_sent = false;
    }

    fn put_off(&mut self, now: Now, channel: ChannelId) {
        let delay = self.random.up_to(self.design.retry_after);
        let again = now.monotonic.after(delay);
        self.timers.set(super::DeviceTimer::Retry(channel), again);
    }

    pub(super) fn fail_change(&mut self, channel: ChannelId, reason: ChangeRefusal) {
        let row = self.disk.channels.get(&channel);
        if let Some((operation, change)) = row.and_then(|row| row.change.clone()) {
            self.settle_change(channel);
            let key = ChangeKey { channel, operation, change };
            self.event(DeviceEvent::ChangeFailed(key, reason));
        }
    }
}
