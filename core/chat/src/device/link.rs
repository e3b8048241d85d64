//! The connection of a device: opening, greeting, heartbeats, silence and back-off.

use std::time::Duration;

use super::{DetachCause, Device, DeviceEvent, DeviceOutput, DeviceTimer};
use crate::{
    frame::{ClientFrame, CutReason, PROTOCOL_VERSION},
    situation::Situation,
    time::{Monotonic, Now},
    timers::Timers,
};

/// A device that is put off for a time waits up to an eighth longer.
const PUT_OFF_JITTER_SHARE: u32 = 8;

/// Why a device that was logged out has no connection.
const LOGGED_OUT: DetachCause = DetachCause::Cut(CutReason::UnknownDevice);

/// Where the connection stands.
#[derive(Debug)]
pub(super) struct Link {
    state: LinkState,
    /// Attempts since a connection was last good for a complete sync.
    attempt: u32,
    /// What the server said before it closed.
    bye: Option<CutReason>,
    /// The device was logged out: it stays down.
    ended: bool,
    /// Discovery put the device off while it had nothing to send.
    put_off_idle: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum LinkState {
    Down,
    Opening,
    Attached {
        last_heard: Monotonic,
        synced: bool,
        /// A sync was asked for, and no page has come since.
        awaits_page: bool,
        /// The last page said that another follows.
        more: bool,
    },
}

impl Link {
    pub(super) fn down() -> Self {
        Self { state: LinkState::Down, attempt: 0, bye: None, ended: false, put_off_idle: false }
    }

    pub(super) fn is_attached(&self) -> bool {
        matches!(self.state, LinkState::Attached { .. })
    }

    pub(super) fn is_synced(&self) -> bool {
        matches!(self.state, LinkState::Attached { synced: true, .. })
    }

    /// Whether the last sync is complete, as far as the device knows.
    pub(super) fn is_caught_up(&self) -> bool {
        matches!(self.state, LinkState::Attached { synced: true, more: false, .. })
    }

    pub(super) fn is_ended(&self) -> bool {
        self.ended
    }

    pub(super) fn heard(&mut self, now: Now) {
        if let LinkState::Attached { last_heard, .. } = &mut self.state {
            *last_heard = now.monotonic;
        }
    }

    pub(super) fn cut(&mut self, reason: CutReason) {
        self.bye = Some(reason);
    }

    pub(super) fn cause_of_close(&self) -> DetachCause {
        self.bye.map_or(DetachCause::Closed, DetachCause::Cut)
    }

    /// Notes that a sync is wanted; true when it has to be asked for. One is enough until its first
    /// page comes, however many entries arrive behind the hole.
    pub(super) fn wants_page(&mut self) -> bool {
        match &mut self.state {
            LinkState::Attached { awaits_page, .. } => !std::mem::replace(awaits_page, true),
            LinkState::Down | LinkState::Opening => false,
        }
    }

    /// A page came, or has been missing for so long that another hole may ask for it again.
    pub(super) fn forget_page(&mut self) {
        if let LinkState::Attached { awaits_page, .. } = &mut self.state {
            *awaits_page = false;
        }
    }

    /// A page came, and whether another follows.
    pub(super) fn page_came(&mut self, follows: bool) {
        self.forget_page();
        if let LinkState::Attached { more, .. } = &mut self.state {
            *more = follows;
        }
    }

    /// Notes a complete sync; true the first time on this connection.
    fn sync_done(&mut self) -> bool {
        self.attempt = 0;
        match &mut self.state {
            LinkState::Attached { synced, .. } => !std::mem::replace(synced, true),
            LinkState::Down | LinkState::Opening => false,
        }
    }
}

impl Device {
    pub(super) fn open(&mut self, now: Now) {
        if self.link.ended || self.link.state != LinkState::Down {
            return;
        }
        self.link.state = LinkState::Opening;
        self.link.put_off_idle = false;
        let attempt = self.link.attempt;
        self.link.attempt = attempt.saturating_add(1);
        let timeout = now.monotonic.after(self.design.connect_timeout);
        self.timers.set(DeviceTimer::OpenTimeout, timeout);
        let background = self.disk.pending() == 0;
        self.outputs.push_back(DeviceOutput::Open { attempt, background });
    }

    /// Discovery answered, so this is no failure. It has spread those whom it put off; the device
    /// adds a little, since answers to many may be made in the same moment.
    pub(super) fn put_off_opening(&mut self, now: Now, wait: Duration) {
        if self.link.state != LinkState::Opening {
            return;
        }
        self.link.state = LinkState::Down;
        self.link.attempt = self.link.attempt.saturating_sub(1);
        self.link.put_off_idle = self.disk.pending() == 0;
        self.timers.clear(DeviceTimer::OpenTimeout);
        let jitter = match self.design.reconnect_jitter {
            true => self.random.up_to(wait / PUT_OFF_JITTER_SHARE),
            false => Duration::ZERO,
        };
        self.timers.set(DeviceTimer::Reconnect, now.monotonic.after(wait.saturating_add(jitter)));
    }

