//! Devices that come and go as in a city: what becomes of one, and when.

use std::time::Duration;

use hubbub_chat::{DeviceId, random::Random};
use hubbub_scenario::FaultKind;

use crate::faults::ActiveFault;

/// Purpose of the random numbers.
const STREAM: u64 = 0x6368_7572_6e00_0000;

/// What a device goes through, one after the other, as `churn` says.
const KINDS: [FaultKind; 4] =
    [FaultKind::Blip, FaultKind::AirplaneMode, FaultKind::SwitchedNetwork, FaultKind::Crash];

/// A tunnel between two stations, an app that is killed and opened again: seconds, rarely more.
const LENGTH: (Duration, Duration) = (Duration::from_millis(200), Duration::from_secs(8));

/// Time between two of them: long enough to attach and to read on.
const BETWEEN: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(12));

/// One thing that a device goes through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Spell {
    pub(crate) kind: FaultKind,
    /// From the start of the run.
    pub(crate) at: Duration,
    pub(crate) until: Duration,
}

/// What a device goes through during a `churn`, in order: nothing of it outlasts the fault.
pub(crate) fn spells(fault: &ActiveFault, device: DeviceId, seed: u64) -> Vec<Spell> {
    let mut random = Random::stream(seed ^ u64::from(fault.id), STREAM ^ device.0);
    let mut spells = Vec::new();
    let mut at = fault.at + random.up_to(BETWEEN.1);
    while at < fault.until {
        let until = (at + between(&mut random, LENGTH)).min(fault.until);
        let kind = KINDS[random.below(KINDS.len() as u64) as usize];
        spells.push(Spell { kind, at, until });
        at = until + between(&mut random, BETWEEN);
    }
    spells
}

fn between(random: &mut Random, (least, most): (Duration, Duration)) -> Duration {
    least + random.up_to(most - least)
}
