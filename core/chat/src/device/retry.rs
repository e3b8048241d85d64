//! What a device does with sends that nobody answered, by the design's `retry`. Changes of membership
//! are asked for again under their number in any case.

use super::{Device, outbox::Window};
use crate::{
    design::Retry,
    ids::{ChannelId, ClientId, MessageId},
    time::{Monotonic, Now},
};

impl Device {
    /// No answer came in time, or the device was told to come again.
    pub(super) fn retry(&mut self, now: Now, channel: ChannelId) {
        match self.design.retry {
            Retry::Numbered => {
                if planted!(self.design, NewNumberOnRetry) {
                    self.renumber(channel);
                }
                self.windows.insert(channel, Window::default());
            }
            Retry::Blind => {
                self.renumber(channel);
                self.windows.insert(channel, Window::default());
            }
            Retry::None => {
                self.give_up_sent(channel, |sent_at, limit| sent_at.after(limit) <= now.monotonic);
                let window = self.windows.entry(channel).or_default();
                (window.paused, window.change_sent) = (false, false);
            }
        }
        self.pump(now, channel);
    }

    /// A new connection: nothing was sent on it.
    pub(super) fn retry_pending(&mut self, channel: ChannelId) {
        if self.design.retry == Retry::Blind {
            self.renumber(channel);
        }
    }

    /// The connection is gone, and with it the answers to everything sent on it.
    pub(super) fn lose_unanswered(&mut self) {
        if self.design.retry == Retry::None {
            let channels: Vec<_> = self.windows.keys().copied().collect();
            channels.into_iter().for_each(|channel| self.give_up_sent(channel, |_, _| true));
        }
    }

    /// A device that starts again cannot know which of its sends went out.
    pub(super) fn doubt_restored(&mut self) {
        let rows = self.disk.channels.values_mut();
        rows.flat_map(|row| row.outbox.values_mut()).for_each(|send| send.may_be_stored = true);
        if self.design.retry == Retry::None {
            let channels: Vec<_> = self.disk.channels.keys().copied().collect();
            channels.into_iter().for_each(|channel| self.give_up_where(channel, |_| true));
        }
    }

    /// When the first of the sends that were sent and not answered is given up; `None` when there is
    /// none, or when they are repeated instead.
    pub(super) fn next_give_up(&mut self, channel: ChannelId) -> Option<Monotonic> {
        let row = self.disk.channels.get(&channel)?;
        let window = self.windows.get_mut(&channel)?;
        window.sent_at.retain(|key, _| row.outbox.contains_key(key));
        let first = window.sent_at.values().min()?;
        Some(first.after(self.design.retry_after))
    }

    /// Fresh numbers for everything that waits under the newest membership. What waits under an older
    /// one is settled under its numbers first, and will be refused.
    fn renumber(&mut self, channel: ChannelId) {
        let Some(row) = self.disk.channels.get(&channel) else { return };
        let membership = row.numbered;
        if row.outbox.keys().any(|key| key.0 == membership) {
            let first = row.next_client_id(membership);
            self.persist(super::DiskWrite::Renumber { channel, membership, first });
        }
    }

    /// Their outcome is unknown, and stays so.
    fn give_up_sent(
        &mut self,
        channel: ChannelId,
        is_due: impl Fn(Monotonic, std::time::Duration) -> bool,
    ) {
        let Some(window) = self.windows.get_mut(&channel) else { return };
        let limit = self.design.retry_after;
        let sent = window.sent_at.iter().filter(|(_, sent_at)| is_due(**sent_at, limit));
        let due: Vec<(MessageId, ClientId)> = sent.map(|(key, _)| *key).collect();
        due.iter().for_each(|key| {
            window.sent_at.remove(key);
        });
        self.give_up_where(channel, |key| due.contains(&key));
    }
}
