//! The leases of devices, and what follows from them: who is online.

use std::collections::BTreeMap;

use super::{PresenceServer, PresenceTimer, activity::Unwritten};
use crate::{
    ids::{DeviceId, UserId},
    ports::presence::{DeviceBeat, Status},
    situation::Situation,
    time::{Monotonic, Now},
};

/// Leases of one user at most; the one that ends first makes room. Devices that are logged in but
/// silent have none.
const DEVICES_MAX: usize = 64;

/// What a presence server knows of a user.
#[derive(Debug)]
pub(super) struct Record {
    /// Until when each device counts as alive.
    leases: BTreeMap<DeviceId, Monotonic>,
    /// Devices that were logged out, and until when a late heartbeat of theirs could come.
    ended: BTreeMap<DeviceId, Monotonic>,
    pub(super) standing: Standing,
    version: u64,
    /// A lease after it took the user over.
    pub(super) certain_from: Monotonic,
    /// In milliseconds since the Unix epoch; 0 when none is known.
    pub(super) last_active_at_ms: u64,
    /// What of it went to the store.
    pub(super) written_ms: u64,
    /// Whether what the store had before is in it.
    pub(super) is_read: bool,
}

/// Whether a user is online.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not known: the user was taken over less than a lease ago, or the server does not hold its own
    /// lease in the registry.
    Unsure,
    Online,
    Offline,
}

impl Record {
    fn new(standing: Standing, version: u64, certain_from: Monotonic) -> Self {
        Self {
            leases: BTreeMap::new(),
            ended: BTreeMap::new(),
            standing,
            version,
            certain_from,
            last_active_at_ms: 0,
            written_ms: 0,
            is_read: false,
        }
    }

    /// Somebody else keeps the user from now on.
    pub(super) fn hand_over(&self, user: UserId, unwritten: &mut Unwritten, limit: usize) {
        if self.last_active_at_ms > self.written_ms {
            unwritten.insert(user, self.last_active_at_ms, limit);
        }
    }

    fn lives_until(&self) -> Option<Monotonic> {
        self.leases.values().max().copied()
    }
}

impl PresenceServer {
    /// Takes heartbeats in; false when some of them were of users that another server keeps, which
    /// are left out. The whole batch may then be sent again: a lease counts from the heartbeat.
    pub(super) fn handle_beats(&mut self, now: Now, beats: &[DeviceBeat]) -> bool {
        let mut all_mine = true;
        for beat in beats {
            if self.tenure.owns(beat.user) {
                self.handle_beat(now, beat);
            } else {
                all_mine = false;
            }
        }
        all_mine
    }

    fn handle_beat(&mut self, now: Now, beat: &DeviceBeat) {
        let lease = self.config.design.presence_lease();
        let age = std::time::Duration::from_millis(u64::from(beat.age_ms));
        let until = now.monotonic.after(lease.saturating_sub(age));
        let first_decides = planted!(self.config.design, FirstDeviceDecides);
        let Some(record) = self.record(now, beat.user) else {
            self.counts.refused += 1;
            return;
        };
        if until <= now.monotonic || record.ended.contains_key(&beat.device) {
            return;
        }
        if first_decides && record.leases.keys().any(|device| *device != beat.device) {
            return;
        }
        let held = record.leases.entry(beat.device).or_insert(until);
        *held = (*held).max(until);
        drop_first_to_end(&mut record.leases);
        let active_at_ms = now.wall.milliseconds().saturating_sub(u64::from(beat.age_ms));
        record.last_active_at_ms = record.last_active_at_ms.max(active_at_ms);
        let unwritten_for = record.last_active_at_ms.saturating_sub(record.written_ms);
        self.counts.beats += 1;
        self.timers.set_once(PresenceTimer::Lease(beat.user), until);
        self.stand(now, beat.user, Standing::Online);
        // A restart of the whole deployment forgets at most a lease of activity.
        if u128::from(unwritten_for) >= lease.as_millis() {
            self.note_activity(now, beat.user);
        }
    }

    /// The device's lease ends. Within a lease of taking the user over, other devices may live that
    /// have not been heard, so the user is not offline before that is over.
    pub(super) fn handle_logout(&mut self, now: Now, user: UserId, device: DeviceId) -> bool {
        if !self.tenure.owns(user) {
            return false;
        }
        let late_until = now.monotonic.after(self.config.design.presence_lease());
        let Some(record) = self.record(now, user) else {
            self.counts.refused += 1;
            return true;
        };
        record.leases.remove(&device);
        let is_repeated = record.ended.insert(device, late_until).is_some();
        drop_first_to_end(&mut record.ended);
        if !is_repeated {
            record.last_active_at_ms = record.last_active_at_ms.max(now.wall.milliseconds());
            self.note_activity(now, user);
        }
        self.check_lease(now, user);
        true
    }

