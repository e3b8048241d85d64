//! When each fault of the schedule begins and ends, with the parts of those that come in parts.

use std::time::Duration;

use hubbub_chat::DeviceId;
use hubbub_scenario::FaultKind;

use crate::{
    churn::episodes,
    faults::{ActiveFault, Strike},
    hosts::HostId,
    setup::Setup,
};

/// What comes next; the earlier the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Due {
    pub(super) at: Duration,
    pub(super) turn: Turn,
    /// The place of the fault in the schedule.
    pub(super) fault: usize,
    pub(super) part: Part,
}

/// What happens to a fault. At one time what ends comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    Ends,
    /// Nothing of it is left.
    IsOver,
    Begins,
}

/// What of a fault begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Whole,
    /// The turn of one host.
    Host(HostId),
    /// What befalls one device for a while.
    Episode(DeviceId, FaultKind),
}

/// All of a run, the next one last.
pub(super) fn all(setup: &Setup) -> Vec<Due> {
    let faults = setup.faults.iter().enumerate();
    let mut due: Vec<Due> = faults.flat_map(|(index, fault)| of(setup, index, fault)).collect();
    due.sort_by_key(|due| std::cmp::Reverse(*due));
    due
}

fn of(setup: &Setup, index: usize, fault: &ActiveFault) -> Vec<Due> {
    // What was sent last is still on its slow way, and what follows waits behind it.
    let left = match fault.strike {
        Strike::Slow(_, by) => by,
        _ => Duration::ZERO,
    };
    let due = |at, turn, part| Due { at, turn, fault: index, part };
    let span = |from, until, part| [due(from, Turn::Begins, part), due(until, Turn::Ends, part)];
    let mut turns = vec![due(fault.until.saturating_add(left), Turn::IsOver, Part::Whole)];
    turns.extend(span(fault.at, fault.until, Part::Whole));
    match &fault.strike {
        Strike::Rolling(hosts) => {
            let each = (fault.until - fault.at) / u32::try_from(hosts.len().max(1)).unwrap_or(1);
            for (place, host) in (0..).zip(hosts) {
                let from = fault.at + each * place;
                turns.extend(span(from, from + each, Part::Host(*host)));
            }
        }
        Strike::Devices(devices) if fault.kind == FaultKind::Churn => {
            for device in devices {
                let episodes = episodes(setup.seed, fault.id, *device, fault.at..fault.until);
                turns.extend(
                    episodes
                        .into_iter()
                        .flat_map(|it| span(it.from, it.until, Part::Episode(*device, it.kind))),
                );
            }
        }
        _ => {}
    }
    turns
}
