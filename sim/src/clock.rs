//! The wall clocks of hosts.

use std::time::Duration;

use hubbub_chat::time::Wall;
use hubbub_scenario::Fault;

use crate::{
    faults::Strike,
    hosts::HostId,
    setup::{Setup, WALL_START_NS},
};

/// The wall clock of a host, with the faults that set it wrong at times.
#[derive(Debug)]
pub(crate) struct WallClock(Vec<(u32, Fault)>);

impl WallClock {
    pub(crate) fn new(setup: &Setup, host: HostId) -> Self {
        let of_clocks = setup.faults.iter().filter(|fault| fault.is_of_clocks());
        let here = of_clocks.filter(|fault| fault.strike == Strike::Host(host));
        Self(here.map(|fault| (fault.id, fault.fault.clone())).collect())
    }

    /// What it shows so long after the run began. `wrong` is called for each fault that shifts it.
    pub(crate) fn read(&self, elapsed_ns: u64, mut wrong: impl FnMut(u32)) -> Wall {
        let mut wall = WALL_START_NS + elapsed_ns;
        for (id, fault) in &self.0 {
            let offset = fault.clock_offset_ns(Duration::from_nanos(elapsed_ns));
            if offset != 0 {
                wrong(*id);
                wall = wall.saturating_add_signed(offset);
            }
        }
        Wall(wall)
    }
}
