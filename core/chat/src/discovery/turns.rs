//! The turns of devices that were put off.

use std::collections::{BTreeMap, BTreeSet};

use crate::{ids::DeviceId, time::Monotonic};

/// Who waits for which turn: whoever asks again before it comes, since it was restarted or its
/// network was switched, takes no second place in the queue, which would stay empty.
///
/// A turn is forgotten once it has passed, so that there are never more of them than are admitted
/// within the longest wait.
#[derive(Debug, Default)]
pub(super) struct Turns {
    of: BTreeMap<DeviceId, Turn>,
    order: BTreeSet<(Monotonic, DeviceId)>,
}

/// A place in the queue.
#[derive(Debug, Clone, Copy)]
struct Turn {
    at: Monotonic,
    background: bool,
}

impl Turns {
    /// The turn that the device still has, if it is no worse than one that it could be given: one
    /// with something to send does not wait where those wait who have nothing.
    pub(super) fn kept(
        &mut self,
        now: Monotonic,
        device: DeviceId,
        background: bool,
    ) -> Option<Monotonic> {
        self.forget_passed(now);
        let turn = self.of.get(&device)?;
        (background || !turn.background).then_some(turn.at)
    }

    /// Gives it this turn and no other.
    pub(super) fn give(&mut self, device: DeviceId, at: Monotonic, background: bool) {
        self.end(device);
        self.of.insert(device, Turn { at, background });
        self.order.insert((at, device));
    }

    /// It was let in.
    pub(super) fn end(&mut self, device: DeviceId) {
        if let Some(turn) = self.of.remove(&device) {
            self.order.remove(&(turn.at, device));
        }
    }

    fn forget_passed(&mut self, now: Monotonic) {
        while let Some((at, device)) = self.order.first().copied().filter(|(at, _)| *at <= now) {
            self.order.remove(&(at, device));
            self.of.remove(&device);
        }
    }
}
