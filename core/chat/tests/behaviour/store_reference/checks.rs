//! What both stores have to agree on: what a device reads, and what is kept.

use std::sync::Arc;

use hubbub_chat::{
    ChannelId, DeviceId, Entry, MessageId, UserId,
    design::Fanout,
    frame::Cursors,
    ports::store::{StoreAnswer, StoreRequest, Sync},
};

use super::{both::Both, steps::USERS};
use crate::support::reference::visible;

impl Both {
    /// Reads page by page to the end; in one channel the device says where it stands.
    pub(super) fn read(
        &mut self,
        user: UserId,
        device: DeviceId,
        entries_max: u32,
        back: u64,
    ) -> String {
        let mut cursors = Cursors::new();
        if let Some(channel) = self.reference.channels().first() {
            let head = self.reference.log(*channel).len() as u64;
            cursors.insert(*channel, MessageId(head.saturating_sub(back)));
        }
        let named = cursors.clone();
        let mut got: Vec<Arc<Entry>> = Vec::new();
        let mut told_of_loss = false;
        for page in 0..1000 {
            let sync = Sync {
                newest: MessageId::ZERO,
                user,
                device,
                cursors: cursors.clone(),
                entries_max,
            };
            let (ranges, more) = match self.ask(StoreRequest::Sync(sync)) {
                StoreAnswer::Page { ranges, more } => (ranges, more),
                StoreAnswer::UnknownDevice => {
                    assert!(!self.reference.sign_of_life(user, device));
                    return "read refused".into();
                }
                other => panic!("{other:?}"),
            };
            let count: usize = ranges.iter().map(|range| range.entries.len()).sum();
            assert!(count <= entries_max as usize);
            assert!(!more || count == entries_max as usize, "a page that is not the last is full");
            for range in ranges {
                let start = cursors.get(&range.channel).copied();
                let start = start.unwrap_or_else(|| self.reference.cursor(device, range.channel));
                assert_eq!(range.from, start);
                assert_eq!(range.membership, self.reference.membership(user, range.channel));
                assert!(range.to > range.from);
                let truncated = self.reference.truncated(range.channel);
                let log = self.reference.log(range.channel);
                let gone = visible(&log, range.channel, user).into_iter();
                let gone = gone.filter(|place| *place > range.from && *place <= truncated).max();
                assert_eq!(range.truncated, gone.unwrap_or_default());
                told_of_loss |= gone.is_some();
                cursors.insert(range.channel, range.to);
                got.extend(range.entries);
            }
            if !more {
                self.check_read(user, device, &named, &got);
                return match (told_of_loss, page) {
                    (true, _) => "told of loss".into(),
                    (false, 0) => String::new(),
                    (false, _) => "read several pages".into(),
                };
            }
        }
        panic!("the pages do not end");
    }

    fn check_read(&mut self, user: UserId, device: DeviceId, named: &Cursors, got: &[Arc<Entry>]) {
        assert!(self.reference.sign_of_life(user, device));
        let mut expected = Vec::new();
        for channel in self.reference.channels() {
            let log = self.reference.log(channel);
            let start = named.get(&channel).copied();
            let start = start.unwrap_or_else(|| self.reference.cursor(device, channel));
            let start = start.max(self.reference.truncated(channel));
            let places = visible(&log, channel, user).into_iter().filter(|place| *place > start);
            expected.extend(places.map(|place| plain(&log[place.0 as usize - 1])));
        }
        let got: Vec<_> = got.iter().map(|entry| plain(entry)).collect();
        assert_eq!(got, expected);
    }

    pub(super) fn check(&mut self) {
        let mut swept = self.model.clone();
        swept.sweep(self.now);
        let entries = self.reference.entries.iter();
        let kept =
            entries.filter(|entry| entry.message_id > self.reference.truncated(entry.channel));
        let mut log: Vec<_> = kept.map(|entry| plain(entry)).collect();
        log.sort_unstable_by_key(|row| (row.0, row.1));
        let model: Vec<_> = swept.entries().map(|entry| plain(entry)).collect();
        assert_eq!(model, log);
        if self.swept {
            self.model = swept;
        }
        self.check_inboxes();
        for user in (1..=USERS).map(UserId) {
            let last = |channel: ChannelId| {
                let log = self.reference.log(channel);
                Some((channel, *visible(&log, channel, user).last()?))
            };
            let expected: Vec<_> = self.reference.channels().into_iter().filter_map(last).collect();
            assert_eq!(self.model.heads(&[user]), [(user, expected)]);
        }
    }

    /// What is removed only with the next access may still be there.
    fn check_inboxes(&self) {
        let rows = self.model.inbox_rows();
        let expected = match self.fanout {
            Fanout::Inbox => self.reference.inbox_rows(),
            Fanout::ChannelLog => 0,
            Fanout::SharedQueue => self.reference.queue_rows(),
        };
        assert!(rows >= expected);
        if self.swept {
            assert_eq!(rows, expected);
        }
        if self.fanout == Fanout::Inbox {
            assert!(rows <= 4 * 4 * USERS as usize, "four channels of four rows at most");
        }
    }
}

/// Everything of an entry but its time.
pub(super) fn plain(entry: &Entry) -> (ChannelId, MessageId, UserId, DeviceId, u64, String) {
    let Entry { channel, message_id, user, device, number, .. } = *entry;
    (channel, message_id, user, device, number, format!("{:?}", entry.content))
}
