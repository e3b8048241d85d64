//! The turns of devices that were put off.

use std::collections::{BTreeMap, BTreeSet};

use super::admission::JITTER;
use crate::{ids::DeviceId, time::Monotonic};

/// Who waits for which turn: whoever asks again before it comes, since it was restarted or its
/// network was switched, takes no second place in the queue, which would stay empty.
///
/// A turn is forgotten soon after it has passed, so that there are hardly more of them than are
/// admitted within the longest wait.
#[derive(Debug, Default)]
pub(super) struct Turns {
    of: BTreeMap<DeviceId, Turn>,
    order: BTreeSet<(Monotonic, DeviceId)>,
}

/// A place in one of the two queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Turn {
    pub(super) at: Monotonic,
    /// Whether it is in the queue of those who have nothing to send.
    pub(super) background: bool,
}

impl Turns {
    /// The turn that the device has, or had a moment ago: it may be a bit late.
    pub(super) fn of(&mut self, now: Monotonic, device: DeviceId) -> Option<Turn> {
        self.forget_passed(now);
        self.of.get(&device).copied()
    }

    /// Gives it this turn and no other.
    pub(super) fn give(&mut self, device: DeviceId, turn: Turn) {
        self.end(device);
        self.of.insert(device, turn);
        self.order.insert((turn.at, device));
    }

    /// It was let in.
    pub(super) fn end(&mut self, device: DeviceId) {
        if let Some(turn) = self.of.remove(&device) {
            self.order.remove(&(turn.at, device));
        }
    }

    fn forget_passed(&mut self, now: Monotonic) {
        let has_passed = |(at, _): &(Monotonic, DeviceId)| at.after(2 * JITTER) <= now;
        while let Some((at, device)) = self.order.first().copied().filter(has_passed) {
            self.order.remove(&(at, device));
            self.of.remove(&device);
        }
    }
}
