//! The device: it numbers and stores every send before the network sees it, applies entries in
//! order without holes, and survives its own restarts and the loss of any connection.

mod apply;
mod change;
mod disk;
mod link;
mod outbox;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

pub use disk::{DeviceDisk, DiskWrite};

use crate::{
    design::Design,
    entry::Entry,
    frame::{Change, ChangeRefusal, ClientFrame, Cursors, CutReason, SendRefusal, ServerFrame},
    ids::{ChannelId, ClientId, DeviceId, MessageId, OperationId, UserId},
    ports::presence::Status,
    random::Random,
    time::{Monotonic, Now},
    timers::Timers,
};
use link::Link;
use outbox::Window;

/// What a device is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceInput {
    /// The user sends a message.
    Send {
        /// The conversation.
        channel: ChannelId,
        /// The text.
        body: Arc<str>,
    },
    /// The user changes a group's membership.
    Change {
        /// The group.
        channel: ChannelId,
        /// What to change.
        change: Change,
    },
    /// The connection is open.
    Opened,
    /// The connection could not be opened.
    Unreachable,
    /// The connection is gone.
    Closed,
    /// A frame of the chat server.
    Frame(ServerFrame),
}

/// What a device wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceOutput {
    /// Write this durably before doing what follows.
    Persist(DiskWrite),
    /// Open a connection to a chat server; `attempt` counts from 0 since the last good one.
    Open {
        /// How many attempts have failed before.
        attempt: u32,
    },
    /// Send a frame.
    Frame(ClientFrame),
    /// Close the connection, or stop opening it.
    Close,
    /// Something happened that a history or a measurement wants to know.
    Event(DeviceEvent),
}

/// What happened on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceEvent {
    /// The user sent a message, and it is stored.
    Invoked(SendKey),
    /// The user's message could not be taken on.
    Refused {
        /// The conversation.
        channel: ChannelId,
        /// The hash of the body.
        body_hash: u64,
        /// Why.
        reason: LocalRefusal,
    },
    /// The message goes to the server, for the `attempt`-th time.
    Attempted {
        /// Which.
        send: SendKey,
        /// From 1.
        attempt: u32,
    },
    /// The message is safe, as the server says.
    Accepted {
        /// Which.
        send: SendKey,
        /// Its place, when the server tells it.
        message_id: Option<MessageId>,
    },
    /// The message was refused for good.
    Failed {
        /// Which.
        send: SendKey,
        /// Why.
        reason: SendRefusal,
    },
    /// A change of membership was asked for, and is stored.
    ChangeInvoked(ChangeKey),
    /// A change of membership was made.
    ChangeAccepted(ChangeKey, MessageId),
    /// A change of membership was refused for good.
    ChangeFailed(ChangeKey, ChangeRefusal),
    /// An entry arrived, wanted or not.
    Received {
        /// The entry.
        entry: Arc<Entry>,
        /// How it came.
        path: DeliveryPath,
    },
    /// An entry was stored: the user has it.
    Applied {
        /// The entry.
        entry: Arc<Entry>,
        /// How it came.
        path: DeliveryPath,
    },
    /// The store has the device's cursor.
    Confirmed {
        /// The conversation.
        channel: ChannelId,
        /// Up to here.
        message_id: MessageId,
    },
    /// The server says that a stretch of a channel's log is gone; the device goes on above it.
    Truncated {
        /// The conversation.
        channel: ChannelId,
        /// The stretch begins above this place.
        from: MessageId,
        /// The stretch ends with this place.
        to: MessageId,
    },
    /// A status as it is shown from now on.
    Shown(Status),
    /// The connection is open and greeted.
    Attached,
    /// The first complete sync of this connection is done.
    Synced,
    /// The connection, or the attempt at one, is over.
    Detached(DetachCause),
}

/// A send, as its device names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SendKey {
    /// The conversation.
    pub channel: ChannelId,
    /// The membership it is sent under.
    pub membership: MessageId,
    /// Its number.
    pub client_id: ClientId,
    /// The hash of its body.
    pub body_hash: u64,
}

/// A change of membership, as its device names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeKey {
    /// The group.
    pub channel: ChannelId,
    /// Its number.
    pub operation: OperationId,
    /// What to change.
    pub change: Change,
}

/// Why a device did not take on a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LocalRefusal {
    /// `outbox_max` sends wait in this channel.
    OutboxFull,
    /// The user is no member, as far as the device knows.
    NotMember,
    /// The body is longer than `message_bytes_max`.
    TooLarge,
    /// A change of this channel's membership is pending already.
    ChangePending,
    /// The device was logged out.
    LoggedOut,
}

/// How an entry came to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeliveryPath {
    /// As a live delivery.
    Hint,
    /// In a page of a sync.
    Sync,
    /// As the acceptance of the device's own send.
    Accepted,
}

