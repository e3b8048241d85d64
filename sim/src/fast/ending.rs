//! The end of a run: faults are over, and what is pending comes to its end.

use hubbub_chat::{
    design::{CursorScope, Ids},
    time::nanoseconds,
};
use hubbub_history::{EventBody, Phase, Source};

use super::{DeviceNode, Engine, Happening};

/// How often the engine looks whether everything has settled after the heal.
const SETTLE_CHECK_NS: u64 = 500_000_000;

impl Engine<'_> {
    pub(super) fn heal(&mut self) {
        self.record(Source::Harness, "harness", 0, phase(Phase::Heal, None));
        let deadline = nanoseconds(self.setup.deadline());
        self.record(Source::Harness, "harness", 0, phase(Phase::Liveness, Some(deadline)));
        self.at(self.now + SETTLE_CHECK_NS, Happening::SettleCheck);
    }

    pub(super) fn check_settled(&mut self) {
        let late = self.now >= nanoseconds(self.setup.deadline());
        let is_settled = self.is_settled();
        // Where the end of a log says nothing of what lies before, what is on its way may have more.
        let again = self.setup.design.ids != Ids::ChannelSequence
            || self.setup.design.cursor == CursorScope::Global;
        let was_settled = std::mem::replace(&mut self.was_settled, is_settled);
        if !late && !(is_settled && (was_settled || !again)) {
            return self.at(self.now + SETTLE_CHECK_NS, Happening::SettleCheck);
        }
        let finals: Vec<_> = self.devices.values().filter_map(DeviceNode::final_event).collect();
        for event in finals {
            self.record(Source::Harness, "harness", 0, event);
        }
        self.record(Source::Harness, "harness", 0, phase(Phase::End, None));
        self.ended = true;
    }

    /// Nothing is pending on any device, and every device has what the store has for its user.
    pub(super) fn is_settled(&self) -> bool {
        let heads = self.store.heads();
        self.devices.values().all(|node| node.is_settled(&heads, &self.setup.design))
    }
}

pub(super) fn phase(phase: Phase, deadline_ns: Option<u64>) -> EventBody {
    EventBody::Phase { phase, deadline_ns }
}