    /// Ends the leases that are over, and with the last of them the user is offline.
    pub(super) fn check_lease(&mut self, now: Now, user: UserId) {
        let Some(record) = self.records.get_mut(&user) else { return };
        let had_leases = !record.leases.is_empty();
        record.leases.retain(|_, until| *until > now.monotonic);
        let (lives_until, certain_from) = (record.lives_until(), record.certain_from);
        let is_certain = certain_from <= now.monotonic && self.tenure.is_held(now.monotonic);
        if let Some(until) = lives_until {
            self.timers.set(PresenceTimer::Lease(user), until);
        } else if is_certain {
            self.timers.clear(PresenceTimer::Lease(user));
            // A logout takes the lease away before it is looked at.
            if had_leases {
                self.situations.mark(Situation::OfflineByLease);
            }
            self.stand(now, user, Standing::Offline);
        } else {
            record.standing = Standing::Unsure;
            self.wait_for_certainty(now, user, certain_from);
        }
    }

    /// It holds its own lease in the registry again, and nobody else has had it: heartbeats have come
    /// here all the time, so what could not be said meanwhile is said now.
    pub(super) fn resume(&mut self, now: Now) {
        let is_unsure = |(_, record): &(&UserId, &Record)| record.standing == Standing::Unsure;
        let unsure: Vec<UserId> =
            self.records.iter().filter(is_unsure).map(|(user, _)| *user).collect();
        unsure.into_iter().for_each(|user| self.check_lease(now, user));
        self.become_certain(now);
    }

    /// How the user stands; `None` when it isn't sure, or keeps somebody else.
    pub(super) fn status(&self, now: Now, user: UserId) -> Option<Status> {
        if !self.tenure.owns(user) {
            return None;
        }
        let epoch = self.tenure.version();
        let status = |online, version, last_active_at_ms| {
            Some(Status { user, online, last_active_at_ms, epoch, version })
        };
        match self.records.get(&user) {
            Some(record) if record.standing == Standing::Unsure => None,
            Some(record) => {
                let online = record.standing == Standing::Online;
                status(online, record.version, record.last_active_at_ms)
            }
            None if self.is_certain(now, user) => status(false, self.forgotten_version, 0),
            None => None,
        }
    }

    /// What it knows of the user, or room for it; `None` when there is none left.
    pub(super) fn record(&mut self, now: Now, user: UserId) -> Option<&mut Record> {
        if !self.records.contains_key(&user) {
            let certain_from = self.tenure.certain_from(user)?;
            if self.records.len() >= self.config.limits.users {
                return None;
            }
            if self.tenure.took_over(user) {
                self.situations.mark(Situation::UsersTakenOver);
            }
            let is_certain = self.is_certain(now, user);
            let standing = if is_certain { Standing::Offline } else { Standing::Unsure };
            let record = Record::new(standing, self.forgotten_version, certain_from);
            self.records.insert(user, record);
            if !is_certain {
                self.wait_for_certainty(now, user, certain_from);
            }
        }
        self.records.get_mut(&user)
    }

    /// Forgets users of whom nothing is of use any more: offline, and watched by nobody.
    pub(super) fn sweep(&mut self, now: Now) {
        let (watches, mut forgotten) = (&self.watches, self.forgotten_version);
        self.records.retain(|user, record| {
            record.ended.retain(|_, until| *until > now.monotonic);
            let is_idle = record.standing == Standing::Offline
                && record.ended.is_empty()
                && !watches.is_watched(*user);
            if is_idle {
                forgotten = forgotten.max(record.version);
            }
            !is_idle
        });
        self.forgotten_version = forgotten;
        let lease = self.random.around(self.config.design.presence_lease());
        self.timers.set(PresenceTimer::Sweep, now.monotonic.after(lease));
    }

    /// The user is looked at again when the lease after the takeover is over. What is missing then
    /// is the server's own lease, and [`Self::resume`] comes with it.
    fn wait_for_certainty(&mut self, now: Now, user: UserId, certain_from: Monotonic) {
        if certain_from > now.monotonic {
            self.timers.set(PresenceTimer::Lease(user), certain_from);
        } else {
            self.timers.clear(PresenceTimer::Lease(user));
        }
    }

    fn is_certain(&self, now: Now, user: UserId) -> bool {
        self.tenure.is_held(now.monotonic)
            && self.tenure.certain_from(user).is_some_and(|at| at <= now.monotonic)
    }

    fn stand(&mut self, now: Now, user: UserId, standing: Standing) {
        let Some(record) = self.records.get_mut(&user) else { return };
        if record.standing == standing {
            return;
        }
        record.standing = standing;
        self.version += 1;
        record.version = self.version;
        self.counts.changes += 1;
        if standing == Standing::Offline {
            self.note_activity(now, user);
            if planted!(self.config.design, GoingsUntold) {
                return;
            }
        }
        self.changed(now, user);
    }
}

fn drop_first_to_end(ends: &mut BTreeMap<DeviceId, Monotonic>) {
    if ends.len() > DEVICES_MAX
        && let Some((device, _)) = ends.iter().min_by_key(|(device, until)| (**until, **device))
    {
        let device = *device;
        ends.remove(&device);
    }
}
