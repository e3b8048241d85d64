//! Hosts that are slow: what arrives there takes its turn.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::time::nanoseconds;

use super::{Engine, Happening};
use crate::{hosts::HostId, reach::BEHIND_MAX};

/// A host that is slow, or has not yet done what arrived when it was.
#[derive(Debug, Default)]
pub(super) struct SlowHost {
    faults: BTreeMap<u32, Duration>,
    /// When the last thing that arrived has its turn.
    busy_until: u64,
}

impl Engine<'_> {
    /// Says until when what arrived meanwhile keeps the host busy.
    pub(super) fn slow_down(&mut self, host: HostId, fault: u32, by: Option<Duration>) -> u64 {
        let slow = self.slow.entry(host).or_default();
        match by {
            Some(by) => drop(slow.faults.insert(fault, by)),
            None => drop(slow.faults.remove(&fault)),
        }
        slow.busy_until.max(self.now)
    }

    /// Has what happens on a slow host wait for its turn; gives back what need not wait.
    pub(super) fn queue_up(&mut self, happening: Happening) -> Option<Happening> {
        if self.slow.is_empty() {
            return Some(happening);
        }
        let Some(host) = self.place_of(&happening) else { return Some(happening) };
        let Some(slow) = self.slow.get_mut(&host) else { return Some(happening) };
        let Some(by) = slow.faults.values().max() else {
            // It is as fast as before, and has the rest to do.
            if slow.busy_until <= self.now {
                self.slow.remove(&host);
                return Some(happening);
            }
            let turn = slow.busy_until;
            self.at(turn, Happening::Turn(host, Box::new(happening)));
            return None;
        };
        let latest = self.now + nanoseconds(BEHIND_MAX * *by);
        let takes = nanoseconds(self.of_troubles.up_to(*by));
        let turn = slow.busy_until.max(self.now) + takes;
        slow.busy_until = turn.min(latest.max(slow.busy_until));
        let turn = slow.busy_until;
        for fault in slow.faults.keys() {
            self.network.count(*fault, 1);
        }
        self.at(turn, Happening::Turn(host, Box::new(happening)));
        None
    }
}
