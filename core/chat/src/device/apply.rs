//! Entries on a device: applied in order and without holes, then confirmed.

use std::sync::Arc;

use super::{DeliveryPath, Device, DeviceEvent, DeviceTimer, DiskWrite};
use crate::{
    entry::{Content, Entry},
    frame::{ClientFrame, Cursors, Range},
    ids::{ChannelId, MessageId},
    time::Now,
};

/// A report goes out at once when so many entries wait for it, long before the server's bound.
const REPORT_ENTRIES: u32 = 64;

impl Device {
    /// A live delivery: the next entry, one that is known, or one behind a hole.
    pub(super) fn receive_entry(&mut self, now: Now, entry: Arc<Entry>) {
        let path = DeliveryPath::Hint;
        self.event(DeviceEvent::Received { entry: entry.clone(), path });
        let cursor = self.cursor(entry.channel).unwrap_or_default();
        if entry.message_id == cursor.next() {
            let membership = self.membership_after(self.membership(entry.channel), &entry);
            self.apply(now, &[entry], None, membership, path);
        } else if entry.message_id > cursor {
            self.ask_sync();
        } else {
            self.moved(now, entry.channel, cursor, 1);
        }
    }

    /// The server is sure that nothing lies between this device's cursor and its own accepted
    /// message; the device makes sure too.
    pub(super) fn apply_accepted(&mut self, now: Now, entry: Arc<Entry>, membership: MessageId) {
        let cursor = self.cursor(entry.channel).unwrap_or_default();
        if entry.message_id == cursor.next() {
            let path = DeliveryPath::Accepted;
            self.event(DeviceEvent::Received { entry: entry.clone(), path });
            self.apply(now, &[entry], None, Some(membership), path);
        }
    }

    pub(super) fn receive_page(&mut self, now: Now, ranges: Vec<Range>, more: bool) {
        self.link.forget_page();
        for range in ranges {
            for entry in &range.entries {
                let path = DeliveryPath::Sync;
                self.event(DeviceEvent::Received { entry: entry.clone(), path });
            }
            // A channel that the device does not know may begin anywhere: where it joined, or with
            // the newest history.
            let cursor = self.cursor(range.channel).unwrap_or(range.from);
            if range.from > cursor {
                return self.ask_sync();
            }
            let Range { channel, membership, to, entries, .. } = range;
            let (fresh, known): (Vec<_>, Vec<_>) =
                entries.into_iter().partition(|entry| entry.message_id > cursor);
            if !known.is_empty() {
                let count = u32::try_from(known.len()).unwrap_or(u32::MAX);
                self.moved(now, channel, cursor, count);
            }
            if to > cursor {
                self.apply_range(now, channel, &fresh, to, membership);
            }
        }
        if !more {
            self.sync_done();
        }
    }

    fn apply_range(
        &mut self,
        now: Now,
        channel: ChannelId,
        entries: &[Arc<Entry>],
        to: MessageId,
        membership: Option<MessageId>,
    ) {
        if entries.is_empty() {
            let entries = Vec::new();
            self.persist(DiskWrite::Apply { channel, entries, cursor: to, membership });
            self.moved(now, channel, to, 1);
        } else {
            self.apply(now, entries, Some(to), membership, DeliveryPath::Sync);
        }
    }

    /// Entries and cursor in one durable step, then everything that follows from them.
    fn apply(
        &mut self,
        now: Now,
        entries: &[Arc<Entry>],
        to: Option<MessageId>,
        membership: Option<MessageId>,
        path: DeliveryPath,
    ) {
        let Some(last) = entries.last() else { return };
        let (channel, cursor) = (last.channel, to.unwrap_or(last.message_id));
        let rows = entries.iter().map(|entry| (entry.message_id, entry.body_hash())).collect();
        self.persist(DiskWrite::Apply { channel, entries: rows, cursor, membership });
        for entry in entries {
            self.event(DeviceEvent::Applied { entry: entry.clone(), path });
            self.meet_own(now, entry);
        }
        let count = u32::try_from(entries.len()).unwrap_or(u32::MAX);
        self.moved(now, channel, cursor, count);
    }

    /// The cursor moved: report it soon. It is reported too when known entries came again, since
    /// the server counts every entry that it sent until a report passes it.
    fn moved(&mut self, now: Now, channel: ChannelId, cursor: MessageId, count: u32) {
        self.unreported.insert(channel, cursor);
        self.unconfirmed.insert(channel, cursor);
        self.applied_since_report = self.applied_since_report.saturating_add(count);
        if self.applied_since_report >= REPORT_ENTRIES.min(self.design.page_entries_max) {
            self.report();
        } else {
            let report = now.monotonic.after(self.design.cursor_interval);
            self.timers.set_once(DeviceTimer::Report, report);
        }
    }

    pub(super) fn report(&mut self) {
        self.timers.clear(DeviceTimer::Report);
        if self.link.is_attached() && !self.unreported.is_empty() {
            self.applied_since_report = 0;
            let cursors = std::mem::take(&mut self.unreported);
            self.frame(ClientFrame::Cursor { cursors });
        }
    }

    pub(super) fn confirmed(&mut self, cursors: Cursors) {
        for (channel, message_id) in cursors {
            if self.unconfirmed.get(&channel).is_some_and(|cursor| *cursor <= message_id) {
                self.unconfirmed.remove(&channel);
                self.event(DeviceEvent::Confirmed { channel, message_id });
            }
        }
    }

    fn ask_sync(&mut self) {
        if self.link.wants_page() {
            let cursors = self.disk.cursors();
            self.frame(ClientFrame::Sync { cursors, newest: MessageId::ZERO });
        }
    }

    fn cursor(&self, channel: ChannelId) -> Option<MessageId> {
        self.disk.channels.get(&channel)?.cursor
    }

    fn membership(&self, channel: ChannelId) -> Option<MessageId> {
        let known = self.disk.channels.get(&channel).and_then(|row| row.membership);
        known.or_else(|| channel.pair().map(|_| MessageId::ZERO))
    }

    /// What a live delivery does to this user's own membership.
    fn membership_after(&self, before: Option<MessageId>, entry: &Entry) -> Option<MessageId> {
        match &entry.content {
            Content::Created(users) | Content::Invited(users) if users.contains(&self.user) => {
                Some(entry.message_id)
            }
            Content::Joined if entry.user == self.user => Some(entry.message_id),
            Content::Left if entry.user == self.user => None,
            Content::Removed(user) if *user == self.user => None,
            _ => before,
        }
    }
}
