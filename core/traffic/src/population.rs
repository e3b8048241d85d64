//! Who there is.

mod friends;
mod settings;

use std::collections::{BTreeMap, BTreeSet};

use hubbub_chat::{ChannelId, DeviceId, UserId};

use crate::{
    purpose::{Purpose, stream},
    sampling::distinct,
};
use friends::generate_friends;
use settings::{generate_settings, rounded_share};

/// How large a population is and how it is knit. The default is nobody.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PopulationShape {
    /// How many users there are.
    pub users: u32,
    /// Devices per user on average, at least 1. The seed draws the users who have one more; their
    /// number makes the mean exact to half a device over all.
    pub devices_per_user: f64,
    /// Direct conversations that each user opens with others, as far as there are others. Those
    /// who are chosen have them too, so that a user has about twice as many.
    pub contacts: u32,
    /// How many groups there are.
    pub group_count: u32,
    /// Fewest and most members of a group, drawn evenly; never more than there are users.
    pub group_size: [u32; 2],
    /// Hosts of devices, at least 1. Users are spread over them in turn.
    pub device_hosts: u32,
    /// Friends of each user, as far as there are others. Friendship is mutual, and everybody has as
    /// many; one user has one less when both numbers are odd.
    pub friends: u32,
    /// Share of the users whose first device has a push token, 0 to 1, to the nearest user.
    pub push: f64,
    /// Share of the conversations that their members have muted, 0 to 1; drawn for each user and
    /// conversation.
    pub muted: f64,
    /// Share of the users who never send anything, 0 to 1, to the nearest user.
    pub quiet_users: f64,
}

/// Users, their devices, whom they talk with and in which groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Population {
    users: Vec<User>,
    groups: BTreeMap<ChannelId, Group>,
    /// The owner of each device, at the device's number − 1.
    owners: Vec<UserId>,
}

/// A user of a population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The user: 1, 2, 3 …
    pub id: UserId,
    /// Their devices, at least one. Devices are numbered 1, 2, 3 … over all users.
    pub devices: Vec<DeviceId>,
    /// Whom they have a direct conversation with, in order.
    pub contacts: Vec<UserId>,
    /// The groups that they are in at the beginning, in order.
    pub groups: Vec<ChannelId>,
    /// Which host runs their devices, from 0.
    pub host: u32,
    /// Who sees their status and whose they see, in order.
    pub friends: Vec<UserId>,
    /// Whether their first device has a push token.
    pub push: bool,
    /// The conversations of which they want no pushes, in order.
    pub muted: Vec<ChannelId>,
    /// Whether they never send anything.
    pub quiet: bool,
}

/// A group of a population.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub channel: ChannelId,
    /// Who opened it; a member that never leaves.
    pub creator: UserId,
    /// The members at the beginning, the creator among them, in order.
    pub members: Vec<UserId>,
}

impl Population {
    /// The population that follows from a seed.
    #[must_use]
    pub fn generate(seed: u64, shape: &PopulationShape) -> Self {
        let mut users = generate_users(seed, shape);
        generate_contacts(seed, shape.contacts, &mut users);
        let groups = generate_groups(seed, shape, &mut users);
        generate_friends(seed, shape.friends, &mut users);
        generate_settings(seed, shape, &mut users);
        let owners = users.iter().flat_map(|user| user.devices.iter().map(|_| user.id)).collect();
        Self { users, groups, owners }
    }

    /// All users, in order.
    #[must_use]
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// One user.
    #[must_use]
    pub fn user(&self, id: UserId) -> Option<&User> {
        self.users.get(place(id.0)?)
    }

    /// All groups, in order.
    pub fn groups(&self) -> impl Iterator<Item = &Group> {
        self.groups.values()
    }

    /// One group.
    #[must_use]
    pub fn group(&self, channel: ChannelId) -> Option<&Group> {
        self.groups.get(&channel)
    }

    /// The direct conversations, each once, in order.
    pub fn direct_channels(&self) -> impl Iterator<Item = ChannelId> {
        self.users.iter().flat_map(|user| {
            let later = user.contacts.iter().filter(|contact| **contact > user.id);
            later.map(|contact| ChannelId::direct(user.id, *contact))
        })
    }

    /// How many devices there are. They are numbered from 1 to this.
    #[must_use]
    pub fn device_count(&self) -> u64 {
        self.owners.len() as u64
    }

    /// Whose device it is.
    #[must_use]
    pub fn owner(&self, device: DeviceId) -> Option<UserId> {
        self.owners.get(place(device.0)?).copied()
    }

    /// Who is in a conversation at the beginning, in order; nobody for an unknown one.
    #[must_use]
    pub fn members(&self, channel: ChannelId) -> Vec<UserId> {
        match channel.pair() {
            Some(pair) if self.are_contacts(pair) => pair.to_vec(),
            Some(_) => Vec::new(),
            None => self.group(channel).map_or_else(Vec::new, |group| group.members.clone()),
        }
    }

