//! Devices that show an older decision after a newer one.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{DeviceId, UserId, ports::directory::FRIENDS_MAX};

use super::super::{Finding, Violation};
use crate::{event::EventBody, explain::seconds, index::Index};

/// What a device showed last of a user.
struct Decision {
    t_ns: u64,
    /// Epoch and version.
    place: (u64, u64),
}

/// Finds each line that shows a decision older than what the device showed before. Whatever faults
/// there are, a device can tell: decisions are numbered. One that stopped in between may have
/// forgotten, and so may one that was told of more users than it remembers.
pub(super) fn check(index: &Index<'_>, finding: &mut Finding) {
    let mut shown: BTreeMap<(DeviceId, UserId), Decision> = BTreeMap::new();
    let forgetful = forgetful(index);
    for event in index.history().events() {
        let EventBody::Shown { device, user, online, epoch, version, .. } = event.body else {
            continue;
        };
        if forgetful.contains(&device) {
            continue;
        }
        let decision = Decision { t_ns: event.t_ns, place: (epoch, version) };
        let before = shown.insert((device, user), decision);
        let Some(before) = before.filter(|before| before.place > (epoch, version)) else {
            continue;
        };
        if has_stopped(index, device, before.t_ns, event.t_ns) {
            continue;
        }
        finding.judged += 1;
        finding.add(|| {
            let summary = format!(
                "device {device} showed user {user} as {} at {} by a decision that is older than \
                 the one which it showed at {}",
                if online { "online" } else { "offline" },
                seconds(event.t_ns),
                seconds(before.t_ns),
            );
            Violation::outside(event.seq, summary, super::concerned(index, device, user))
        });
    }
}

fn forgetful(index: &Index<'_>) -> BTreeSet<DeviceId> {
    let mut users: BTreeMap<DeviceId, BTreeSet<UserId>> = BTreeMap::new();
    for event in index.history().events() {
        if let EventBody::Shown { device, user, .. } = event.body {
            users.entry(device).or_default().insert(user);
        }
    }
    users.retain(|_, users| users.len() > FRIENDS_MAX);
    users.into_keys().collect()
}

fn has_stopped(index: &Index<'_>, device: DeviceId, from_ns: u64, to_ns: u64) -> bool {
    let life = index.world().lives.get(&device);
    let mut stopped = life.into_iter().flat_map(|life| &life.stopped);
    stopped.any(|t_ns| (from_ns..=to_ns).contains(t_ns))
}
