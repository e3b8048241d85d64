//! The end of a run: faults are over, and what is pending comes to its end.

use hubbub_chat::time::nanoseconds;
use hubbub_history::{Phase, Source};

use super::{Engine, Happening};
use crate::ending::{SETTLE_CHECK, final_event, phase};

impl Engine<'_> {
    pub(super) fn heal(&mut self) {
        self.record(Source::Harness, "harness", 0, phase(Phase::Heal, None));
        let deadline = nanoseconds(self.setup.deadline());
        self.record(Source::Harness, "harness", 0, phase(Phase::Liveness, Some(deadline)));
        self.plan_settle_check();
    }

    pub(super) fn check_settled(&mut self) {
        let is_late = self.now >= nanoseconds(self.setup.deadline());
        let is_settled = self.is_settled();
        if !self.settling.look(is_settled, &self.setup.design) && !is_late {
            return self.plan_settle_check();
        }
        let up = self.devices.iter().filter(|(_, node)| node.is_up());
        let finals: Vec<_> = up.map(|(device, node)| final_event(*device, &node.disk)).collect();
        for event in finals {
            self.record(Source::Harness, "harness", 0, event);
        }
        self.record(Source::Harness, "harness", 0, phase(Phase::End, None));
        self.ended = true;
    }

    fn plan_settle_check(&mut self) {
        self.at(self.now + nanoseconds(SETTLE_CHECK), Happening::SettleCheck);
    }

    /// Nothing is pending on any device, and every device has what the store has for its user.
    pub(super) fn is_settled(&self) -> bool {
        let heads = self.store.heads(self.setup);
        self.devices.values().all(|node| node.is_settled(&heads, &self.setup.design))
    }
}
