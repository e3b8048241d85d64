//! The network of the fast engine: links that can be cut, held and slowed, and lanes on them that
//! keep their order.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hubbub_chat::{random::Random, time::nanoseconds};
use hubbub_scenario::Cluster;

use crate::hosts::HostId;

/// A stream of messages that arrive in the order in which they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lane {
    /// Between a chat server and the store, or two chat servers.
    Hosts(HostId, HostId),
    /// A connection of a device; `true` towards the server.
    Stream(u64, bool),
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

#[derive(Debug, Default)]
struct LinkState {
    cut: BTreeSet<u32>,
    held: BTreeSet<u32>,
    slow: BTreeMap<u32, Duration>,
}

/// All links, and what faults have done on them.
#[derive(Debug)]
pub(super) struct Network {
    latency_min: u64,
    latency_span: u64,
    random: Random,
    links: BTreeMap<(HostId, HostId), LinkState>,
    last_arrival: BTreeMap<Lane, u64>,
    affected: BTreeMap<u32, u64>,
    pub(super) envelopes: u64,
}

impl Network {
    pub(super) fn new(cluster: &Cluster, random: Random) -> Self {
        let latency_min = nanoseconds(cluster.latency_min.0);
        let latency_span = nanoseconds(cluster.latency_max.0).saturating_sub(latency_min);
        Self {
            latency_min,
            latency_span,
            random,
            links: BTreeMap::new(),
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
        if let Some(link) = self.links.get(&(from, to)) {
            let struck = if link.cut.is_empty() { &link.held } else { &link.cut };
            for fault in struck.iter().chain(link.slow.keys()) {
                *self.affected.entry(*fault).or_default() += 1;
            }
            if !link.cut.is_empty() {
                return Fate::Dropped;
            }
            if !link.held.is_empty() {
                return Fate::Held;
            }
            slowest = link.slow.values().map(|slow| nanoseconds(*slow)).max().unwrap_or(0);
        }
        let last = self.last_arrival.entry(lane).or_default();
        *last = (*last).max(now + latency.max(slowest));
        Fate::Arrives(*last)
    }

    /// Most messages are close to the least latency: the fourth power of a uniform number has a
    /// mean of a fifth.
    fn latency(&mut self) -> u64 {
        let unit = self.random.unit();
        let share = unit * unit * unit * unit;
        self.latency_min + (self.latency_span as f64 * share) as u64
    }

    pub(super) fn cut(&mut self, links: &[(HostId, HostId)], fault: u32, on: bool) {
        self.change(links, |link| toggle(&mut link.cut, fault, on));
    }

    pub(super) fn hold(&mut self, links: &[(HostId, HostId)], fault: u32, on: bool) {
        self.change(links, |link| toggle(&mut link.held, fault, on));
    }

    pub(super) fn slow(&mut self, links: &[(HostId, HostId)], fault: u32, by: Option<Duration>) {
        self.change(links, |link| match by {
            Some(by) => drop(link.slow.insert(fault, by)),
            None => drop(link.slow.remove(&fault)),
        });
    }

    fn change(&mut self, links: &[(HostId, HostId)], mut change: impl FnMut(&mut LinkState)) {
        for link in links {
            change(self.links.entry(*link).or_default());
        }
    }

    /// Whether nothing gets through between two hosts, in one direction or in both.
    pub(super) fn is_cut(&self, one: HostId, other: HostId) -> bool {
        let is_cut = |link| self.links.get(&link).is_some_and(|link| !link.cut.is_empty());
        is_cut((one, other)) || is_cut((other, one))
    }

    /// Notes that a fault did something.
    pub(super) fn count(&mut self, fault: u32, times: u64) {
        *self.affected.entry(fault).or_default() += times;
    }

    pub(super) fn affected(&self, fault: u32) -> u64 {
        self.affected.get(&fault).copied().unwrap_or_default()
    }

    pub(super) fn forget(&mut self, stream: u64) {
        self.last_arrival.remove(&Lane::Stream(stream, true));
        self.last_arrival.remove(&Lane::Stream(stream, false));
    }
}

fn toggle(faults: &mut BTreeSet<u32>, fault: u32, on: bool) {
    if on {
        faults.insert(fault);
    } else {
        faults.remove(&fault);
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
