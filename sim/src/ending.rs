//! The end of a run: when everything has settled, and what is said then.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::{
    ChannelId, Design, DeviceId, MessageId, UserId,
    design::{CursorScope, Ids},
    device::DeviceDisk,
    ports::store::StoreModel,
};
use hubbub_history::{EventBody, Phase};

use crate::setup::Setup;

/// How often an engine looks whether everything has settled after the heal.
pub(crate) const SETTLE_CHECK: Duration = Duration::from_millis(500);

/// The last entry that each user may see, per channel.
pub(crate) type Heads = BTreeMap<UserId, Vec<(ChannelId, MessageId)>>;

/// What users may see, as the store has it.
pub(crate) fn heads(store: &StoreModel, setup: &Setup) -> Heads {
    let users: Vec<UserId> = setup.population.users().iter().map(|user| user.id).collect();
    store.heads(&users).into_iter().collect()
}

/// Whether everything has settled, as seen at several times.
#[derive(Debug, Default)]
pub(crate) struct Settling {
    was_settled: bool,
}

impl Settling {
    /// Takes in how it looks now; true when the run may end. Where the end of a log says nothing of
    /// what lies before, what is on its way may have more: there it must look so twice.
    pub(crate) fn look(&mut self, is_settled: bool, design: &Design) -> bool {
        let again = design.ids != Ids::ChannelSequence || design.cursor == CursorScope::Global;
        let was_settled = std::mem::replace(&mut self.was_settled, is_settled);
        is_settled && (was_settled || !again)
    }
}

/// Nothing is pending on a device's disk, and it stands at the end of everything that its user may
/// see.
pub(crate) fn has_all(disk: &DeviceDisk, user: UserId, heads: &Heads, design: &Design) -> bool {
    if disk.pending() > 0 {
        return false;
    }
    let heads = heads.get(&user).map_or(&[][..], Vec::as_slice);
    if design.cursor == CursorScope::Global {
        let newest = heads.iter().map(|(_, head)| *head).max().unwrap_or_default();
        return disk.newest() >= newest;
    }
    let cursors = disk.cursors();
    let is_there = |(channel, head): &(ChannelId, MessageId)| {
        cursors.get(channel).is_some_and(|cursor| cursor >= head)
    };
    heads.iter().all(is_there)
}

/// What a device holds at the end.
pub(crate) fn final_event(device: DeviceId, disk: &DeviceDisk) -> EventBody {
    EventBody::Final { device, cursors: disk.cursors(), digests: disk.digests() }
}

/// Another phase of the run begins.
pub(crate) fn phase(phase: Phase, deadline_ns: Option<u64>) -> EventBody {
    EventBody::Phase { phase, deadline_ns }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_logs_have_no_holes_one_look_is_enough() {
        let design = Design::default();
        let mut settling = Settling::default();
        assert!(!settling.look(false, &design));
        assert!(settling.look(true, &design));
    }

    #[test]
    fn elsewhere_it_must_look_settled_twice_in_a_row() {
        let design = Design { cursor: CursorScope::Global, ..Design::default() };
        let mut settling = Settling::default();
        let looks = [true, false, true, true].map(|is_settled| settling.look(is_settled, &design));
        assert_eq!(looks, [false, false, false, true]);
    }
}
