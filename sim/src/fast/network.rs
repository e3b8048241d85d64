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
    /// The device whose lane it is.
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

/// What becomes of a hint on an open link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hinted {
    Once,
    Lost,
    /// It comes a second time, so many nanoseconds after the first.
    Again(u64),
}

/// A hint that comes twice comes the second time up to so much later: by then others have come that
/// were sent after it.
const AGAIN_WITHIN: Duration = Duration::from_secs(1);

/// Faults on a link that strike what goes over no connection of a device.
#[derive(Debug, Default)]
struct Scrambled {
    /// Half of what is sent is kept back by up to so long, and overtaken.
    reorder: BTreeMap<u32, Duration>,
    /// So many of the hints are lost.
    hint_loss: BTreeMap<u32, f64>,
    /// So many of the hints come twice.
    hint_duplication: BTreeMap<u32, f64>,
}

/// All links, and what faults have done on them.
#[derive(Debug)]
pub(super) struct Network {
    cluster: Cluster,
    random: Random,
    /// What faults draw, so that they change no time that they do not strike.
    of_faults: Random,
    scrambled: BTreeMap<(HostId, HostId), Scrambled>,
    links: BTreeMap<(HostId, HostId), LinkState>,
    /// What strikes the devices of some users, whatever host they are on.
    devices: BTreeMap<DeviceId, LinkState>,
    last_arrival: BTreeMap<Lane, u64>,
    affected: BTreeMap<u32, u64>,
    pub(super) envelopes: u64,
}