    /// The devices that a message from `author` in `channel` goes to, in order: those of all
    /// members at the beginning, the author's other devices among them, without the author's own.
    #[must_use]
    pub fn recipients(&self, channel: ChannelId, author: DeviceId) -> Vec<DeviceId> {
        let members = self.members(channel);
        let devices =
            members.iter().filter_map(|user| self.user(*user)).flat_map(|user| &user.devices);
        devices.copied().filter(|device| *device != author).collect()
    }

    /// The devices with a push token, in order.
    pub fn push_devices(&self) -> impl Iterator<Item = DeviceId> {
        self.users.iter().filter(|user| user.push).filter_map(|user| user.devices.first().copied())
    }

    /// The pairs of friends, each once, in order.
    pub fn friendships(&self) -> impl Iterator<Item = (UserId, UserId)> {
        self.users.iter().flat_map(|user| {
            let later = user.friends.iter().filter(|friend| **friend > user.id);
            later.map(|friend| (user.id, *friend))
        })
    }

    /// The users that a fault strikes which strikes a share of them, in order: as many as the
    /// share comes to, at least one. `fault` is the fault's place in the schedule, so that each
    /// draws its own.
    #[must_use]
    pub fn struck_users(&self, seed: u64, fault: u32, share: f64) -> Vec<UserId> {
        let count = self.users.len() as u64;
        let mut random = stream(seed, Purpose::Struck, u64::from(fault));
        let struck = distinct(&mut random, rounded_share(share, count).max(1), count);
        struck.into_iter().map(|place| UserId(place + 1)).collect()
    }

    fn are_contacts(&self, [one, other]: [UserId; 2]) -> bool {
        self.user(one).is_some_and(|user| user.contacts.binary_search(&other).is_ok())
    }
}

/// The place in a list of the thing with this number, which counts from 1.
fn place(number: u64) -> Option<usize> {
    usize::try_from(number.checked_sub(1)?).ok()
}

fn generate_users(seed: u64, shape: &PopulationShape) -> Vec<User> {
    let mean = shape.devices_per_user.max(1.0);
    let each = mean.floor();
    let extra = ((mean - each) * f64::from(shape.users)).round() as u64;
    let mut random = stream(seed, Purpose::Devices, 0);
    let with_extra = distinct(&mut random, extra, u64::from(shape.users));
    let mut devices = (1..).map(DeviceId);
    let user = |place: u32| {
        let count = each as usize + usize::from(with_extra.contains(&u64::from(place)));
        User {
            id: UserId(u64::from(place) + 1),
            devices: devices.by_ref().take(count).collect(),
            contacts: Vec::new(),
            groups: Vec::new(),
            host: place % shape.device_hosts.max(1),
            friends: Vec::new(),
            push: false,
            muted: Vec::new(),
            quiet: false,
        }
    };
    (0..shape.users).map(user).collect()
}

/// Every user opens conversations with others drawn by the user's own stream. One who is a contact
/// already is passed over for the next number that is not.
fn generate_contacts(seed: u64, wanted: u32, users: &mut [User]) {
    let count = users.len() as u64;
    let mut contacts: Vec<BTreeSet<u64>> = vec![BTreeSet::new(); users.len()];
    for user in 0..count {
        let mut random = stream(seed, Purpose::Contacts, user + 1);
        for _ in 0..wanted {
            if contacts[user as usize].len() as u64 + 1 >= count {
                break;
            }
            let mut other = random.below(count);
            while other == user || contacts[user as usize].contains(&other) {
                other = (other + 1) % count;
            }
            contacts[user as usize].insert(other);
            contacts[other as usize].insert(user);
        }
    }
    for (user, contacts) in users.iter_mut().zip(contacts) {
        user.contacts = contacts.into_iter().map(|place| UserId(place + 1)).collect();
    }
}

fn generate_groups(
    seed: u64,
    shape: &PopulationShape,
    users: &mut [User],
) -> BTreeMap<ChannelId, Group> {
    let count = users.len() as u64;
    let mut opened: BTreeMap<UserId, u64> = BTreeMap::new();
    let mut groups = BTreeMap::new();
    if count == 0 {
        return groups;
    }
    for place in 0..shape.group_count {
        let mut random = stream(seed, Purpose::Group, u64::from(place));
        let [fewest, most] = shape.group_size.map(|size| u64::from(size).clamp(1, count));
        let size = fewest + random.below(most.saturating_sub(fewest) + 1);
        let places = distinct(&mut random, size, count);
        let members: Vec<UserId> = places.iter().map(|place| UserId(place + 1)).collect();
        let creator = members[random.below(size) as usize];
        let number = opened.entry(creator).or_default();
        *number += 1;
        let channel = ChannelId::group(creator, *number);
        for place in places {
            users[place as usize].groups.push(channel);
        }
        groups.insert(channel, Group { channel, creator, members });
    }
    for user in users {
        user.groups.sort_unstable();
    }
    groups
}
