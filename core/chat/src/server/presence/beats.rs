//! Heartbeats and logouts on their way to the presence servers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{BEATS_MAX, ChatServer, Heard, Logout, LogoutState, Pending, Timer};
use crate::{
    ids::{DeviceId, ServerId, SessionId},
    ports::presence::{DeviceBeat, PresenceRequest},
    situation::Situation,
    time::{Monotonic, Now},
};

/// Devices that are remembered for each session that the server takes: as many again may have gone
/// since they were heard.
const HEARD_PER_SESSION: usize = 2;

/// Logouts that are remembered at most; some 2,000 a second in a lease. Past that the oldest is
/// forgotten (`presence_forgotten`), and its lease ends by itself.
const LOGOUTS_MAX: usize = 65_536;

/// Logouts sent at a time at most; the rest waits for the next.
const LOGOUTS_FLUSHED: usize = 256;

impl ChatServer {
    /// The device itself gave a sign of life.
    pub(in crate::server) fn beat(&mut self, now: Now, id: SessionId) {
        let Some(session) = self.sessions.get(&id).filter(|_| !self.presence.view.is_empty())
        else {
            return;
        };
        let (user, device) = (session.user, session.device);
        let limit = HEARD_PER_SESSION * self.config.design.session_limit as usize;
        let presence = &mut self.presence;
        if presence.heard.len() >= limit && !presence.heard.contains_key(&device) {
            self.counts.presence_forgotten += 1;
            return;
        }
        presence.heard.insert(device, Heard { user, at: now.monotonic });
        presence.unsent.insert(device);
        let sweep = now.monotonic.after(self.heard_for());
        self.timers.set_once(Timer::PresenceSweep, sweep);
        self.schedule_presence(now);
    }

    /// The device was logged out. It may have left its session a while ago.
    pub(in crate::server) fn presence_log_out(&mut self, now: Now, device: DeviceId) {
        let presence = &mut self.presence;
        let Some(heard) = presence.heard.remove(&device) else { return };
        presence.unsent.remove(&device);
        let logout = Logout { user: heard.user, at: now.monotonic, state: LogoutState::Due };
        presence.logouts.insert(device, logout);
        if presence.logouts.len() > LOGOUTS_MAX
            && let Some((device, _)) = presence.logouts.iter().min_by_key(|(_, logout)| logout.at)
        {
            let device = *device;
            presence.logouts.remove(&device);
            self.counts.presence_forgotten += 1;
        }
        self.timers.set(Timer::Presence, now.monotonic);
    }

    pub(super) fn flush_logouts(&mut self, now: Now) {
        let due = |(_, logout): &(&DeviceId, &Logout)| logout.state == LogoutState::Due;
        let due: Vec<_> = self.presence.logouts.iter().filter(due).collect();
        let rest = due.len() > LOGOUTS_FLUSHED;
        let due = due.into_iter().take(LOGOUTS_FLUSHED);
        let due: Vec<_> = due.map(|(device, logout)| (*device, logout.user)).collect();
        for (device, user) in due {
            let Some(server) = self.presence.view.owner(user) else { continue };
            if let Some(logout) = self.presence.logouts.get_mut(&device) {
                logout.state = LogoutState::Asked;
            }
            let request = PresenceRequest::Logout { user, device };
            self.ask_presence(now, server, Pending::Logout(device), request);
        }
        if rest {
            self.schedule_presence(now);
        }
    }

    pub(super) fn settle_logout(&mut self, now: Now, device: DeviceId, is_done: bool) {
        if let Some(logout) = self.presence.logouts.get_mut(&device)
            && logout.state == LogoutState::Asked
        {
            logout.state = if is_done { LogoutState::Done } else { LogoutState::Due };
            if !is_done {
                self.schedule_presence(now);
            }
        }
    }

    pub(super) fn flush_beats(&mut self, now: Now) {
        let mut owners = BTreeMap::<ServerId, Vec<DeviceBeat>>::new();
        let heard_for = self.heard_for();
        for device in std::mem::take(&mut self.presence.unsent) {
            let Some(Heard { user, at }) = self.presence.heard.get(&device).copied() else {
                continue;
            };
            let age = now.monotonic.since(at);
            if let Some(server) = self.presence.view.owner(user).filter(|_| age <= heard_for) {
                let age_ms = u32::try_from(age.as_millis()).unwrap_or(u32::MAX);
                owners.entry(server).or_default().push(DeviceBeat { user, device, age_ms });
            }
        }
        for (server, beats) in owners {
            for beats in beats.chunks(BEATS_MAX) {
                self.counts.beats_sent += beats.len() as u64;
                let devices = beats.iter().map(|beat| beat.device).collect();
                let request = PresenceRequest::Beat { devices: beats.to_vec() };
                self.ask_presence(now, server, Pending::Beat(devices), request);
            }
        }
    }

    /// They did not reach the server that keeps their users, or it is not known. A device that has
    /// been logged out since then is no longer among those heard.
    pub(super) fn repeat_beats(&mut self, now: Now, devices: Vec<DeviceId>) {
        self.situations.mark(Situation::HeartbeatsRepeated);
        let heard = &self.presence.heard;
        let known = devices.into_iter().filter(|device| heard.contains_key(device));
        self.presence.unsent.extend(known);
        self.schedule_presence(now);
    }

    /// Forgets devices that went long ago, and logouts of devices whose leases are over.
    pub(in crate::server) fn sweep_presence(&mut self, now: Now) {
        let (heard_for, lease) = (self.heard_for(), self.config.design.presence_lease());
        let is_recent = |at: Monotonic, limit| now.monotonic.since(at) <= limit;
        let presence = &mut self.presence;
        presence.heard.retain(|_, heard| is_recent(heard.at, heard_for));
        presence.logouts.retain(|_, logout| is_recent(logout.at, lease));
        if !presence.heard.is_empty() || !presence.logouts.is_empty() {
            self.timers.set(Timer::PresenceSweep, now.monotonic.after(heard_for));
        }
    }

    /// How long a heartbeat is worth telling another presence server: as long as a device that is
    /// attached may be silent, and a heartbeat.
    fn heard_for(&self) -> Duration {
        self.config.design.heartbeat + self.config.design.silence_limit()
    }
}
