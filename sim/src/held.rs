//! How long chat servers hold sessions whose devices are gone.

use std::collections::BTreeMap;

use hubbub_chat::{DeviceId, SessionId};

/// The sessions that chat servers hold, and since when their devices are gone: the process is down,
/// the network does not work, or the device has given the session up.
#[derive(Debug, Default)]
pub(crate) struct HeldSessions {
    held: BTreeMap<(DeviceId, At), Held>,
    devices: BTreeMap<At, DeviceId>,
    longest: Option<u64>,
}

/// A session, and the chat server that holds it, counted from 0. A server that starts again numbers
/// its sessions anew; those of its former start have ended by then.
type At = (usize, SessionId);

#[derive(Debug, Default)]
struct Held {
    /// Since when its device is gone, in nanoseconds since the run began.
    gone_at: Option<u64>,
    /// The device will not use it again, whatever becomes of its network.
    is_lost: bool,
}

impl HeldSessions {
    /// A chat server takes a session on.
    pub(crate) fn begin(&mut self, at: At, device: DeviceId) {
        self.devices.insert(at, device);
        self.held.insert((device, at), Held::default());
    }

    /// A chat server has ended a session.
    pub(crate) fn end(&mut self, now: u64, at: At) {
        let Some(device) = self.devices.remove(&at) else { return };
        let held = self.held.remove(&(device, at));
        self.note(now, held.and_then(|held| held.gone_at));
    }

    /// The process of a chat server is gone, with all its sessions.
    pub(crate) fn end_all(&mut self, now: u64, server: usize) {
        let all = (server, SessionId(0))..=(server, SessionId(u64::MAX));
        let sessions: Vec<At> = self.devices.range(all).map(|(at, _)| *at).collect();
        sessions.into_iter().for_each(|at| self.end(now, at));
    }

    /// A device will not use the sessions again that it has had so far.
    pub(crate) fn lose(&mut self, now: u64, device: DeviceId) {
        for held in self.of(device) {
            held.is_lost = true;
            held.gone_at.get_or_insert(now);
        }
    }

    /// A device had given a session up before its chat server took it on.
    pub(crate) fn lose_one(&mut self, now: u64, device: DeviceId, at: At) {
        if let Some(held) = self.held.get_mut(&(device, at)) {
            held.is_lost = true;
            held.gone_at.get_or_insert(now);
        }
    }

    /// The network of a device does not work any more.
    pub(crate) fn unlink(&mut self, now: u64, device: DeviceId) {
        for held in self.of(device) {
            held.gone_at.get_or_insert(now);
        }
    }

    /// It works again: the device uses the session on.
    pub(crate) fn relink(&mut self, now: u64, device: DeviceId) {
        let back = self.of(device).filter(|held| !held.is_lost);
        let gone_at: Vec<u64> = back.filter_map(|held| held.gone_at.take()).collect();
        gone_at.into_iter().for_each(|gone_at| self.note(now, Some(gone_at)));
    }

    /// The longest time that a session was held while its device was gone, in nanoseconds; `None`
    /// when there was none.
    pub(crate) fn longest(&self) -> Option<u64> {
        self.longest
    }

    fn of(&mut self, device: DeviceId) -> impl Iterator<Item = &mut Held> {
        let last = (usize::MAX, SessionId(u64::MAX));
        let all = (device, (0, SessionId(0)))..=(device, last);
        self.held.range_mut(all).map(|(_, held)| held)
    }

    fn note(&mut self, now: u64, gone_at: Option<u64>) {
        self.longest = self.longest.max(gone_at.map(|gone_at| now.saturating_sub(gone_at)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: DeviceId = DeviceId(1);
    const LAPTOP: DeviceId = DeviceId(2);

    fn held() -> HeldSessions {
        let mut held = HeldSessions::default();
        held.begin((0, SessionId(10)), PHONE);
        held.begin((1, SessionId(10)), LAPTOP);
        held
    }

    #[test]
    fn a_session_whose_device_is_there_does_not_count() {
        let mut held = held();
        held.end(50, (0, SessionId(10)));
        assert_eq!(held.longest(), None);
    }

    #[test]
    fn a_lost_session_counts_until_its_server_ends_it() {
        let mut held = held();
        held.lose(30, PHONE);
        held.lose(40, PHONE);
        held.begin((0, SessionId(11)), PHONE);
        held.end(50, (0, SessionId(10)));
        held.end(1000, (0, SessionId(11)));
        assert_eq!(held.longest(), Some(20), "the new one was in use");
    }

    #[test]
    fn a_device_without_network_counts_until_it_has_it_again() {
        let mut held = held();
        held.unlink(10, PHONE);
        held.unlink(14, PHONE);
        held.relink(17, PHONE);
        held.end_all(1000, 0);
        assert_eq!(held.longest(), Some(7));
    }

    #[test]
    fn a_session_that_was_lost_meanwhile_does_not_come_back_with_the_network() {
        let mut held = held();
        held.unlink(10, LAPTOP);
        held.lose(12, LAPTOP);
        held.relink(15, LAPTOP);
        held.end_all(30, 1);
        assert_eq!(held.longest(), Some(20));
    }
}
