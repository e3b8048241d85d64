//! How long it took until others saw that a user had gone.

use hubbub_chat::{DeviceId, UserId};

use super::Presence;
use crate::index::{
    Index,
    spans::{Span, around, outside},
};

/// A device showed that a user had gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OfflineNotice {
    /// The device that showed it.
    pub device: DeviceId,
    /// Who had gone.
    pub user: UserId,
    /// When the last device of the user was gone, in nanoseconds since the run began.
    pub gone_ns: u64,
    /// When it was shown, in nanoseconds since the run began.
    pub shown_ns: u64,
}

impl OfflineNotice {
    /// How long it took, in nanoseconds.
    #[must_use]
    pub fn delay_ns(&self) -> u64 {
        self.shown_ns - self.gone_ns
    }
}

/// Finds, for each time that a user was gone and each device that showed them as online then, when
/// it showed that they were not. Left out are gaps below `offline_after`, devices that were
/// themselves away meanwhile, and users who came back before.
#[must_use]
pub fn offline_notices(index: &Index<'_>) -> Vec<OfflineNotice> {
    find(&Presence::of(index))
}

pub(crate) fn find(presence: &Presence) -> Vec<OfflineNotice> {
    let mut notices = Vec::new();
    for (device, user) in presence.shown_pairs() {
        let attached = presence.attached.get(&user).map_or(&[][..], Vec::as_slice);
        let shown = presence.shown(device, user);
        let observing = presence.observing.get(&device).map_or(&[][..], Vec::as_slice);
        let away = outside(attached, presence.end_ns);
        let is_real =
            |gone: &Span| gone.from_ns > 0 && gone.length_ns() >= presence.offline_after_ns;
        for gone in away.into_iter().filter(is_real) {
            let after = shown.partition_point(|one| one.t_ns <= gone.from_ns);
            let was_online = after > 0 && shown[after - 1].online;
            let Some(notice) = shown[after..].iter().find(|one| !one.online) else { continue };
            let watched = around(observing, gone.from_ns);
            let there = watched.is_some_and(|span| span.contains(notice.t_ns));
            if was_online && there && gone.contains(notice.t_ns) {
                let (gone_ns, shown_ns) = (gone.from_ns, notice.t_ns);
                notices.push(OfflineNotice { device, user, gone_ns, shown_ns });
            }
        }
    }
    notices
}
