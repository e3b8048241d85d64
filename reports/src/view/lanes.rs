//! The lanes: the harness, the hosts of servers, then the devices user by user.

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{DeviceId, UserId};
use hubbub_history::{
    EventBody,
    trace::{TraceHeader, TraceLine},
};

use super::drawing::{Lane, LaneKind};

const HARNESS: &str = "harness";

/// The lanes and where each name is.
#[derive(Debug)]
pub(super) struct Lanes {
    lanes: Vec<Lane>,
    places: BTreeMap<String, usize>,
    /// The devices on each host.
    on_host: BTreeMap<String, Vec<String>>,
    users: BTreeMap<DeviceId, UserId>,
}

impl Lanes {
    pub(super) fn new(header: Option<&TraceHeader>, lines: &[TraceLine]) -> Self {
        let users = users(lines);
        let used = used(lines);
        let mut names: Vec<&str> = vec![HARNESS];
        let hosts = header.map(|header| header.hosts.as_slice()).unwrap_or_default();
        // A host of devices has a lane only when something happens on it as such.
        let has_lane = |name: &str, devices: &[DeviceId]| devices.is_empty() || used.contains(name);
        names.extend(
            hosts.iter().filter(|it| has_lane(&it.name, &it.devices)).map(|it| it.name.as_str()),
        );
        let known: BTreeSet<&str> = names.iter().copied().collect();
        let others = used.iter().filter(|it| device_of(it).is_none() && !known.contains(**it));
        names.extend(others.copied().filter(|it| !it.is_empty()));
        let mut lanes: Vec<Lane> = names.into_iter().map(host_lane).collect();
        let mut devices: BTreeSet<(UserId, DeviceId)> =
            users.iter().map(|(device, user)| (*user, *device)).collect();
        let strangers = used.iter().filter_map(|name| device_of(name));
        devices.extend(
            strangers.filter(|it| !users.contains_key(it)).map(|it| (UserId(u64::MAX), it)),
        );
        let host_of = |device: DeviceId| {
            let host = hosts.iter().find(|host| host.devices.contains(&device));
            host.map(|host| host.name.clone())
        };
        lanes.extend(devices.iter().map(|(user, device)| Lane {
            name: format!("device-{device}"),
            kind: LaneKind::Device,
            user: (user.0 != u64::MAX).then_some(*user),
            host: host_of(*device),
        }));
        let places = lanes.iter().enumerate().map(|(place, lane)| (lane.name.clone(), place));
        let places = places.collect();
        let mut on_host: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for lane in &lanes {
            if let Some(host) = &lane.host {
                on_host.entry(host.clone()).or_default().push(lane.name.clone());
            }
        }
        Self { lanes, places, on_host, users }
    }

    /// The lane of that name; the harness's when there is none.
    pub(super) fn place(&self, name: &str) -> usize {
        self.find(name).unwrap_or(0)
    }

    pub(super) fn find(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    pub(super) fn of_device(&self, device: DeviceId) -> usize {
        self.place(&format!("device-{device}"))
    }

    pub(super) fn user_of(&self, device: DeviceId) -> Option<UserId> {
        self.users.get(&device).copied()
    }

    /// The lane of that name, and those of the devices on that host.
    pub(super) fn struck(&self, name: &str) -> Vec<usize> {
        let devices = self.on_host.get(name).into_iter().flatten();
        let devices = devices.filter_map(|device| self.find(device));
        self.find(name).into_iter().chain(devices).collect()
    }

    /// The hosts that a text for people names.
    pub(super) fn named_in(&self, text: &str) -> Vec<usize> {
        let is_of_name = |letter: char| letter.is_alphanumeric() || letter == '-';
        let words = text.split(|letter: char| !is_of_name(letter));
        words.flat_map(|word| self.struck(word)).collect()
    }

    pub(super) fn into_lanes(self) -> Vec<Lane> {
        self.lanes
    }
}

fn host_lane(name: &str) -> Lane {
    let kind = if name == HARNESS { LaneKind::Harness } else { LaneKind::Host };
    Lane { name: name.to_owned(), kind, user: None, host: None }
}

fn device_of(name: &str) -> Option<DeviceId> {
    name.strip_prefix("device-")?.parse().ok().map(DeviceId)
}

/// Every name at which something happens.
fn used(lines: &[TraceLine]) -> BTreeSet<&str> {
    let mut used = BTreeSet::new();
    for line in lines {
        match line {
            TraceLine::Event(event) => used.extend([&*event.process.0]),
            TraceLine::Message(message) => used.extend([&*message.from, &*message.to]),
            TraceLine::Note(note) => used.extend([&*note.at]),
        }
    }
    used
}

fn users(lines: &[TraceLine]) -> BTreeMap<DeviceId, UserId> {
    let mut users = BTreeMap::new();
    for line in lines {
        let TraceLine::Event(event) = line else { continue };
        if let EventBody::Population(population) = &event.body {
            for row in &population.users {
                users.extend(row.devices.iter().map(|device| (*device, row.user)));
            }
        }
    }
    users
}