impl Network {
    pub(super) fn new(cluster: &Cluster, random: Random, of_faults: Random) -> Self {
        Self {
            cluster: cluster.clone(),
            random,
            of_faults,
            scrambled: BTreeMap::new(),
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
        let mut latency = self.latency();
        let of_device = lane.device().and_then(|device| self.devices.get(&device));
        let links = || self.links.get(&(from, to)).into_iter().chain(of_device);
        let closed_by: Vec<u32> = links().flat_map(LinkState::closed_by).copied().collect();
        if !closed_by.is_empty() {
            let is_cut = links().any(|link| !link.cut.is_empty());
            closed_by.into_iter().for_each(|fault| self.count(fault, 1));
            return if is_cut { Fate::Dropped } else { Fate::Held };
        }
        // Whoever makes it later than it would have been counts.
        let own = latency;
        let mut late_by = Vec::new();
        for link in links() {
            for (fault, by) in link.slow.iter().filter(|(_, by)| nanoseconds(**by) > own) {
                latency = latency.max(nanoseconds(*by));
                late_by.push(*fault);
            }
        }
        for link in links() {
            for (fault, by) in &link.jitter {
                latency += nanoseconds(self.of_faults.up_to(*by));
                late_by.push(*fault);
            }
        }
        late_by.into_iter().for_each(|fault| self.count(fault, 1));
        if let Some(kept_back) = self.kept_back(from, to, lane) {
            return Fate::Arrives(now + latency + kept_back);
        }
        let last = self.last_arrival.entry(lane).or_default();
        *last = (*last).max(now + latency);
        Fate::Arrives(*last)
    }

    /// For how long a message between servers is kept back, while others overtake it.
    fn kept_back(&mut self, from: HostId, to: HostId, lane: Lane) -> Option<u64> {
        if lane.device().is_some() || self.scrambled.is_empty() {
            return None;
        }
        let mut kept_back = None;
        for (fault, by) in &self.scrambled.get(&(from, to))?.reorder {
            if self.of_faults.unit() < 0.5 {
                *self.affected.entry(*fault).or_default() += 1;
                let by = nanoseconds(self.of_faults.up_to(*by));
                kept_back = Some(kept_back.unwrap_or_default() + by);
            }
        }
        kept_back
    }

    /// How often a hint arrives that an open link takes, and how much later the second time.
    pub(super) fn hint(&mut self, from: HostId, to: HostId) -> Hinted {
        let Some(link) = self.scrambled.get(&(from, to)) else { return Hinted::Once };
        let mut is_struck = |faults: &BTreeMap<u32, f64>| {
            let mut is_struck = false;
            for (fault, share) in faults {
                if self.of_faults.unit() < *share {
                    *self.affected.entry(*fault).or_default() += 1;
                    is_struck = true;
                }
            }
            is_struck
        };
        if is_struck(&link.hint_loss) {
            Hinted::Lost
        } else if is_struck(&link.hint_duplication) {
            Hinted::Again(nanoseconds(self.of_faults.up_to(AGAIN_WITHIN)))
        } else {
            Hinted::Once
        }
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

    pub(super) fn jitter(&mut self, links: &[(HostId, HostId)], fault: u32, by: Option<Duration>) {
        self.change(links, |link| link.jitter(fault, by));
    }

    pub(super) fn reorder(&mut self, links: &[(HostId, HostId)], fault: u32, by: Option<Duration>) {
        self.scramble(links, |link| set(&mut link.reorder, fault, by));
    }

    pub(super) fn lose_hints(
        &mut self,
        links: &[(HostId, HostId)],
        fault: u32,
        share: Option<f64>,
    ) {
        self.scramble(links, |link| set(&mut link.hint_loss, fault, share));
    }

    pub(super) fn repeat_hints(
        &mut self,
        links: &[(HostId, HostId)],
        fault: u32,
        share: Option<f64>,
    ) {
        self.scramble(links, |link| set(&mut link.hint_duplication, fault, share));
    }

    fn scramble(&mut self, links: &[(HostId, HostId)], change: impl Fn(&mut Scrambled)) {
        for link in links {
            change(self.scrambled.entry(*link).or_default());
        }
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

fn set<T>(faults: &mut BTreeMap<u32, T>, fault: u32, value: Option<T>) {
    match value {
        Some(value) => drop(faults.insert(fault, value)),
        None => drop(faults.remove(&fault)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINK: (HostId, HostId) = (HostId(0), HostId(1));
    const LANE: Lane = Lane::Hosts(HostId(0), HostId(1));

    fn network() -> Network {
        Network::new(&Cluster::default(), Random::new(1), Random::new(2))
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

    #[test]
    fn a_latency_that_a_message_takes_anyway_does_nothing_and_what_is_lost_is_not_late() {
        let mut network = network();
        network.slow(&[LINK], 3, Some(Duration::from_nanos(1)));
        network.send(5, LINK.0, LINK.1, LANE);
        network.slow(&[LINK], 4, Some(Duration::from_secs(1)));
        network.jitter(&[LINK], 5, Some(Duration::from_secs(1)));
        network.cut(&[LINK], 6, true);
        network.send(5, LINK.0, LINK.1, LANE);
        assert_eq!([3, 4, 5, 6].map(|fault| network.affected(fault)), [0, 0, 0, 1]);
    }

    #[test]
    fn jitter_keeps_the_order_of_a_lane_and_takes_up_to_its_latency() {
        let mut network = network();
        network.jitter(&[LINK], 3, Some(Duration::from_secs(1)));
        let mut arrivals = Vec::new();
        for now in 0..100 {
            let Fate::Arrives(at) = network.send(now, LINK.0, LINK.1, LANE) else { panic!() };
            arrivals.push(at);
        }
        assert!(arrivals.is_sorted());
        assert!(arrivals[0] < 1_100_000_000 && arrivals[99] > 500_000_000);
        assert_eq!(network.affected(3), 100);
    }

    #[test]
    fn what_is_kept_back_is_overtaken_and_a_connection_of_a_device_is_not() {
        let mut network = network();
        network.reorder(&[LINK], 3, Some(Duration::from_secs(1)));
        let mut arrivals = |lane| {
            let send = |now| match network.send(now, LINK.0, LINK.1, lane) {
                Fate::Arrives(at) => at,
                Fate::Dropped | Fate::Held => panic!(),
            };
            (0..100).map(send).collect::<Vec<u64>>()
        };
        assert!(!arrivals(LANE).is_sorted());
        assert!(arrivals(Lane::Stream(1, DeviceId(1), true)).is_sorted());
        let kept_back = network.affected(3);
        assert!((20..80).contains(&kept_back), "about half: {kept_back}");
    }

    #[test]
    fn hints_are_lost_and_repeated_by_share() {
        let mut network = network();
        network.lose_hints(&[LINK], 3, Some(0.5));
        network.repeat_hints(&[LINK], 4, Some(1.0));
        let hints: Vec<Hinted> = (0..100).map(|_| network.hint(LINK.0, LINK.1)).collect();
        let lost = hints.iter().filter(|hint| **hint == Hinted::Lost).count() as u64;
        assert!((20..80).contains(&lost));
        assert!(!hints.contains(&Hinted::Once));
        assert_eq!((network.affected(3), network.affected(4)), (lost, 100 - lost));
        network.lose_hints(&[LINK], 3, None);
        network.repeat_hints(&[LINK], 4, None);
        assert_eq!(network.hint(LINK.0, LINK.1), Hinted::Once);
    }
}
