//! The device: it numbers and stores every send before the network sees it, applies entries in
//! order without holes, and survives its own restarts and the loss of any connection.

mod apply;
mod change;
mod disk;
mod event;
mod link;
mod outbox;
mod retry;
mod status;

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

pub use disk::{DeviceDisk, DiskWrite, Gathered, Standing};
pub use event::{ChangeKey, DeliveryPath, DetachCause, DeviceEvent, LocalRefusal, SendKey};

use crate::{
    cursor_rule::CursorRule,
    design::Design,
    frame::{Change, ClientFrame, Cursors, ServerFrame},
    ids::{ChannelId, DeviceId, UserId},
    random::Random,
    situation::{Situation, Situations},
    time::{Monotonic, Now},
    timers::Timers,
};
use link::Link;
use outbox::Window;
use status::Statuses;

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
    /// The user wants to know how others are, at most `LOOK_USERS_MAX`; without a connection nothing
    /// is asked.
    Look {
        /// Whom.
        users: Vec<UserId>,
    },
    /// The connection is open.
    Opened,
    /// The connection could not be opened.
    Unreachable,
    /// Discovery does not admit the device yet: it is to ask again after this time.
    PutOff(Duration),
    /// The connection is gone.
    Closed,
    /// The device's token is not taken any more (HTTP 401): it was logged out. It is done with,
    /// whether it has a connection, opens one or waits for its next attempt.
    LoggedOut,
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
        /// Whether nothing waits to be sent: those who have something are admitted first.
        background: bool,
    },
    /// Send a frame.
    Frame(ClientFrame),
    /// Close the connection, or stop opening it.
    Close,
    /// Something happened that a history or a measurement wants to know.
    Event(DeviceEvent),
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
    rule: CursorRule,
    design: Design,
    random: Random,
    disk: DeviceDisk,
    link: Link,
    windows: BTreeMap<ChannelId, Window>,
    unreported: Cursors,
    unconfirmed: Cursors,
    statuses: Statuses,
    applied_since_report: u32,
    timers: Timers<DeviceTimer>,
    outputs: VecDeque<DeviceOutput>,
    situations: Situations,
}

impl Device {
    /// A device with what it had on its disk, empty for a new one. It connects at once.
    #[must_use]
    pub fn restore(
        user: UserId,
        device: DeviceId,
        design: Design,
        mut disk: DeviceDisk,
        seed: u64,
    ) -> Self {
        if planted!(design, SendsForgotten) {
            disk.channels.values_mut().for_each(|row| row.outbox.clear());
        }
        let unconfirmed = disk.cursors();
        let mut this = Self {
            user,
            device,
            rule: CursorRule::of(&design),
            design,
            random: Random::stream(seed, device.0),
            disk,
            link: Link::down(),
            windows: BTreeMap::new(),
            unreported: Cursors::new(),
            unconfirmed,
            statuses: Statuses::default(),
            applied_since_report: 0,
            timers: Timers::new(),
            outputs: VecDeque::new(),
            situations: Situations::default(),
        };
        if this.disk.pending() > 0 {
            this.situations.mark(Situation::RestoredWithPending);
        }
        this.timers.set(DeviceTimer::Reconnect, Monotonic(0));
        this.doubt_restored();
        this
    }

    /// Takes in one input.
    pub fn handle_input(&mut self, now: Now, input: DeviceInput) {
        match input {
            DeviceInput::Send { channel, body } => {
                self.send(now, channel, body);
                self.hurry(now);
            }
            DeviceInput::Change { channel, change } => {
                self.ask_change(now, channel, change);
                self.hurry(now);
            }
            DeviceInput::Look { users } => self.look(users),
            DeviceInput::Opened => self.opened(now),
            DeviceInput::Unreachable => self.detach(now, DetachCause::Unreachable),
            DeviceInput::PutOff(wait) => self.put_off_opening(now, wait),
            DeviceInput::Closed => self.detach(now, self.link.cause_of_close()),
            DeviceInput::LoggedOut => self.log_out(now),
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

    /// The situations that it has passed through since it started.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations
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
            ServerFrame::Statuses { statuses } => self.show(statuses),
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
