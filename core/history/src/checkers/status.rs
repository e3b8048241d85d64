//! The dot beside a name tells the truth.

mod backward;

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{DeviceId, UserId};

use super::{Checker, Finding, Violation};
use crate::{
    explain::seconds,
    index::{
        Index,
        spans::{Span, common},
    },
    presence::{Flap, Presence, Showing, status_flaps_of},
};

/// `status`: one case per time in which a device that is told of a friend's status had to show
/// what is true, per line in which any other one shows a status in such a time, and per chance of
/// a flap ([`crate::presence::status_flaps`]). A line that shows an older decision than the device
/// showed before is wrong by itself, whatever is true.
///
/// What is true is said in [`crate::presence`]. A device had to show it once both the user had been
/// as they were and the device had been attached, up and linked for as long as a change may take:
/// lease and publication, once more from when a server that may carry presence stopped or started and
/// was known to, and up to a refresh more after a fault between servers. Before that lies the grey zone, in which a
/// device may show either; while a fault keeps servers apart, nothing is judged but flaps. A flap
/// is judged without that delay: in a gap below `offline_after` nobody may be shown as offline.
#[derive(Debug, Clone, Copy)]
pub struct Status;

impl Checker for Status {
    fn name(&self) -> &'static str {
        "status"
    }

    fn holds_when(&self) -> &'static str {
        "a device that is attached shows its user's friends as they are, within lease and \
         publication, nobody as offline for a gap below `offline_after`, and nothing older than \
         what it showed before"
    }

    fn applies(&self, index: &Index<'_>) -> bool {
        index.bounds().lease_ns > 0 && !index.friends().is_empty()
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        if index.bounds().lease_ns == 0 {
            return finding;
        }
        let presence = Presence::of(index);
        let flaps = status_flaps_of(index, &presence);
        finding.judged += flaps.judged;
        flaps.flaps.iter().for_each(|flap| add_flap(index, flap, &mut finding));
        let flapped: BTreeSet<u64> = flaps.flaps.iter().map(|flap| flap.seq).collect();
        check_pairs(index, &presence, &flapped, &mut finding);
        backward::check(index, &mut finding);
        finding
    }
}

fn add_flap(index: &Index<'_>, flap: &Flap, finding: &mut Finding) {
    finding.add(|| {
        let Flap { device, user, t_ns, seq, online_since_ns } = *flap;
        let summary = format!(
            "device {device} showed user {user} as offline at {}, who had been there since {} \
             but for gaps too short to be shown",
            seconds(t_ns),
            seconds(online_since_ns),
        );
        Violation::outside(seq, summary, concerned(index, device, user))
    });
}

/// A stretch in which a device had to show a user as one or the other.
#[derive(Clone, Copy)]
struct Due {
    device: DeviceId,
    user: UserId,
    online: bool,
    span: Span,
}

fn check_pairs(
    index: &Index<'_>,
    presence: &Presence,
    flapped: &BTreeSet<u64>,
    finding: &mut Finding,
) {
    let told: BTreeSet<(DeviceId, UserId)> = presence.told().iter().copied().collect();
    let mut pairs = told.clone();
    pairs.extend(presence.shown_pairs());
    let mut settled = Settled::default();
    for (device, user) in pairs {
        let observing = settled.observing(presence, device).to_vec();
        let is_told = told.contains(&(device, user));
        for online in [true, false] {
            for span in common(&observing, settled.of_user(presence, user, online)) {
                let due = Due { device, user, online, span };
                check_due(index, presence.shown(device, user), due, is_told, flapped, finding);
            }
        }
    }
}

fn check_due(
    index: &Index<'_>,
    shown: &[Showing],
    due: Due,
    is_told: bool,
    flapped: &BTreeSet<u64>,
    finding: &mut Finding,
) {
    let first = shown.partition_point(|one| one.t_ns <= due.span.from_ns);
    let after = first + shown[first..].partition_point(|one| one.t_ns < due.span.to_ns);
    if is_told {
        finding.judged += 1;
        let before = first.checked_sub(1).map(|at| shown[at]);
        let is_flap = before.is_some_and(|one| flapped.contains(&one.seq));
        if is_stale(index, before, due) && !is_flap {
            add_stale(index, before, due, finding);
        }
    } else {
        finding.judged += (after - first) as u64;
    }
    let wrong = |one: &&Showing| one.online != due.online && !flapped.contains(&one.seq);
    for showing in shown[first..after].iter().filter(wrong) {
        add_stale(index, Some(*showing), due, finding);
    }
}

/// Whether what was shown last is wrong. A device that restarted may have forgotten what it showed
/// before, and may have kept it: neither is wrong by itself.
fn is_stale(index: &Index<'_>, before: Option<Showing>, due: Due) -> bool {
    let Some(before) = before else { return due.online };
    if before.online == due.online {
        return false;
    }
    if due.online {
        return true;
    }
    let life = index.world().lives.get(&due.device);
    let mut stopped = life.into_iter().flat_map(|life| &life.stopped);
    !stopped.any(|stop| (before.t_ns..=due.span.from_ns).contains(stop))
}

fn add_stale(index: &Index<'_>, shown: Option<Showing>, due: Due, finding: &mut Finding) {
    finding.add(|| {
        let Due { device, user, online, span } = due;
        let name = |online: bool| if online { "online" } else { "offline" };
        let t_ns = shown.map_or(span.from_ns, |one| one.t_ns.max(span.from_ns));
        let does = shown.map_or_else(
            || format!("did not show user {user} at all"),
            |one| format!("showed user {user} as {}", name(one.online)),
        );
        let summary = format!(
            "device {device} {does} at {}, who had been {} for so long that it had to know",
            seconds(t_ns),
            name(online),
        );
        let seq = shown.filter(|one| one.t_ns >= span.from_ns).map(|one| one.seq);
        let seq = seq.unwrap_or_else(|| last_line_by(index, span.from_ns));
        Violation::outside(seq, summary, concerned(index, device, user))
    });
}

/// The last line of the history up to a time.
fn last_line_by(index: &Index<'_>, t_ns: u64) -> u64 {
    let events = index.history().events();
    let after = events.partition_point(|event| event.t_ns <= t_ns);
    after.checked_sub(1).map_or(0, |at| events[at].seq)
}

/// The device that shows the status, and the devices that make it.
fn concerned(index: &Index<'_>, device: DeviceId, user: UserId) -> Vec<DeviceId> {
    let mut devices = index.devices_of(user).to_vec();
    devices.insert(0, device);
    devices
}

/// What many pairs ask for again and again.
#[derive(Default)]
struct Settled {
    observing: BTreeMap<DeviceId, Vec<Span>>,
    users: BTreeMap<(UserId, bool), Vec<Span>>,
}

impl Settled {
    fn observing(&mut self, presence: &Presence, device: DeviceId) -> &[Span] {
        self.observing.entry(device).or_insert_with(|| presence.settled_observing(device))
    }

    fn of_user(&mut self, presence: &Presence, user: UserId, online: bool) -> &[Span] {
        self.users.entry((user, online)).or_insert_with(|| {
            if online { presence.settled_online(user) } else { presence.settled_offline(user) }
        })
    }
}
