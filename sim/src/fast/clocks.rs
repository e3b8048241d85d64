//! The clocks of hosts.

use std::time::Duration;

use hubbub_chat::time::{Monotonic, Now, Wall};

use super::Engine;
use crate::{
    faults::Strike,
    hosts::HostId,
    setup::{Setup, WALL_START_NS},
};

impl Engine<'_> {
    pub(super) fn true_time(&self) -> Now {
        Now { monotonic: Monotonic(self.now), wall: Wall(WALL_START_NS + self.now) }
    }

    /// Reads the clocks of a host. Wrong wall clocks count how often they are read.
    pub(super) fn clock(&mut self, host: HostId) -> Now {
        let mut now = self.true_time();
        for (_, index) in self.wrong_clocks.iter().filter(|(struck, _)| *struck == host) {
            let fault = &self.setup.faults[*index];
            let offset = fault.fault.clock_offset_ns(Duration::from_nanos(self.now));
            if offset != 0 {
                self.network.count(fault.id, 1);
                now.wall = Wall(now.wall.0.saturating_add_signed(offset));
            }
        }
        now
    }
}

/// Hosts whose wall clock is wrong at times, and the faults' places in the schedule.
pub(super) fn wrong_clocks(setup: &Setup) -> Vec<(HostId, usize)> {
    let faults = setup.faults.iter().enumerate().filter(|(_, fault)| fault.is_of_clocks());
    let struck = faults.filter_map(|(index, fault)| match fault.strike {
        Strike::Host(host) => Some((host, index)),
        _ => None,
    });
    struck.collect()
}