/// Why a device has no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DetachCause {
    /// It could not be opened, or not in time.
    Unreachable,
    /// It broke, or the other end closed it without a word.
    Closed,
    /// Nothing was heard for `silence_after`.
    Silent,
    /// The server ended it and said why.
    Cut(CutReason),
}

/// Why a device wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DeviceTimer {
    /// The back-off is over: open a connection.
    Reconnect,
    /// The connection has not opened in time.
    OpenTimeout,
    /// Tell the server that the device lives.
    Heartbeat,
    /// The server may have been silent for too long.
    Silence,
    /// Report the cursors that moved.
    Report,
    /// Sends of this channel were not answered, or were put off.
    Retry(ChannelId),
}

/// A device of a user.
#[derive(Debug)]
pub struct Device {
    user: UserId,
    device: DeviceId,
    design: Design,
    random: Random,
    disk: DeviceDisk,
    link: Link,
    windows: BTreeMap<ChannelId, Window>,
    unreported: Cursors,
    unconfirmed: Cursors,
    applied_since_report: u32,
    timers: Timers<DeviceTimer>,
    outputs: VecDeque<DeviceOutput>,
}

impl Device {
    /// A device with what it had on its disk, empty for a new one. It connects at once.
    #[must_use]
    pub fn restore(
        user: UserId,
        device: DeviceId,
        design: Design,
        disk: DeviceDisk,
        seed: u64,
    ) -> Self {
        let unconfirmed = disk.cursors();
        let mut this = Self {
            user,
            device,
            design,
            random: Random::stream(seed, device.0),
            disk,
            link: Link::down(),
            windows: BTreeMap::new(),
            unreported: Cursors::new(),
            unconfirmed,
            applied_since_report: 0,
            timers: Timers::new(),
            outputs: VecDeque::new(),
        };
        this.timers.set(DeviceTimer::Reconnect, Monotonic(0));
        this
    }

    /// Takes in one input.
    pub fn handle_input(&mut self, now: Now, input: DeviceInput) {
        match input {
            DeviceInput::Send { channel, body } => self.send(now, channel, body),
            DeviceInput::Change { channel, change } => self.ask_change(now, channel, change),
            DeviceInput::Opened => self.opened(now),
            DeviceInput::Unreachable => self.detach(now, DetachCause::Unreachable),
            DeviceInput::Closed => self.detach(now, self.link.cause_of_close()),
            DeviceInput::Frame(frame) => self.handle_frame(now, frame),
        }
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.expire(now.monotonic) {
            match timer {
                DeviceTimer::Reconnect => self.open(now),
                DeviceTimer::OpenTimeout => self.give_up(now, DetachCause::Unreachable),
                DeviceTimer::Heartbeat => self.heartbeat(now),
                DeviceTimer::Silence => self.check_silence(now),
                DeviceTimer::Report => self.report(),
                DeviceTimer::Retry(channel) => self.retry(now, channel),
            }
        }
    }

    /// What is to be done next; drained after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<DeviceOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Monotonic, DeviceTimer)> {
        self.timers.next()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> DeviceId {
        self.device
    }

    /// Its user.
    #[must_use]
    pub fn user(&self) -> UserId {
        self.user
    }

    /// What it keeps.
    #[must_use]
    pub fn disk(&self) -> &DeviceDisk {
        &self.disk
    }

    /// Whether it has a connection over which it has synced.
    #[must_use]
    pub fn is_synced(&self) -> bool {
        self.link.is_synced()
    }

    fn handle_frame(&mut self, now: Now, frame: ServerFrame) {
        if !self.link.is_attached() {
            return;
        }
        self.link.heard(now);
        match frame {
            ServerFrame::Accepted {
                channel,
                membership,
                client_id,
                message_id,
                accepted_at_ms,
            } => {
                let place = message_id.map(|message_id| (message_id, accepted_at_ms));
                self.accepted(now, channel, membership, client_id, place);
            }
            ServerFrame::Refused { channel, membership, client_id, reason } => {
                self.refused(now, channel, membership, client_id, reason);
            }
            ServerFrame::Changed { channel, operation, outcome } => {
                self.changed(now, channel, operation, outcome);
            }
            ServerFrame::Entry { entry } => self.receive_entry(now, entry),
            ServerFrame::Page { ranges, more } => self.receive_page(now, ranges, more),
            ServerFrame::Statuses { .. } => {}
            ServerFrame::Alive { cursors } => self.confirmed(cursors),
            // A device that speaks the protocol gets none; there is nothing to repair.
            ServerFrame::Error { .. } => {}
            ServerFrame::Bye { reason } => self.link.cut(reason),
        }
    }

    fn persist(&mut self, write: DiskWrite) {
        self.disk.write(&write);
        self.outputs.push_back(DeviceOutput::Persist(write));
    }

    fn event(&mut self, event: DeviceEvent) {
        self.outputs.push_back(DeviceOutput::Event(event));
    }

    fn frame(&mut self, frame: ClientFrame) {
        self.outputs.push_back(DeviceOutput::Frame(frame));
    }
}
