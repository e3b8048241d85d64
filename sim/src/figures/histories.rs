//! What a history shows.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{DeviceId, lease::RENEWALS_PER_TTL, time::nanoseconds};
use hubbub_history::{EventBody, EventType, History, SessionCause, login_times};
use hubbub_scenario::Figure;

use super::{Measured, ratio};
use crate::{latency::Percentiles, outcome::Outcome, setup::Setup};

/// Assignments between two load reports of which a share is taken, for each chat server. With fewer
/// chance alone sends most of them to one server.
const ASSIGNED_LEAST: usize = 5;

pub(super) fn from_history(
    setup: &Setup,
    outcome: &Outcome,
    measured: &Measured<'_>,
) -> Vec<(Figure, f64)> {
    let Measured { history: counted, times, counts } = measured;
    let plain = |count: Option<u64>| count.map(|count| count as f64);
    let seconds = |longest_ns: Option<u64>| longest_ns.map(|longest_ns| longest_ns as f64 / 1e9);
    let measured_at = |times: &Percentiles, ms: f64| (times.count > 0).then_some(ms);
    let some_delivered = (counts.delivered > 0).then_some(0);
    // As long as one of its devices is missing, nobody knows how long it takes.
    let all_back = counted.reattach_missing == Some(0);
    let logins = login_times(&outcome.history).len() as u64;
    let figures = [
        (Figure::LostMessages, plain(counted.lost)),
        (Figure::DuplicateMessages, plain(counted.duplicates)),
        (Figure::UnauthorisedMessages, plain(counted.unauthorised_receives)),
        (Figure::AcceptedMessages, (counts.sends > 0).then_some(counts.accepted as f64)),
        (Figure::DeliveredMessages, (counts.sends > 0).then_some(counts.delivered as f64)),
        (Figure::TruncatedMessages, plain(counted.truncated_messages.or(some_delivered))),
        (Figure::DeliverP50Ms, measured_at(&times.deliver, times.deliver.p50_ms)),
        (Figure::DeliverP99Ms, measured_at(&times.deliver, times.deliver.p99_ms)),
        (Figure::RecoverP99Ms, measured_at(&times.recover, times.recover.p99_ms)),
        (Figure::AcceptP50Ms, measured_at(&times.accept, times.accept.p50_ms)),
        (Figure::AcceptP99Ms, measured_at(&times.accept, times.accept.p99_ms)),
        (Figure::ReattachS, seconds(counted.reattach_max_ns.filter(|_| all_back))),
        (Figure::DetachedShare, detached_share(setup, &outcome.history)),
        (Figure::LoginPeakPerS, plain(counted.logins_per_second_max)),
        (Figure::Logins, (logins > 0).then_some(logins as f64)),
        (Figure::CrossServerShare, cross_server_share(&outcome.history)),
        (Figure::StatusChanges, plain(counted.status_changes)),
        (Figure::StatusFlaps, plain(counted.status_flaps)),
        (Figure::OfflineNoticeS, seconds(counted.offline_shown_max_ns)),
        (Figure::Pushes, plain(counted.pushes_received)),
        (Figure::PushesWrong, plain(counted.pushes_wrong)),
        (Figure::PushesMissing, plain(counted.pushes_unsettled)),
        (Figure::CreatedAtInversions, plain(counted.accepted_at_inversions)),
        (Figure::CreatedAtTies, plain(counted.accepted_at_ties)),
    ];
    figures.into_iter().filter_map(|(figure, value)| Some((figure, value?))).collect()
}

/// Of the devices that take part, those that lost a connection that they had; `None` without faults.
fn detached_share(setup: &Setup, history: &History) -> Option<f64> {
    if setup.faults.is_empty() {
        return None;
    }
    let mut attached = BTreeSet::new();
    let mut lost = BTreeSet::new();
    for event in history.events() {
        match &event.body {
            EventBody::Session { device, attached: true, .. } => {
                attached.insert(*device);
            }
            EventBody::Session { device, attached: false, cause, .. }
                if attached.remove(device) && *cause != SessionCause::Unreachable =>
            {
                lost.insert(*device);
            }
            // A device that stops says nothing of its connection.
            EventBody::Truth { name, up: false, .. } => {
                let device = name.strip_prefix("device-").and_then(|id| id.parse().ok());
                lost.extend(device.map(DeviceId).filter(|device| attached.remove(device)));
            }
            _ => {}
        }
    }
    ratio(lost.len() as f64, setup.population.device_count() as f64)
}

/// Of what was delivered to devices that were attached, from authors that were too, the share that
/// came from another server.
fn cross_server_share(history: &History) -> Option<f64> {
    let mut authors = BTreeMap::new();
    let mut at: BTreeMap<DeviceId, &str> = BTreeMap::new();
    let (mut crossed, mut all) = (0_u64, 0_u64);
    for event in history.events() {
        match &event.body {
            EventBody::Session { device, server, attached, .. } => {
                if *attached {
                    at.insert(*device, server);
                } else {
                    at.remove(device);
                }
            }
            EventBody::Send { r#type: EventType::Invoke, device, body_hash, .. } => {
                authors.insert(*body_hash, *device);
            }
            EventBody::Apply { device, body_hash, .. } => {
                let author = authors.get(body_hash).filter(|author| *author != device);
                let servers = author.and_then(|author| Some((at.get(author)?, at.get(device)?)));
                if let Some((from, to)) = servers {
                    all += 1;
                    crossed += u64::from(from != to);
                }
            }
            _ => {}
        }
    }
    ratio(crossed as f64, all as f64)
}

/// The largest share of the assignments between two load reports that one server got, counted over
/// stretches of that length from the beginning of the run on. Stretches with few assignments are
/// left out.
pub(super) fn placement_peak(setup: &Setup, history: &History) -> Option<f64> {
    let stretch_ns = nanoseconds(setup.design.lease_ttl / RENEWALS_PER_TTL).max(1);
    let least = ASSIGNED_LEAST * setup.hosts.chat_count();
    let mut stretches: BTreeMap<u64, BTreeMap<&str, usize>> = BTreeMap::new();
    for event in history.events() {
        if let EventBody::Assigned { server: Some(server), .. } = &event.body {
            let of_stretch = stretches.entry(event.t_ns / stretch_ns).or_default();
            *of_stretch.entry(server).or_default() += 1;
        }
    }
    let share = |servers: &BTreeMap<&str, usize>| {
        let (all, most) = (servers.values().sum::<usize>(), servers.values().max()?);
        (all >= least).then(|| *most as f64 / all as f64)
    };
    stretches.values().filter_map(share).reduce(f64::max)
}
