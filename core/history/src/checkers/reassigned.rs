//! Whoever loses their chat server gets another one in time.

mod offered;

use std::collections::BTreeMap;

use hubbub_chat::DeviceId;

use super::{Checker, Finding, Violation, words};
use crate::{
    explain::seconds,
    index::{
        Death, Index, World,
        spans::{Span, around, put_off, united},
    },
};

/// `reassigned`: one case per device that was attached to a chat server which died, and one per
/// session on a server whose capacity is known. Also one per device that discovery gives a server while
/// another one has been down for so long that discovery had to know.
///
/// A death is a host that goes down by a crash, a power loss, or without any fault that names it;
/// one that another fault stops was stopped in order. A device is judged if it was up and linked
/// until the bound was over, was not on another chat server that died meanwhile, and if the
/// history lasts so long. A further fault between or of servers, and a time in which no chat server
/// is up to go to, have the bound count from their end. It covers the pause that a device makes
/// whose attempts have failed.
///
/// Sessions are seen with the eyes of devices, which may learn of an end later than the server: a
/// server holds too many if it does so for longer than after which either end takes a connection
/// for dead. A session whose device was cut off for a while is not counted after that.
#[derive(Debug, Clone, Copy)]
pub struct Reassigned;

impl Checker for Reassigned {
    fn name(&self) -> &'static str {
        "reassigned"
    }

    fn holds_when(&self) -> &'static str {
        "within the bound after the death of a chat server its devices are attached to one and \
         have synced, discovery sends nobody to one that is known to be gone, and no server holds \
         more sessions than its capacity"
    }

    fn applies(&self, index: &Index<'_>) -> bool {
        let died = |death: &Death| !death.clean && !death.devices.is_empty();
        let bounded = index.bounds().reassign_max_ns > 0;
        let world = index.world();
        !world.capacities.is_empty() || bounded && world.deaths.iter().any(died)
    }

    fn check(&self, index: &Index<'_>) -> Finding {
        let mut finding = Finding::new(self.name());
        let bound_ns = index.bounds().reassign_max_ns;
        let world = index.world();
        for death in world.deaths.iter().filter(|death| !death.clean && bound_ns > 0) {
            check_death(index, death, bound_ns, &mut finding);
        }
        offered::check(index, &mut finding);
        check_capacity(index, &mut finding);
        finding
    }
}

fn check_death(index: &Index<'_>, death: &Death, bound_ns: u64, finding: &mut Finding) {
    let world = index.world();
    let mut others: Vec<Span> = world.faults.others_among_servers(&death.name).collect();
    others.extend(&world.without_chat);
    let deadline_ns = put_off(death.t_ns, bound_ns, &united(others), bound_ns);
    let mut late = Vec::new();
    for device in &death.devices {
        let Some(in_time) = is_in_time(world, death, *device, deadline_ns) else { continue };
        finding.judged += 1;
        if !in_time {
            late.push(*device);
        }
    }
    if late.is_empty() {
        return;
    }
    let seq = death.seq;
    finding.add(|| {
        let (name, devices) = (&death.name, words::devices(&late));
        let (died, deadline) = (seconds(death.t_ns), seconds(deadline_ns));
        let summary = format!(
            "{devices} had no chat server again by {deadline} after the death of {name} at {died}"
        );
        Violation::outside(seq, summary, late)
    });
}

/// `None` when it cannot be judged.
fn is_in_time(world: &World, death: &Death, device: DeviceId, deadline_ns: u64) -> Option<bool> {
    let life = world.lives.get(&device)?;
    if reattached_ns(world, death, device).is_some_and(|back_ns| back_ns <= deadline_ns) {
        return Some(true);
    }
    let working = united(life.working.clone());
    let worked = around(&working, death.t_ns).is_some_and(|span| span.to_ns >= deadline_ns);
    let again = |other: &Death| {
        other.t_ns > death.t_ns && other.t_ns <= deadline_ns && other.devices.contains(&device)
    };
    let from = world.deaths.partition_point(|other| other.t_ns <= death.t_ns);
    let died_again = world.deaths[from..].iter().any(again);
    (worked && !died_again && deadline_ns <= world.end_ns).then_some(false)
}

/// When a device that a dead server had was attached and synced again.
pub(crate) fn reattached_ns(world: &World, death: &Death, device: DeviceId) -> Option<u64> {
    let life = world.lives.get(&device)?;
    let after = life.attachments.partition_point(|one| one.span.from_ns < death.t_ns);
    let attached_ns =
        life.attachments[after..].iter().find(|one| !one.resumed).map(|one| one.span.from_ns)?;
    let first = life.synced.partition_point(|(synced_ns, _)| *synced_ns < attached_ns);
    life.synced.get(first).map(|(synced_ns, _)| *synced_ns)
}

/// A session that begins or ends on a server.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Change {
    t_ns: u64,
    /// Ends come first: one may take the place of another at the same moment.
    begins: bool,
    device: DeviceId,
}

fn check_capacity(index: &Index<'_>, finding: &mut Finding) {
    let world = index.world();
    let mut changes: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
    for (device, life) in &world.lives {
        for attachment in life.attachments.iter().filter(|one| !one.resumed) {
            let Some(server) = world.capacities.get_key_value(&attachment.server) else { continue };
            finding.judged += 1;
            let changes = changes.entry(server.0).or_default();
            let (Span { from_ns, to_ns }, device) = (attachment.span, *device);
            changes.push(Change { t_ns: from_ns, begins: true, device });
            changes.push(Change { t_ns: to_ns, begins: false, device });
        }
    }
    for (server, mut changes) in changes {
        changes.sort_unstable();
        check_server(index, server, &changes, finding);
    }
}

fn check_server(index: &Index<'_>, server: &str, changes: &[Change], finding: &mut Finding) {
    let world = index.world();
    let capacities = world.capacities.get(server).map_or(&[][..], Vec::as_slice);
    let mut count: u32 = 0;
    let mut too_many: Option<(u64, u32, DeviceId)> = None;
    let end = [(world.end_ns, None)];
    let steps = changes.iter().map(|change| (change.t_ns, Some(change))).chain(end);
    for (t_ns, change) in steps {
        if let Some((since_ns, capacity, device)) = too_many
            && t_ns - since_ns > index.bounds().silence_ns
        {
            too_many = None;
            add_crowd(index, (server, count, capacity), (since_ns, device), finding);
        }
        let Some(change) = change else { return };
        count = if change.begins { count + 1 } else { count.saturating_sub(1) };
        let said = capacities.partition_point(|(said_ns, _)| *said_ns <= t_ns);
        let capacity = said.checked_sub(1).map_or(u32::MAX, |at| capacities[at].1);
        too_many = match too_many {
            _ if count <= capacity => None,
            Some(since) => Some(since),
            None if change.begins => Some((t_ns, capacity, change.device)),
            None => None,
        };
    }
}

fn add_crowd(
    index: &Index<'_>,
    (server, count, capacity): (&str, u32, u32),
    (since_ns, device): (u64, DeviceId),
    finding: &mut Finding,
) {
    finding.add(|| {
        let since = seconds(since_ns);
        let summary = format!(
            "{server} held {count} sessions where {capacity} are its capacity, from {since} on"
        );
        let events = index.history().events();
        let after = events.partition_point(|event| event.t_ns <= since_ns);
        let seq = after.checked_sub(1).map_or(0, |at| events[at].seq);
        Violation::outside(seq, summary, vec![device])
    });
}
