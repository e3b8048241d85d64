//! The clocks of hosts.

use hubbub_chat::time::{Monotonic, Now, Wall};

use super::Engine;
use crate::{hosts::HostId, setup::WALL_START_NS};

impl Engine<'_> {
    pub(super) fn true_time(&self) -> Now {
        Now { monotonic: Monotonic(self.now), wall: Wall(WALL_START_NS + self.now) }
    }

    /// Reads the clocks of a host. Wrong wall clocks count how often they are read.
    pub(super) fn clock(&mut self, host: HostId) -> Now {
        let Self { clocks, network, now, .. } = self;
        let wall = clocks[host.0].read(*now, |fault| network.count(fault, 1));
        Now { monotonic: Monotonic(*now), wall }
    }
}
