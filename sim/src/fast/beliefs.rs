//! How long chat servers hold sessions whose devices are gone.

use std::collections::BTreeMap;

use hubbub_chat::{DeviceId, SessionId};

/// The sessions that chat servers hold, and since when their devices are gone.
#[derive(Debug, Default)]
pub(super) struct Beliefs {
    held: BTreeMap<(DeviceId, SessionId), Held>,
    devices: BTreeMap<SessionId, DeviceId>,
    longest: u64,
}

/// A session that a chat server holds.
#[derive(Debug)]
struct Held {
    server: usize,
    /// Since when the device cannot be reached over it, in nanoseconds since the run began.
    gone_at: Option<u64>,
    /// The device will not use it again, whatever becomes of its link.
    is_lost: bool,
}

impl Beliefs {
    /// A chat server takes a session on.
    pub(super) fn begin(&mut self, session: SessionId, device: DeviceId, server: usize) {
        self.devices.insert(session, device);
        self.held.insert((device, session), Held { server, gone_at: None, is_lost: false });
    }

    /// A chat server has ended a session.
    pub(super) fn end(&mut self, now: u64, session: SessionId) {
        let held = self.devices.remove(&session).and_then(|device| self.held.remove(&(device, session)));
        self.note(now, held.and_then(|held| held.gone_at));
    }

    /// The process of a chat server died, with all its sessions.
    pub(super) fn end_all(&mut self, now: u64, server: usize) {
        let here = self.held.iter().filter(|(_, held)| held.server == server);
        let sessions: Vec<SessionId> = here.map(|((_, session), _)| *session).collect();
        sessions.into_iter().for_each(|session| self.end(now, session));
    }

    /// A device will not use the sessions again that it has had so far.
    pub(super) fn lose(&mut self, now: u64, device: DeviceId) {
        let all = (device, SessionId(0))..=(device, SessionId(u64::MAX));
        for (_, held) in self.held.range_mut(all) {
            held.is_lost = true;
            held.gone_at.get_or_insert(now);
        }
    }

    /// A device has given a session up before its server took it on.
    pub(super) fn lose_one(&mut self, now: u64, device: DeviceId, session: SessionId) {
        if let Some(held) = self.held.get_mut(&(device, session)) {
            held.is_lost = true;
            held.gone_at.get_or_insert(now);
        }
    }

    /// Links were cut, or work again: `is_cut` says which.
    pub(super) fn relink(&mut self, now: u64, is_cut: impl Fn(DeviceId, usize) -> bool) {
        let mut over = Vec::new();
        for ((device, _), held) in &mut self.held {
            if is_cut(*device, held.server) {
                held.gone_at.get_or_insert(now);
            } else if !held.is_lost {
                over.push(held.gone_at.take());
            }
        }
        over.into_iter().for_each(|gone_at| self.note(now, gone_at));
    }

    /// The longest time that a session was held while its device was gone, in nanoseconds; one that
    /// is held still counts up to now.
    pub(super) fn longest(&self, now: u64) -> u64 {
        let held = self.held.values().filter_map(|held| held.gone_at);
        held.map(|gone_at| now.saturating_sub(gone_at)).fold(self.longest, u64::max)
    }

    fn note(&mut self, now: u64, gone_at: Option<u64>) {
        let time = gone_at.map_or(0, |gone_at| now.saturating_sub(gone_at));
        self.longest = self.longest.max(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHONE: DeviceId = DeviceId(1);
    const LAPTOP: DeviceId = DeviceId(2);

    fn beliefs() -> Beliefs {
        let mut beliefs = Beliefs::default();
        beliefs.begin(SessionId(10), PHONE, 0);
        beliefs.begin(SessionId(20), LAPTOP, 1);
        beliefs
    }

    #[test]
    fn a_session_whose_device_is_there_is_no_belief() {
        let mut beliefs = beliefs();
        beliefs.end(50, SessionId(10));
        assert_eq!(beliefs.longest(100), 0);
    }

    #[test]
    fn a_lost_session_counts_until_its_server_ends_it() {
        let mut beliefs = beliefs();
        beliefs.lose(30, PHONE);
        beliefs.lose(40, PHONE);
        beliefs.begin(SessionId(11), PHONE, 0);
        assert_eq!(beliefs.longest(35), 5, "held still");
        beliefs.end(50, SessionId(10));
        assert_eq!(beliefs.longest(1000), 20, "the new one is in use");
    }

    #[test]
    fn a_cut_link_counts_until_it_works_again() {
        let mut beliefs = beliefs();
        beliefs.relink(10, |device, _| device == PHONE);
        beliefs.relink(14, |_, server| server == 0);
        beliefs.relink(17, |_, _| false);
        assert_eq!(beliefs.longest(1000), 7);
    }

    #[test]
    fn a_session_that_was_lost_meanwhile_does_not_come_back_with_its_link() {
        let mut beliefs = beliefs();
        beliefs.relink(10, |_, _| true);
        beliefs.lose(12, LAPTOP);
        beliefs.relink(15, |_, _| false);
        beliefs.end_all(30, 1);
        assert_eq!(beliefs.longest(1000), 20);
    }
}
