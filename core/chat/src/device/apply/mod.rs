//! Entries on a device: how they come, and what follows once they are applied. When an entry may be
//! applied depends on what ids are; there is a file for each rule.

mod by_id;
mod global;
mod sequence;

use std::sync::Arc;

use super::{DeliveryPath, Device, DeviceEvent, DeviceTimer};
use crate::{
    cursor_rule::CursorRule,
    entry::{Content, Entry},
    frame::{ClientFrame, Cursors, Range},
    ids::{ChannelId, MessageId},
    situation::Situation,
    time::Now,
};

/// A report goes out at once when so many entries wait for it, long before the server's bound.
const REPORT_ENTRIES: u32 = 64;

impl Device {
    /// A live delivery.
    pub(super) fn receive_entry(&mut self, now: Now, entry: Arc<Entry>) {
        let path = DeliveryPath::Hint;
        self.event(DeviceEvent::Received { entry: entry.clone(), path });
        if self.has(&entry) {
            self.situations.mark(Situation::MessageKnownAlready);
        }
        match self.rule {
            CursorRule::Sequence => self.take_next(now, entry),
            CursorRule::ById => self.take_ahead(now, entry, path),
            CursorRule::Global => self.take_newest(now, entry, path),
        }
    }

    /// The device's own message, which its acceptance stands for.
    pub(super) fn apply_accepted(&mut self, now: Now, entry: Arc<Entry>, membership: MessageId) {
        let path = DeliveryPath::Accepted;
        let is_next = match self.rule {
            CursorRule::Sequence if planted!(self.design, OwnOverHole) => {
                self.cursor(entry.channel).unwrap_or_default() < entry.message_id
            }
            CursorRule::Sequence => self.is_next(&entry),
            CursorRule::ById => !self.knows(&entry),
            // Else it would move the one number past what is still to be read.
            CursorRule::Global => self.link.is_caught_up() && !self.knows(&entry),
        };
        if !is_next {
            return;
        }
        self.event(DeviceEvent::Received { entry: entry.clone(), path });
        match self.rule {
            CursorRule::Sequence => self.apply(now, &[entry], None, Some(membership), path),
            CursorRule::ById => self.take_ahead(now, entry, path),
            CursorRule::Global => self.take_newest(now, entry, path),
        }
    }

    pub(super) fn receive_page(&mut self, now: Now, ranges: Vec<Range>, more: bool) {
        self.link.page_came(more);
        for entry in ranges.iter().flat_map(|range| &range.entries) {
            let path = DeliveryPath::Sync;
            self.event(DeviceEvent::Received { entry: entry.clone(), path });
        }
        let fits = match self.rule {
            CursorRule::Sequence => self.take_ranges(now, ranges),
            CursorRule::ById => self.gather_ranges(now, ranges),
            CursorRule::Global => {
                self.gather_newest(now, ranges);
                true
            }
        };
        if !fits {
            self.ask_sync();
        } else if more {
            // A server with small bounds reads on only when it knows what has arrived.
            self.report();
        } else {
            self.sync_done();
        }
    }

    /// Entries and cursor are stored: what follows from them. An entry that was known already is
    /// not among them.
    fn applied(&mut self, now: Now, entries: &[Arc<Entry>], path: DeliveryPath) {
        for entry in entries {
            self.event(DeviceEvent::Applied { entry: entry.clone(), path });
            self.meet_own(now, entry, path);
        }
    }

    /// What lies between the device's place and the range was kept for as long as the design says.
    fn tell_truncated(&mut self, range: &Range, from: MessageId) {
        if range.truncated > from {
            let (channel, to) = (range.channel, range.truncated);
            self.situations.mark(Situation::Truncated);
            self.event(DeviceEvent::Truncated { channel, from, to });
        }
    }

    /// The cursor moved: report it soon. It is reported too when known entries came again, since
    /// the server counts every entry that it sent until a report passes it.
    fn moved(&mut self, now: Now, channel: ChannelId, cursor: MessageId, count: usize) {
        self.unreported.insert(channel, cursor);
        self.unconfirmed.insert(channel, cursor);
        let count = u32::try_from(count.max(1)).unwrap_or(u32::MAX);
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

    /// Where the device stands, as its server and the store need it to read what it is missing.
    pub(super) fn place(&self) -> (Cursors, MessageId) {
        match self.rule {
            CursorRule::Sequence | CursorRule::ById => (self.disk.cursors(), MessageId::ZERO),
            CursorRule::Global => (Cursors::new(), self.disk.newest),
        }
    }

    fn ask_sync(&mut self) {
        if self.link.wants_page() {
            let (cursors, newest) = self.place();
            self.frame(ClientFrame::Sync { cursors, newest });
        }
    }

    fn has(&self, entry: &Entry) -> bool {
        match self.rule {
            CursorRule::Sequence => {
                entry.message_id <= self.cursor(entry.channel).unwrap_or_default()
            }
            CursorRule::ById | CursorRule::Global => self.knows(entry),
        }
    }

    fn cursor(&self, channel: ChannelId) -> Option<MessageId> {
        self.disk.channels.get(&channel)?.cursor
    }

    fn membership(&self, channel: ChannelId) -> Option<MessageId> {
        let known = self.disk.channels.get(&channel).and_then(|row| row.membership);
        known.or_else(|| channel.pair().map(|_| MessageId::ZERO))
    }

    /// The user's own membership after this entry; `None` when the entry does not touch it.
    fn own_membership(&self, entry: &Entry) -> Option<Option<MessageId>> {
        match &entry.content {
            Content::Created(users) | Content::Invited(users) if users.contains(&self.user) => {
                Some(Some(entry.message_id))
            }
            Content::Joined if entry.user == self.user => Some(Some(entry.message_id)),
            Content::Left if entry.user == self.user => Some(None),
            Content::Removed(user) if *user == self.user => Some(None),
            _ => None,
        }
    }
}
