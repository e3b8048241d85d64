//! The generated population under the ids that the server gave out.

use std::collections::BTreeMap;

use hubbub_chat::{ChannelId, DeviceId, UserId};
use hubbub_history::{Population as Named, UserRow};
use hubbub_service::{
    api::{ProvisionRequest, Provisioned, ProvisionedDevice},
    client::request_json,
    net::Net,
};
use hubbub_traffic::{Group, Population};
use hyper::Method;

use super::error::LoadError;

/// The population as the server knows it. Users of the population are numbered 1, 2, 3 … and have
/// one device each, of the same number.
#[derive(Debug)]
pub(super) struct Crowd {
    devices: Vec<ProvisionedDevice>,
    groups: BTreeMap<ChannelId, ChannelId>,
    members: BTreeMap<ChannelId, Vec<UserId>>,
}

impl Crowd {
    /// Has the server make the population's users, devices and groups.
    pub(super) async fn provision(
        net: &dyn Net,
        address: &str,
        population: &Population,
    ) -> Result<Self, LoadError> {
        let request = request(population);
        let unusable = |error: serde_json::Error| LoadError::ProvisionAnswer(error.to_string());
        let body = serde_json::to_value(&request).map_err(unusable)?;
        let (method, path) = (Method::POST, "/v1/provision");
        let answer = request_json(net, address, method, path, None, Some(&body)).await?;
        let provisioned = serde_json::from_value(answer).map_err(unusable)?;
        Self::new(population, provisioned)
    }

    fn new(population: &Population, provisioned: Provisioned) -> Result<Self, LoadError> {
        let Provisioned { devices, groups } = provisioned;
        let wanted = (population.users().len(), population.groups().count());
        let got = (devices.len(), groups.len());
        if got != wanted {
            return Err(LoadError::ProvisionAnswer(format!(
                "it has {} devices and {} groups instead of {} and {}",
                got.0, got.1, wanted.0, wanted.1
            )));
        }
        let mut crowd = Self { devices, groups: BTreeMap::new(), members: BTreeMap::new() };
        for (group, channel) in population.groups().zip(groups) {
            let members = group.members.iter().filter_map(|user| crowd.user(*user)).collect();
            crowd.members.insert(channel, members);
            crowd.groups.insert(group.channel, channel);
        }
        Ok(crowd)
    }

    /// The devices, in the population's order.
    pub(super) fn devices(&self) -> &[ProvisionedDevice] {
        &self.devices
    }

    /// The server's name for a conversation of the population.
    pub(super) fn channel(&self, channel: ChannelId) -> Option<ChannelId> {
        match channel.pair() {
            Some([one, other]) => Some(ChannelId::direct(self.user(one)?, self.user(other)?)),
            None => self.groups.get(&channel).copied(),
        }
    }

    /// Who takes part, as a history names it.
    pub(super) fn named(&self) -> Named {
        let row = |one: &ProvisionedDevice| UserRow { user: one.user, devices: vec![one.device] };
        let users = self.devices.iter().map(row).collect();
        Named { users, members: self.members.clone(), ..Named::default() }
    }

    fn user(&self, user: UserId) -> Option<UserId> {
        self.devices.get(place(DeviceId(user.0))?).map(|device| device.user)
    }
}

/// Where a device of the population stands in the list of devices.
pub(super) fn place(device: DeviceId) -> Option<usize> {
    usize::try_from(device.0.checked_sub(1)?).ok()
}

fn request(population: &Population) -> ProvisionRequest {
    let users = u32::try_from(population.users().len()).unwrap_or(u32::MAX);
    let index = |user: UserId| u32::try_from(user.0.saturating_sub(1)).unwrap_or(u32::MAX);
    let members = |group: &Group| {
        let others = group.members.iter().copied().filter(|user| *user != group.creator);
        std::iter::once(group.creator).chain(others).map(index).collect()
    };
    ProvisionRequest { users, groups: population.groups().map(members).collect() }
}

#[cfg(test)]
mod tests {
    use hubbub_traffic::PopulationShape;

    use super::*;

    fn population() -> Population {
        let shape = PopulationShape {
            users: 6,
            devices_per_user: 1.0,
            contacts: 1,
            group_count: 2,
            group_size: [3, 4],
            device_hosts: 1,
            ..PopulationShape::default()
        };
        Population::generate(1, &shape)
    }

    fn provisioned(population: &Population) -> Provisioned {
        let device = |index: u64| ProvisionedDevice {
            user: UserId(900 - index),
            device: DeviceId(70 + index),
            token: String::new(),
        };
        let group = |number: u64| ChannelId::group(UserId(1), 50 + number);
        Provisioned {
            devices: (0..population.users().len() as u64).map(device).collect(),
            groups: (0..population.groups().count() as u64).map(group).collect(),
        }
    }

    #[test]
    fn the_creator_of_a_group_comes_first_and_once() {
        let population = population();
        let request = request(&population);
        assert_eq!(request.users, 6);
        for (group, members) in population.groups().zip(&request.groups) {
            assert_eq!(u64::from(members[0]) + 1, group.creator.0);
            let mut users: Vec<u64> = members.iter().map(|index| u64::from(*index) + 1).collect();
            users.sort_unstable();
            assert_eq!(users, group.members.iter().map(|user| user.0).collect::<Vec<_>>());
        }
    }

    #[test]
    fn conversations_carry_the_servers_ids() {
        let population = population();
        let crowd = Crowd::new(&population, provisioned(&population)).unwrap();
        let direct = crowd.channel(ChannelId::direct(UserId(1), UserId(3)));
        assert_eq!(direct, Some(ChannelId::direct(UserId(898), UserId(900))));
        let named = crowd.named();
        for (group, number) in population.groups().zip(50..) {
            let channel = ChannelId::group(UserId(1), number);
            assert_eq!(crowd.channel(group.channel), Some(channel));
            let members: Vec<UserId> =
                group.members.iter().map(|user| UserId(901 - user.0)).collect();
            assert_eq!(named.members[&channel], members);
        }
        assert_eq!(named.users[5], UserRow { user: UserId(895), devices: vec![DeviceId(75)] });
        assert_eq!(crowd.channel(ChannelId::group(UserId(9), 9)), None);
    }

    #[test]
    fn an_answer_that_lacks_devices_is_refused() {
        let population = population();
        let mut short = provisioned(&population);
        short.devices.pop();
        let error = Crowd::new(&population, short).unwrap_err().to_string();
        assert!(error.contains("5 devices and 2 groups instead of 6 and 2"), "{error}");
    }
}
