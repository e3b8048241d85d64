//! A smaller cluster.

use hubbub_scenario::Cluster;

use super::{Search, Seeds};

/// How many hosts a role has for itself.
type Count = fn(&mut Cluster) -> &mut u32;

impl Search<'_> {
    /// Fewer hosts of each role, down to what a cluster needs, and the same place for all. A host
    /// that a fault names stays.
    pub(super) fn smaller_cluster(&mut self) {
        let default = Cluster::default();
        self.takes(Seeds::Others, |scenario| scenario.cluster.regions.clear());
        self.takes(Seeds::Others, |scenario| {
            scenario.cluster.latency_min = default.latency_min;
            scenario.cluster.latency_max = default.latency_max;
        });
        // A role needs no hosts of its own: then the store's plays it.
        let roles: [(Count, u32); 5] = [
            (|cluster| &mut cluster.chat, 1),
            (|cluster| &mut cluster.presence, 0),
            (|cluster| &mut cluster.notify, 0),
            (|cluster| &mut cluster.api, 0),
            (|cluster| &mut cluster.devices, 1),
        ];
        for (count, least) in roles {
            let fewest = |cluster: &mut Cluster| *count(cluster) = least;
            if self.takes(Seeds::Others, |scenario| fewest(&mut scenario.cluster)) {
                continue;
            }
            while self.takes(Seeds::Others, |scenario| {
                let count = count(&mut scenario.cluster);
                *count = count.saturating_sub(1).max(least);
            }) {}
        }
    }
}