    /// A device that was put off with nothing to send has something now: it asks again, once, and
    /// is admitted before those who have nothing.
    pub(super) fn hurry(&mut self, now: Now) {
        if self.link.put_off_idle && self.link.state == LinkState::Down && self.disk.pending() > 0 {
            self.link.put_off_idle = false;
            let soon = now.monotonic.after(self.random.up_to(self.design.reconnect_base));
            self.timers.set(DeviceTimer::Reconnect, soon);
        }
    }

    pub(super) fn opened(&mut self, now: Now) {
        if self.link.state != LinkState::Opening {
            return;
        }
        self.timers.clear(DeviceTimer::OpenTimeout);
        self.link.state = LinkState::Attached {
            last_heard: now.monotonic,
            synced: false,
            awaits_page: false,
            more: false,
        };
        self.link.bye = None;
        let first = self.random.around(self.design.heartbeat);
        self.timers.set(DeviceTimer::Heartbeat, now.monotonic.after(first));
        self.timers.set(DeviceTimer::Silence, now.monotonic.after(self.design.silence_limit()));
        let (cursors, newest) = self.place();
        self.frame(ClientFrame::Hello { version: PROTOCOL_VERSION, cursors, newest });
        self.event(DeviceEvent::Attached);
        self.restart_windows(now);
    }

    /// The connection is gone: back off, and open another.
    pub(super) fn detach(&mut self, now: Now, cause: DetachCause) {
        if self.link.state == LinkState::Down {
            return;
        }
        self.take_down(cause);
        if cause == LOGGED_OUT {
            return self.end();
        }
        if planted!(self.design, NoSecondAttempt) && cause == DetachCause::Unreachable {
            return;
        }
        let delay = self.back_off();
        self.timers.set(DeviceTimer::Reconnect, now.monotonic.after(delay));
    }

    /// There is no way back: a device that logs in again is another one.
    pub(super) fn log_out(&mut self, now: Now) {
        match self.link.state {
            _ if self.link.ended => {}
            LinkState::Opening | LinkState::Attached { .. } => self.give_up(now, LOGGED_OUT),
            LinkState::Down => {
                self.take_down(LOGGED_OUT);
                self.end();
            }
        }
    }

    fn take_down(&mut self, cause: DetachCause) {
        self.link.state = LinkState::Down;
        for timer in [DeviceTimer::OpenTimeout, DeviceTimer::Heartbeat, DeviceTimer::Silence] {
            self.timers.clear(timer);
        }
        self.event(DeviceEvent::Detached(cause));
        self.lose_unanswered();
    }

    /// Nothing is ever due again.
    fn end(&mut self) {
        self.link.ended = true;
        self.settle_all();
        self.timers = Timers::new();
    }

    /// The limit doubles with each failed attempt, and the whole of it is jitter, so that many
    /// devices that lost the same server do not come back together. A device that had synced comes
    /// back within the first limit, also when its server handed it over (`draining`); a server that
    /// did not take it, being full or draining, is a failed attempt like any other.
    fn back_off(&mut self) -> Duration {
        let failed = self.link.attempt;
        let doublings = failed.saturating_sub(1).min(16);
        let limit = self.design.reconnect_base.saturating_mul(1 << doublings);
        let limit = limit.min(self.design.reconnect_max);
        match (self.design.reconnect_jitter, failed) {
            (true, _) => self.random.up_to(limit),
            (false, 0) => Duration::ZERO,
            (false, _) => limit,
        }
    }

    /// Ends a connection that the other end may still believe in.
    pub(super) fn give_up(&mut self, now: Now, cause: DetachCause) {
        self.outputs.push_back(DeviceOutput::Close);
        self.detach(now, cause);
    }

    pub(super) fn heartbeat(&mut self, now: Now) {
        self.timers.set(DeviceTimer::Heartbeat, now.monotonic.after(self.design.heartbeat));
        self.link.forget_page();
        self.unreported.clear();
        self.applied_since_report = 0;
        let cursors = self.unconfirmed.clone();
        self.frame(ClientFrame::Heartbeat { cursors });
    }

    pub(super) fn check_silence(&mut self, now: Now) {
        let LinkState::Attached { last_heard, .. } = self.link.state else { return };
        let silent_at = last_heard.after(self.design.silence_limit());
        if planted!(self.design, DeadLinkTrusted) {
            return;
        }
        if silent_at <= now.monotonic {
            self.situations.mark(Situation::ServerSilent);
            self.give_up(now, DetachCause::Silent);
        } else {
            self.timers.set(DeviceTimer::Silence, silent_at);
        }
    }

    pub(super) fn sync_done(&mut self) {
        if self.link.sync_done() {
            self.event(DeviceEvent::Synced);
        }
    }
}
