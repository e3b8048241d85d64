//! Does the cluster make sense?

use std::collections::BTreeSet;

use super::{name_problem, outside};
use crate::Cluster;
use crate::error::Problem;

/// Chat servers that a scenario may have at most: the full engine has a host for each.
const CHAT_MAX: u32 = 8;
/// Hosts of devices that a scenario may have at most, for the same reason.
const DEVICE_HOSTS_MAX: u32 = 4;
/// Presence servers at most, for the same reason.
const PRESENCE_MAX: u32 = 8;
/// Notifiers, and API servers, at most: two are enough for one to take over from the other.
const PAIR_MAX: u32 = 2;

pub(super) fn problems(cluster: &Cluster) -> Vec<Problem> {
    let mut problems = Vec::new();
    problems.extend(outside("cluster.chat", cluster.chat, 1, CHAT_MAX));
    problems.extend(outside("cluster.presence", cluster.presence, 0, PRESENCE_MAX));
    problems.extend(outside("cluster.notify", cluster.notify, 0, PAIR_MAX));
    problems.extend(outside("cluster.api", cluster.api, 0, PAIR_MAX));
    problems.extend(outside("cluster.devices", cluster.devices, 1, DEVICE_HOSTS_MAX));
    problems.extend(region_problems(cluster));
    if cluster.latency_max < cluster.latency_min {
        problems.push(Problem::new(
            "cluster.latency_max",
            format!("`latency_max` must not be below `latency_min` ({})", cluster.latency_min),
        ));
    }
    problems
}

fn region_problems(cluster: &Cluster) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    for (index, region) in cluster.regions.iter().enumerate() {
        let place = format!("cluster.regions.{index}");
        problems.extend(name_problem(&place, region));
        if !seen.insert(region) {
            problems.push(Problem::new(&place, format!("the region `{region}` comes twice")));
        }
        if index as u64 >= u64::from(cluster.chat.max(cluster.devices)) {
            problems.push(
                Problem::new(&place, format!("nothing is in the region `{region}`")).advise(
                    "chat servers and hosts of devices are spread over the regions in turn: add \
                     some of them, or remove the region",
                ),
            );
        }
    }
    problems
}
