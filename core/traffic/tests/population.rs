//! A population has the size and the knots that were asked for, whatever the seed.

use std::collections::BTreeSet;

use hubbub_chat::{ChannelId, DeviceId, UserId};
use hubbub_traffic::{Population, PopulationShape};
use proptest::prelude::*;

fn shape() -> impl Strategy<Value = PopulationShape> {
    (0..60_u32, 1.0..4.0_f64, 0..8_u32, 0..8_u32, 1..12_u32, 0..30_u32, 1..4_u32).prop_map(
        |(users, devices_per_user, contacts, group_count, fewest, more, device_hosts)| {
            let group_size = [fewest, fewest + more];
            PopulationShape {
                users,
                devices_per_user,
                contacts,
                group_count,
                group_size,
                device_hosts,
                ..PopulationShape::default()
            }
        },
    )
}

proptest! {
    #[test]
    fn the_same_seed_gives_the_same_population(seed: u64, shape in shape()) {
        prop_assert_eq!(Population::generate(seed, &shape), Population::generate(seed, &shape));
    }

    #[test]
    fn devices_are_numbered_in_turn_and_have_the_wanted_mean(seed: u64, shape in shape()) {
        let population = Population::generate(seed, &shape);
        let mut next = 1;
        for (place, user) in population.users().iter().enumerate() {
            prop_assert_eq!(user.id, UserId(place as u64 + 1));
            prop_assert_eq!(user.host, place as u32 % shape.device_hosts);
            prop_assert!(!user.devices.is_empty());
            for device in &user.devices {
                prop_assert_eq!(*device, DeviceId(next));
                prop_assert_eq!(population.owner(*device), Some(user.id));
                next += 1;
            }
        }
        prop_assert_eq!(population.users().len() as u32, shape.users);
        prop_assert_eq!(population.device_count(), next - 1);
        let wanted = shape.devices_per_user * f64::from(shape.users);
        prop_assert!((population.device_count() as f64 - wanted).abs() <= 0.5 + 1e-9);
        prop_assert_eq!(population.owner(DeviceId(0)), None);
        prop_assert_eq!(population.owner(DeviceId(next)), None);
    }

    #[test]
    fn contacts_are_mutual_and_as_many_as_wanted(seed: u64, shape in shape()) {
        let population = Population::generate(seed, &shape);
        let others = shape.users.saturating_sub(1);
        let mut ends = 0;
        for user in population.users() {
            let contacts: BTreeSet<UserId> = user.contacts.iter().copied().collect();
            prop_assert_eq!(contacts.len(), user.contacts.len());
            prop_assert!(contacts.len() as u32 >= shape.contacts.min(others));
            prop_assert!(!contacts.contains(&user.id));
            for contact in contacts {
                prop_assert!(population.user(contact).unwrap().contacts.contains(&user.id));
                let channel = ChannelId::direct(user.id, contact);
                prop_assert_eq!(population.members(channel).len(), 2);
            }
            ends += user.contacts.len();
        }
        prop_assert_eq!(population.direct_channels().count() * 2, ends);
        prop_assert!(population.direct_channels().count() as u32 <= shape.users * shape.contacts);
    }

    #[test]
    fn groups_have_their_sizes_and_their_creators(seed: u64, shape in shape()) {
        let population = Population::generate(seed, &shape);
        let wanted = if shape.users == 0 { 0 } else { shape.group_count };
        prop_assert_eq!(population.groups().count() as u32, wanted);
        for group in population.groups() {
            let size = group.members.len() as u32;
            prop_assert!(size >= shape.group_size[0].min(shape.users));
            prop_assert!(size <= shape.group_size[1].min(shape.users));
            prop_assert!(group.members.is_sorted_by(|one, next| one < next));
            prop_assert!(group.members.contains(&group.creator));
            let ChannelId::Group(creator, _) = group.channel else { panic!("{}", group.channel) };
            prop_assert_eq!(creator, group.creator);
            for user in population.users() {
                let listed = user.groups.contains(&group.channel);
                prop_assert_eq!(listed, group.members.contains(&user.id));
            }
        }
    }

    #[test]
    fn recipients_are_all_devices_of_the_members_but_the_authors_own(seed: u64, shape in shape()) {
        let population = Population::generate(seed, &shape);
        for group in population.groups() {
            let author = population.user(group.creator).unwrap().devices[0];
            let recipients = population.recipients(group.channel, author);
            let devices: usize =
                group.members.iter().map(|user| population.user(*user).unwrap().devices.len()).sum();
            prop_assert_eq!(recipients.len(), devices - 1);
            prop_assert!(recipients.is_sorted_by(|one, next| one < next));
            prop_assert!(!recipients.contains(&author));
            for device in recipients {
                prop_assert!(group.members.contains(&population.owner(device).unwrap()));
            }
        }
    }
}

#[test]
fn strangers_and_unknown_groups_have_no_members() {
    let shape = PopulationShape {
        users: 3,
        devices_per_user: 1.0,
        contacts: 0,
        group_count: 0,
        group_size: [2, 3],
        device_hosts: 1,
        ..PopulationShape::default()
    };
    let population = Population::generate(1, &shape);
    assert!(population.members(ChannelId::direct(UserId(1), UserId(2))).is_empty());
    assert!(population.members(ChannelId::group(UserId(1), 1)).is_empty());
}

#[test]
fn group_sizes_are_drawn_evenly_from_both_ends() {
    let shape = PopulationShape {
        users: 50,
        devices_per_user: 1.0,
        contacts: 0,
        group_count: 4_000,
        group_size: [3, 6],
        device_hosts: 1,
        ..PopulationShape::default()
    };
    let mut counts = [0_u32; 7];
    for group in Population::generate(5, &shape).groups() {
        counts[group.members.len()] += 1;
    }
    // A thousand of each; the standard deviation is 27.
    assert!(counts[3..].iter().all(|count| (865..1_135).contains(count)), "{counts:?}");
}
