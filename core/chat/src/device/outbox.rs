//! The sends of a device that are not settled: numbered, stored, sent in order, and sent again.

use std::sync::Arc;

use super::{
    Device, DeviceEvent, DeviceTimer, DiskWrite, LocalRefusal, SendKey, disk::Outgoing,
};
use crate::{
    entry::{Content, Entry, body_hash},
    frame::{ClientFrame, SendFrame, SendRefusal},
    ids::{ChannelId, ClientId, MessageId},
    time::Now,
};

/// Which sends of a channel are under way on this connection.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Window {
    /// The last one sent; `None` when the next is the oldest pending.
    pub(super) sent: Option<(MessageId, ClientId)>,
    /// Nothing is sent until the retry timer fires.
    pub(super) paused: bool,
    /// The pending change of membership was sent.
    pub(super) change_sent: bool,
}

impl Device {
    pub(super) fn send(&mut self, now: Now, channel: ChannelId, body: Arc<str>) {
        let hash = body_hash(&body);
        let membership = match self.take_on(channel, &body) {
            Ok(membership) => membership,
            Err(reason) => {
                return self.event(DeviceEvent::Refused { channel, body_hash: hash, reason });
            }
        };
        let row = self.disk.channels.entry(channel).or_default();
        let client_id = row.next_client_id(membership);
        self.persist(DiskWrite::Queue { channel, membership, client_id, body });
        let key = SendKey { channel, membership, client_id, body_hash: hash };
        self.event(DeviceEvent::Invoked(key));
        self.pump(now, channel);
    }

    /// The membership to send under, if the message can be taken on at all.
    fn take_on(&self, channel: ChannelId, body: &str) -> Result<MessageId, LocalRefusal> {
        if body.len() > self.design.message_bytes_max as usize {
            return Err(LocalRefusal::TooLarge);
        }
        let row = self.disk.channels.get(&channel);
        if row.is_some_and(|row| row.outbox.len() >= self.design.outbox_max as usize) {
            return Err(LocalRefusal::OutboxFull);
        }
        match channel.pair() {
            Some(pair) if pair.contains(&self.user) => Ok(MessageId::ZERO),
            Some(_) => Err(LocalRefusal::NotMember),
            None => row.and_then(|row| row.membership).ok_or(LocalRefusal::NotMember),
        }
    }

    /// Sends what the window has room for, in order.
    pub(super) fn pump(&mut self, now: Now, channel: ChannelId) {
        if !self.link.is_attached() {
            return;
        }
        self.pump_change(channel);
        let window = self.windows.entry(channel).or_default();
        let Some(row) = self.disk.channels.get_mut(&channel) else { return };
        if window.paused {
            return;
        }
        let inflight_max = self.design.inflight_max as usize;
        let mut frames = Vec::new();
        let oldest: Vec<_> = row.outbox.keys().copied().take(inflight_max).collect();
        for key in oldest {
            if window.sent.is_some_and(|sent| key <= sent) {
                continue;
            }
            window.sent = Some(key);
            let (membership, client_id) = key;
            let oldest_pending = row.oldest_pending(membership).unwrap_or(client_id);
            let Some(outgoing) = row.outbox.get_mut(&key) else { continue };
            outgoing.attempts += 1;
            let body = outgoing.body.clone();
            let send = outgoing.key(channel, membership, client_id);
            let frame = SendFrame { channel, membership, client_id, oldest_pending, body };
            frames.push((frame, send, outgoing.attempts));
        }
        for (frame, send, attempt) in frames {
            self.frame(ClientFrame::Send(frame));
            self.event(DeviceEvent::Attempted { send, attempt });
        }
        self.watch(now, channel);
    }

    /// Something pending is tried again when no answer comes.
    fn watch(&mut self, now: Now, channel: ChannelId) {
        let row = self.disk.channels.get(&channel);
        let pending = row.is_some_and(|row| !row.outbox.is_empty() || row.change.is_some());
        if pending {
            let again = self.random.around(self.design.retry_after);
            self.timers.set_once(DeviceTimer::Retry(channel), now.monotonic.after(again));
        } else {
            self.timers.clear(DeviceTimer::Retry(channel));
        }
    }

    /// Goes back to the oldest pending send and sends in order again.
    pub(super) fn retry(&mut self, now: Now, channel: ChannelId) {
        self.windows.insert(channel, Window::default());
        self.pump(now, channel);
    }

    pub(super) fn restart_windows(&mut self, now: Now) {
        self.windows.clear();
        let pending = |row: &super::disk::ChannelDisk| !row.outbox.is_empty() || row.change.is_some();
        let rows = self.disk.channels.iter();
        let channels: Vec<_> =
            rows.filter(|(_, row)| pending(row)).map(|(channel, _)| *channel).collect();
        for channel in channels {
            self.timers.clear(DeviceTimer::Retry(channel));
            self.pump(now, channel);
        }
    }

