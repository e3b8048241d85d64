//! The network of the fast engine: links that can be cut, held and slowed, and lanes on them that
//! keep their order.

use std::{collections::BTreeMap, time::Duration};

use hubbub_chat::{DeviceId, random::Random, time::nanoseconds};
use hubbub_scenario::Cluster;

use crate::{
    hosts::HostId,
    links::{LinkState, latency_ns},
};

/// A stream of messages that arrive in the order in which they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// Between two hosts of servers.
    Hosts(HostId, HostId),
    /// A connection of this device; `true` towards the server.
    Stream(u64, DeviceId, bool),
    /// What this device asks API servers, and what they answer; `true` towards them.
    Api(DeviceId, bool),
}

impl Lane {
    pub(super) fn device(self) -> Option<DeviceId> {
        match self {
            Self::Hosts(..) => None,
            Self::Stream(_, device, _) | Self::Api(device, _) => Some(device),
        }
    }
}

/// What becomes of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It arrives at this time, in nanoseconds since the run began.
    Arrives(u64),
    /// It is lost.
    Dropped,
    /// It waits for the link.
    Held,
}

/// All links, and what faults have done on them.
#[derive(Debug)]
pub(super) struct Network {
    cluster: Cluster,
    random: Random,
    links: BTreeMap<(HostId, HostId), LinkState>,
    /// What strikes the devices of some users, whatever host they are on.
    devices: BTreeMap<DeviceId, LinkState>,
    last_arrival: BTreeMap<Lane, u64>,
    affected: BTreeMap<u32, u64>,
    pub(super) envelopes: u64,
}

impl Network {
    pub(super) fn new(cluster: &Cluster, random: Random) -> Self {
        Self {
            cluster: cluster.clone(),
            random,
            links: BTreeMap::new(),
            devices: BTreeMap::new(),
            last_arrival: BTreeMap::new(),
            affected: BTreeMap::new(),
            envelopes: 0,
        }
    }

    /// Decides what becomes of a message that is sent at `now`.
    pub(super) fn send(&mut self, now: u64, from: HostId, to: HostId, lane: Lane) -> Fate {
        self.envelopes += 1;
        let latency = self.latency();
        let mut slowest = 0;
        let of_device = lane.device().and_then(|device| self.devices.get(&device));
        let states = self.links.get(&(from, to)).into_iter().chain(of_device);
        let mut fate = None;
        for link in states {
            for fault in link.closed_by().iter().chain(link.slow.keys()) {
                *self.affected.entry(*fault).or_default() += 1;
            }
            if !link.cut.is_empty() {
                fate = Some(Fate::Dropped);
            } else if !link.held.is_empty() && fate.is_none() {
                fate = Some(Fate::Held);
            }
            slowest = link.slowest().map_or(0, nanoseconds).max(slowest);
        }
        if let Some(fate) = fate {
            return fate;
        }
        let last = self.last_arrival.entry(lane).or_default();
        *last = (*last).max(now + latency.max(slowest));
        Fate::Arrives(*last)
    }

    /// Lets what would arrive on a lane come as late as `at`. What follows on a connection of a device
    /// waits behind it; between servers it does not.
    pub(super) fn postpone(&mut self, lane: Lane, at: u64) -> u64 {
        if lane.device().is_some() {
            self.last_arrival.insert(lane, at);
        }
        at
    }

    /// Whether what is sent now is neither lost nor held.
    pub(super) fn is_open(&self, from: HostId, to: HostId, device: Option<DeviceId>) -> bool {
        let of_device = device.and_then(|device| self.devices.get(&device));
        self.links.get(&(from, to)).is_none_or(LinkState::is_open)
            && of_device.is_none_or(LinkState::is_open)
    }

    pub(super) fn latency(&mut self) -> u64 {
        latency_ns(&self.cluster, self.random.unit())
    }

    pub(super) fn cut(&mut self, links: &[(HostId, HostId)], fault: u32, on: bool) {
        self.change(links, |link| link.cut(fault, on));
    }

    pub(super) fn hold(&mut self, links: &[(HostId, HostId)], fault: u32, on: bool) {
        self.change(links, |link| link.hold(fault, on));
    }

    pub(super) fn slow(&mut self, links: &[(HostId, HostId)], fault: u32, by: Option<Duration>) {
        self.change(links, |link| link.slow(fault, by));
    }

    fn change(&mut self, links: &[(HostId, HostId)], mut change: impl FnMut(&mut LinkState)) {
        for link in links {
            change(self.links.entry(*link).or_default());
        }
    }

    pub(super) fn cut_devices(&mut self, devices: &[DeviceId], fault: u32, on: bool) {
        for device in devices {
            self.devices.entry(*device).or_default().cut(fault, on);
        }
    }

    pub(super) fn hold_devices(&mut self, devices: &[DeviceId], fault: u32, on: bool) {
        for device in devices {
            self.devices.entry(*device).or_default().hold(fault, on);
        }
    }

    /// Notes that a fault did something.
    pub(super) fn count(&mut self, fault: u32, times: u64) {
        *self.affected.entry(fault).or_default() += times;
    }

    pub(super) fn affected(&self, fault: u32) -> u64 {
        self.affected.get(&fault).copied().unwrap_or_default()
    }

    pub(super) fn forget(&mut self, stream: u64, device: DeviceId) {
        self.last_arrival.remove(&Lane::Stream(stream, device, true));
        self.last_arrival.remove(&Lane::Stream(stream, device, false));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: (HostId, HostId) = (HostId(0), HostId(1));
    const LANE: Lane = Lane::Hosts(HostId(0), HostId(1));

    fn network() -> Network {
        Network::new(&Cluster::default(), Random::new(1))
    }

    #[test]
    fn a_lane_keeps_its_order() {
        let mut network = network();
        let mut last = 0;
        for now in 0..1000 {
            let Fate::Arrives(at) = network.send(now, LINK.0, LINK.1, LANE) else { panic!() };
            assert!(at >= last && at > now);
            last = at;
        }
    }

    #[test]
    fn a_cut_link_drops_in_its_direction_alone() {
        let mut network = network();
        network.cut(&[LINK], 7, true);
        assert_eq!(network.send(0, LINK.0, LINK.1, LANE), Fate::Dropped);
        let back = Lane::Hosts(LINK.1, LINK.0);
        assert!(matches!(network.send(0, LINK.1, LINK.0, back), Fate::Arrives(_)));
        network.cut(&[LINK], 7, false);
        assert!(matches!(network.send(0, LINK.0, LINK.1, LANE), Fate::Arrives(_)));
        assert_eq!(network.affected(7), 1);
    }

    #[test]
    fn a_slow_link_takes_at_least_its_latency() {
        let mut network = network();
        network.slow(&[LINK], 3, Some(Duration::from_secs(1)));
        let Fate::Arrives(at) = network.send(5, LINK.0, LINK.1, LANE) else { panic!() };
        assert!(at >= 1_000_000_005);
        assert_eq!(network.affected(3), 1);
    }
}
