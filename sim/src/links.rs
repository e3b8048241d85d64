//! Links, the faults that strike them, and what of a device's network is left.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use hubbub_chat::time::nanoseconds;
use hubbub_scenario::Cluster;

/// The faults that strike a link in one direction, or a device, at the moment.
#[derive(Debug, Default)]
pub(crate) struct LinkState {
    /// What is sent is lost.
    pub(crate) cut: BTreeSet<u32>,
    /// What is sent waits.
    pub(crate) held: BTreeSet<u32>,
    /// What is sent takes at least so long.
    pub(crate) slow: BTreeMap<u32, Duration>,
    /// What is sent takes up to so long more, each message another time.
    pub(crate) jitter: BTreeMap<u32, Duration>,
}

impl LinkState {
    pub(crate) fn cut(&mut self, fault: u32, on: bool) {
        toggle(&mut self.cut, fault, on);
    }

    pub(crate) fn hold(&mut self, fault: u32, on: bool) {
        toggle(&mut self.held, fault, on);
    }

    /// Without a latency the fault is over.
    pub(crate) fn slow(&mut self, fault: u32, by: Option<Duration>) {
        match by {
            Some(by) => drop(self.slow.insert(fault, by)),
            None => drop(self.slow.remove(&fault)),
        }
    }

    /// Without a latency the fault is over.
    pub(crate) fn jitter(&mut self, fault: u32, by: Option<Duration>) {
        match by {
            Some(by) => drop(self.jitter.insert(fault, by)),
            None => drop(self.jitter.remove(&fault)),
        }
    }

    /// What is sent now is neither lost nor held.
    pub(crate) fn is_open(&self) -> bool {
        self.cut.is_empty() && self.held.is_empty()
    }

    /// Why what is sent now does not arrive: what is lost does not wait.
    pub(crate) fn closed_by(&self) -> &BTreeSet<u32> {
        if self.cut.is_empty() { &self.held } else { &self.cut }
    }

    /// The most that any fault asks for.
    pub(crate) fn slowest(&self) -> Option<Duration> {
        self.slow.values().max().copied()
    }
}

/// How long a message takes over a link that nothing strikes, in nanoseconds. `unit` is drawn from 0
/// to 1. Most messages are close to the least latency: the fourth power of a uniform number has a
/// mean of a fifth.
pub(crate) fn latency_ns(cluster: &Cluster, unit: f64) -> u64 {
    let least = nanoseconds(cluster.latency_min.0);
    let span = nanoseconds(cluster.latency_max.0).saturating_sub(least);
    least + (span as f64 * (unit * unit * unit * unit)) as u64
}

fn toggle(faults: &mut BTreeSet<u32>, fault: u32, on: bool) {
    if on {
        faults.insert(fault);
    } else {
        faults.remove(&fault);
    }
}

/// What a device's network does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    /// What the device sends arrives.
    pub(crate) sends: bool,
    /// What is sent to it arrives.
    pub(crate) hears: bool,
}

impl Default for Link {
    fn default() -> Self {
        Self { sends: true, hears: true }
    }
}

impl Link {
    /// A device that is attached to a chat server has a link as long as its connections carry what
    /// it sends: `broken` says whether something was lost on any of them, from the device, and to
    /// it. Any other device has one if one of the `count` chat servers can be reached at all.
    pub(crate) fn of(
        server: Option<usize>,
        count: usize,
        broken: [bool; 2],
        path: impl Fn(usize) -> Self,
    ) -> Self {
        let Some(server) = server else {
            let works = (0..count).map(path).any(|path| path == Self::default());
            return Self { sends: works, hears: works };
        };
        let (path, [up, down]) = (path(server), broken);
        Self { sends: path.sends && !up, hears: path.hears && !down }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_faults_of_a_kind_are_over_with_the_last() {
        let mut link = LinkState::default();
        link.cut(1, true);
        link.cut(2, true);
        link.hold(3, true);
        link.cut(1, false);
        assert_eq!(link.closed_by(), &BTreeSet::from([2]), "the hold does nothing meanwhile");
        link.cut(2, false);
        assert!(!link.is_open());
        link.hold(3, false);
        assert!(link.is_open() && link.closed_by().is_empty());
    }

    #[test]
    fn a_device_without_a_server_has_a_link_where_one_server_can_answer() {
        let half = Link { sends: true, hears: false };
        let one_of = |paths: [Link; 2]| Link::of(None, 2, [false; 2], |server| paths[server]);
        assert_eq!(one_of([half, Link::default()]), Link::default());
        assert_eq!(one_of([half, half]), Link { sends: false, hears: false });
    }

    #[test]
    fn an_attached_device_depends_on_its_own_connection() {
        let of = |broken| Link::of(Some(1), 2, broken, |_| Link::default());
        assert_eq!(of([false, true]), Link { sends: true, hears: false });
        assert_eq!(of([false, false]), Link::default());
    }
}