    pub(super) fn accepted(
        &mut self,
        now: Now,
        channel: ChannelId,
        membership: MessageId,
        client_id: ClientId,
        place: Option<(MessageId, u64)>,
    ) {
        let message_id = place.map(|(message_id, _)| message_id);
        let Some(outgoing) = self.settle(channel, membership, client_id) else { return };
        let send = outgoing.key(channel, membership, client_id);
        self.event(DeviceEvent::Accepted { send, message_id });
        if let Some((message_id, accepted_at_ms)) = place {
            let entry = Entry {
                channel,
                message_id,
                user: self.user,
                device: self.device,
                number: client_id.0,
                accepted_at_ms,
                content: Content::Text(outgoing.body),
            };
            self.apply_accepted(now, Arc::new(entry), membership);
        }
        if !self.windows.get(&channel).is_some_and(|window| window.paused) {
            self.timers.clear(DeviceTimer::Retry(channel));
        }
        self.pump(now, channel);
    }

    pub(super) fn refused(
        &mut self,
        now: Now,
        channel: ChannelId,
        membership: MessageId,
        client_id: ClientId,
        reason: SendRefusal,
    ) {
        match reason {
            SendRefusal::Gap { .. } => self.retry(now, channel),
            SendRefusal::Busy | SendRefusal::Unavailable => self.pause(now, channel),
            SendRefusal::NotMember => {
                self.fail_where(channel, reason, |(under, _)| under == membership);
                self.pump(now, channel);
            }
            SendRefusal::ClientIdReused | SendRefusal::TooOld | SendRefusal::TooLarge { .. } => {
                self.fail_where(channel, reason, |key| key == (membership, client_id));
                self.pump(now, channel);
            }
            SendRefusal::UnknownDevice => self.fail_all(),
        }
    }

    fn pause(&mut self, now: Now, channel: ChannelId) {
        let window = self.windows.entry(channel).or_default();
        if !window.paused {
            window.paused = true;
            let delay = self.random.up_to(self.design.retry_after);
            self.timers.set(DeviceTimer::Retry(channel), now.monotonic.after(delay));
        }
    }

    /// The device met an entry in a delivery: if it is its own pending send, that is accepted.
    pub(super) fn meet_own(&mut self, now: Now, entry: &Entry) {
        if entry.device != self.device || !entry.content.is_text() {
            return;
        }
        let Some(row) = self.disk.channels.get(&entry.channel) else { return };
        let (number, hash) = (ClientId(entry.number), entry.body_hash());
        let own = |(key, outgoing): (&(MessageId, ClientId), &Outgoing)| {
            (key.1 == number && outgoing.body_hash == hash).then_some(key.0)
        };
        let Some(membership) = row.outbox.iter().find_map(own) else { return };
        if let Some(outgoing) = self.settle(entry.channel, membership, number) {
            let send = outgoing.key(entry.channel, membership, number);
            let message_id = Some(entry.message_id);
            self.event(DeviceEvent::Accepted { send, message_id });
            self.pump(now, entry.channel);
        }
    }

    fn settle(
        &mut self,
        channel: ChannelId,
        membership: MessageId,
        client_id: ClientId,
    ) -> Option<Outgoing> {
        let row = self.disk.channels.get(&channel)?;
        let outgoing = row.outbox.get(&(membership, client_id))?.clone();
        self.persist(DiskWrite::Settle { channel, membership, client_id });
        Some(outgoing)
    }

    fn fail_where(
        &mut self,
        channel: ChannelId,
        reason: SendRefusal,
        which: impl Fn((MessageId, ClientId)) -> bool,
    ) {
        let Some(row) = self.disk.channels.get(&channel) else { return };
        let failed: Vec<_> = row.outbox.keys().copied().filter(|key| which(*key)).collect();
        for (membership, client_id) in failed {
            if let Some(outgoing) = self.settle(channel, membership, client_id) {
                let send = outgoing.key(channel, membership, client_id);
                self.event(DeviceEvent::Failed { send, reason });
            }
        }
    }

    /// The device was logged out: nothing of it will be accepted any more.
    pub(super) fn fail_all(&mut self) {
        let channels: Vec<_> = self.disk.channels.keys().copied().collect();
        for channel in channels {
            self.fail_where(channel, SendRefusal::UnknownDevice, |_| true);
            self.fail_change(channel, crate::frame::ChangeRefusal::UnknownDevice);
        }
    }
}

impl Outgoing {
    fn key(&self, channel: ChannelId, membership: MessageId, client_id: ClientId) -> SendKey {
        SendKey { channel, membership, client_id, body_hash: self.body_hash }
    }
}
