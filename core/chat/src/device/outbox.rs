//! The sends of a device that are not settled: numbered, stored, sent in order, and sent again.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    DeliveryPath, Device, DeviceEvent, DeviceTimer, DiskWrite, LocalRefusal, SendKey,
    disk::Outgoing,
};
use crate::{
    design::Retry,
    entry::{Content, Entry, body_hash},
    frame::{ClientFrame, SendFrame, SendRefusal},
    ids::{ChannelId, ClientId, MessageId},
    situation::Situation,
    time::{Monotonic, Now},
};

/// Which sends of a channel are under way on this connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Window {
    /// The last one sent; `None` when the next is the oldest pending.
    pub(super) sent: Option<(MessageId, ClientId)>,
    /// Nothing is sent until the retry timer fires.
    pub(super) paused: bool,
    /// The device went back because of a gap, and nothing was accepted since: refusals of what it
    /// sent before that are still on their way.
    pub(super) gone_back: bool,
    /// The pending change of membership was sent.
    pub(super) change_sent: bool,
    /// When each was sent, with `retry = none`: it is given up some time later.
    pub(super) sent_at: BTreeMap<(MessageId, ClientId), Monotonic>,
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
        if self.link.is_ended() {
            return Err(LocalRefusal::LoggedOut);
        }
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
        let Some(first) = row.outbox.keys().next().copied() else {
            return self.watch(now, channel);
        };
        // The store remembers `inflight_max` answers, and those of one membership. A send further
        // ahead, or under a newer one, would make it forget the answer that the first may still
        // need, and the first would be refused although it is in the log.
        let inflight_max = u64::from(self.design.inflight_max);
        let in_window = |(membership, client_id): &(MessageId, ClientId)| {
            *membership == first.0 && client_id.0 - first.1.0 < inflight_max
        };
        let mut frames = Vec::new();
        let keys: Vec<_> = row.outbox.keys().copied().take_while(in_window).collect();
        for key in keys {
            if window.sent.is_some_and(|sent| key <= sent) {
                continue;
            }
            window.sent = Some(key);
            if self.design.retry == Retry::None {
                window.sent_at.insert(key, now.monotonic);
            }
            let (membership, client_id) = key;
            let Some(outgoing) = row.outbox.get_mut(&key) else { continue };
            outgoing.attempts += 1;
            outgoing.may_be_stored = true;
            let body = outgoing.body.clone();
            let send = outgoing.key(channel, membership);
            let oldest_pending = first.1;
            let frame = SendFrame { channel, membership, client_id, oldest_pending, body };
            frames.push((frame, send, outgoing.attempts));
        }
        for (frame, send, attempt) in frames {
            self.frame(ClientFrame::Send(frame));
            self.event(DeviceEvent::Attempted { send, attempt });
        }
        self.watch(now, channel);
    }

    /// Something pending is tried again, or given up, when no answer comes.
    fn watch(&mut self, now: Now, channel: ChannelId) {
        let row = self.disk.channels.get(&channel);
        let pending = row.is_some_and(|row| !row.outbox.is_empty() || row.change.is_some());
        if let Some(due) = self.next_give_up(channel) {
            self.timers.set(DeviceTimer::Retry(channel), due);
        } else if pending {
            let again = self.random.around(self.design.retry_after);
            self.timers.set_once(DeviceTimer::Retry(channel), now.monotonic.after(again));
        } else {
            self.timers.clear(DeviceTimer::Retry(channel));
        }
    }

    pub(super) fn restart_windows(&mut self, now: Now) {
        self.windows.clear();
        let pending =
            |row: &super::disk::ChannelDisk| !row.outbox.is_empty() || row.change.is_some();
        let rows = self.disk.channels.iter();
        let channels: Vec<_> =
            rows.filter(|(_, row)| pending(row)).map(|(channel, _)| *channel).collect();
        for channel in channels {
            self.timers.clear(DeviceTimer::Retry(channel));
            self.retry_pending(channel);
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
        let row = self.disk.channels.get(&channel);
        let client_id = match row.and_then(|row| row.outbox.keys().next()) {
            Some((_, oldest)) if planted!(self.design, AnswerForOldest) => *oldest,
            _ => client_id,
        };
        let message_id = place.map(|(message_id, _)| message_id);
        let Some(outgoing) = self.settle(channel, membership, client_id) else { return };
        let send = outgoing.key(channel, membership);
        self.event(DeviceEvent::Accepted { send, message_id });
        self.windows.entry(channel).or_default().gone_back = false;
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
        let this = |key: (MessageId, ClientId)| key == (membership, client_id);
        match reason {
            SendRefusal::Unavailable if self.design.retry == Retry::None => {
                self.give_up_where(channel, this);
                self.pump(now, channel);
            }
            SendRefusal::Unavailable if planted!(self.design, UnknownToldAsFailed) => {
                self.fail_where(channel, reason, this);
                self.pump(now, channel);
            }
            SendRefusal::Gap { .. } | SendRefusal::Busy if self.design.retry == Retry::None => {
                self.fail_where(channel, reason, this);
                self.pump(now, channel);
            }
            SendRefusal::Gap { .. } => self.go_back(now, channel),
            SendRefusal::Busy | SendRefusal::Unavailable => self.pause(now, channel),
            SendRefusal::NotMember if self.design.retry == Retry::Numbered => {
                // The ones before it may be in the log with their answers lost: each gets its own.
                // Those behind it can only be there together with it.
                let lost = |key: (MessageId, ClientId)| key.0 == membership && key.1 >= client_id;
                self.fail_where(channel, reason, lost);
                self.pump(now, channel);
            }
            SendRefusal::NotMember | SendRefusal::ClientIdReused | SendRefusal::TooLarge { .. } => {
                self.fail_where(channel, reason, this);
                self.pump(now, channel);
            }
            // What the store does not remember any more it may have stored.
            SendRefusal::TooOld => {
                self.give_up_where(channel, this);
                self.pump(now, channel);
            }
            SendRefusal::UnknownDevice => self.settle_all(),
        }
    }

    /// A whole window behind a gap is refused, one by one. Only the first refusal leads back, else
    /// each would send the window again; and none does while the device was told to wait.
    fn go_back(&mut self, now: Now, channel: ChannelId) {
        let window = self.windows.entry(channel).or_default();
        if !window.paused && !std::mem::replace(&mut window.gone_back, true) {
            window.sent = None;
            self.situations.mark(Situation::WentBack);
            self.pump(now, channel);
        }
    }

    fn pause(&mut self, now: Now, channel: ChannelId) {
        let window = self.windows.entry(channel).or_default();
        if !window.paused {
            window.paused = true;
            let delay = self.random.up_to(self.design.retry_after);
            if planted!(self.design, PausedForEver) {
                return self.timers.clear(DeviceTimer::Retry(channel));
            }
            self.timers.set(DeviceTimer::Retry(channel), now.monotonic.after(delay));
        }
    }

    /// The device met an entry in a delivery: if it is its own pending send, that is accepted.
    pub(super) fn meet_own(&mut self, now: Now, entry: &Entry, path: DeliveryPath) {
        if entry.device != self.device || !entry.content.is_text() {
            return;
        }
        let Some(row) = self.disk.channels.get(&entry.channel) else { return };
        let (number, hash) = (ClientId(entry.number), entry.body_hash());
        // An entry lies above the entry that its author's membership began with, and belongs to the
        // newest such membership: the same number and body may wait under another one.
        let own = |(key, outgoing): (&(MessageId, ClientId), &Outgoing)| {
            let under = key.0 < entry.message_id;
            (under && key.1 == number && outgoing.body_hash == hash).then_some(key.0)
        };
        let Some(membership) = row.outbox.iter().rev().find_map(own) else { return };
        if let Some(outgoing) = self.settle(entry.channel, membership, number) {
            match path {
                DeliveryPath::Hint => self.situations.mark(Situation::HintBeforeAnswer),
                DeliveryPath::Sync => self.situations.mark(Situation::AcceptedBySync),
                DeliveryPath::Accepted => {}
            }
            let send = outgoing.key(entry.channel, membership);
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

    /// They were refused for good. What went out under another number before (`retry = blind`) may
    /// be stored all the same.
    fn fail_where(
        &mut self,
        channel: ChannelId,
        reason: SendRefusal,
        which: impl Fn((MessageId, ClientId)) -> bool,
    ) {
        self.settle_where(channel, which, |send, client_id, _| {
            if send.client_id == client_id {
                DeviceEvent::Failed { send, reason }
            } else {
                DeviceEvent::GivenUp { send }
            }
        });
    }

    /// Their outcome is unknown, and stays so.
    pub(super) fn give_up_where(
        &mut self,
        channel: ChannelId,
        which: impl Fn((MessageId, ClientId)) -> bool,
    ) {
        self.settle_where(channel, which, |send, _, _| DeviceEvent::GivenUp { send });
    }

    /// The device was logged out: nothing of it will be accepted any more, and the store has
    /// forgotten what it accepted.
    pub(super) fn settle_all(&mut self) {
        let channels: Vec<_> = self.disk.channels.keys().copied().collect();
        for channel in channels {
            self.settle_where(
                channel,
                |_| true,
                |send, _, outgoing| {
                    let reason = SendRefusal::UnknownDevice;
                    match outgoing.may_be_stored {
                        true => DeviceEvent::GivenUp { send },
                        false => DeviceEvent::Failed { send, reason },
                    }
                },
            );
            self.fail_change(channel, crate::frame::ChangeRefusal::UnknownDevice);
        }
    }

    /// They wait no longer; `outcome` gets the send by its first number, its last number and itself.
    fn settle_where(
        &mut self,
        channel: ChannelId,
        which: impl Fn((MessageId, ClientId)) -> bool,
        outcome: impl Fn(SendKey, ClientId, &Outgoing) -> DeviceEvent,
    ) {
        let Some(row) = self.disk.channels.get(&channel) else { return };
        let settled: Vec<_> = row.outbox.keys().copied().filter(|key| which(*key)).collect();
        for (membership, client_id) in settled {
            if let Some(outgoing) = self.settle(channel, membership, client_id) {
                let send = outgoing.key(channel, membership);
                self.event(outcome(send, client_id, &outgoing));
            }
        }
    }
}

impl Outgoing {
    fn key(&self, channel: ChannelId, membership: MessageId) -> SendKey {
        SendKey { channel, membership, client_id: self.invoked_as, body_hash: self.body_hash }
    }
}
