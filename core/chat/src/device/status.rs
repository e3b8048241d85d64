//! What the device shows of other users: online or offline.

use std::collections::BTreeMap;

use super::{Device, DeviceEvent};
use crate::{
    frame::ClientFrame,
    ids::UserId,
    ports::{directory::FRIENDS_MAX, presence::Status},
    situation::Situation,
};

/// The statuses that a device knows, as many as a user can have friends. Past that the one that was
/// told longest ago is forgotten.
#[derive(Debug, Default)]
pub(super) struct Statuses {
    /// Each with the number of its telling.
    known: BTreeMap<UserId, (Status, u64)>,
    told: BTreeMap<u64, UserId>,
    last: u64,
}

impl Statuses {
    /// Whether a later decision than this one is known.
    fn has_newer(&self, status: &Status) -> bool {
        self.known.get(&status.user).is_some_and(|(known, _)| known.is_newer_than(status))
    }

    /// Takes a status on; true when another dot has to be shown for it.
    fn take(&mut self, status: Status) -> bool {
        let before = self.known.get(&status.user).copied();
        let kept = match before {
            Some((known, _)) if status.is_newer_than(&known) => status,
            // The same version may tell the time of the last activity that was not known before.
            Some((mut known, _))
                if (known.epoch, known.version) == (status.epoch, status.version) =>
            {
                known.last_active_at_ms = known.last_active_at_ms.max(status.last_active_at_ms);
                known
            }
            Some((known, _)) => known,
            None => status,
        };
        if let Some((_, told)) = before {
            self.told.remove(&told);
        }
        self.last += 1;
        self.told.insert(self.last, status.user);
        self.known.insert(status.user, (kept, self.last));
        if self.known.len() > FRIENDS_MAX
            && let Some((_, user)) = self.told.pop_first()
        {
            self.known.remove(&user);
        }
        before.is_none_or(|(known, _)| known.online != kept.online)
    }
}

impl Device {
    /// How the device shows a user; `None` when it knows nothing of them.
    #[must_use]
    pub fn status(&self, user: UserId) -> Option<Status> {
        self.statuses.known.get(&user).map(|(status, _)| *status)
    }

    pub(super) fn look(&mut self, users: Vec<UserId>) {
        if self.link.is_attached() {
            self.frame(ClientFrame::Look { users });
        }
    }

    pub(super) fn show(&mut self, statuses: Vec<Status>) {
        for status in statuses {
            if self.statuses.has_newer(&status) {
                self.situations.mark(Situation::OlderStatusIgnored);
            }
            if planted!(self.design, OlderStatusShown) {
                self.statuses.known.remove(&status.user);
            }
            if self.statuses.take(status) {
                self.event(DeviceEvent::Shown(status));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(user: u64, online: bool, epoch: u64, version: u64) -> Status {
        Status { user: UserId(user), online, last_active_at_ms: 0, epoch, version }
    }

    #[test]
    fn only_newer_statuses_count_and_only_another_dot_is_shown() {
        let mut statuses = Statuses::default();
        assert!(statuses.take(status(1, true, 2, 5)), "the first");
        assert!(!statuses.take(status(1, false, 2, 5)), "the same version");
        assert!(!statuses.take(status(1, false, 1, 9)), "an older epoch");
        assert!(!statuses.take(status(1, true, 3, 0)), "newer and the same dot");
        assert!(!statuses.take(status(1, false, 2, 6)), "older than that");
        assert!(statuses.take(status(1, false, 3, 1)));
    }

    #[test]
    fn the_statuses_told_longest_ago_make_room() {
        let mut statuses = Statuses::default();
        let users = FRIENDS_MAX as u64;
        for user in 0..users {
            statuses.take(status(user, true, 1, 1));
        }
        statuses.take(status(0, true, 1, 1));
        statuses.take(status(users, true, 1, 1));
        assert_eq!((statuses.known.len(), statuses.told.len()), (FRIENDS_MAX, FRIENDS_MAX));
        assert!(statuses.known.contains_key(&UserId(0)), "it was told again");
        assert!(!statuses.known.contains_key(&UserId(1)));
    }
}
