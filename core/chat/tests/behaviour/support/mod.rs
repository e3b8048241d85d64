//! What the tests drive the machines with.

pub(crate) mod alone;
pub(crate) mod archive;
pub(crate) mod bench;
pub(crate) mod message;
pub(crate) mod office;
pub(crate) mod phone;
pub(crate) mod presence_world;
pub(crate) mod reference;
pub(crate) mod views;
pub(crate) mod world;

use std::time::Duration;

pub(crate) use bench::Bench;
use hubbub_chat::{
    ChannelId, Design, DeviceId, UserId,
    design::{CursorScope, Ids},
    situation::{Situation, Situations},
};
pub(crate) use message::{Fate, Message};
pub(crate) use world::World;

/// Users of most tests, and the first device of each.
pub(crate) const ANN: UserId = UserId(1);
pub(crate) const BEN: UserId = UserId(2);
pub(crate) const CAT: UserId = UserId(3);
pub(crate) const PHONE: DeviceId = DeviceId(11);
pub(crate) const LAPTOP: DeviceId = DeviceId(12);
pub(crate) const BENS: DeviceId = DeviceId(21);
pub(crate) const CATS: DeviceId = DeviceId(31);

pub(crate) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

/// That machines passed through a situation. Each has a test that says so: `situations.rs` sees to it.
pub(crate) fn assert_reached(reached: Situations, situation: Situation) {
    let names: Vec<&str> = reached.iter().map(Situation::as_str).collect();
    assert!(reached.has(situation), "{situation} was not reached, only {names:?}");
}

/// Long enough for a message to be everywhere, and too short for any regular comparison.
pub(crate) const INSTANT: Duration = Duration::from_millis(300);

/// Ids by time, of leased workers.
pub(crate) fn snowflake() -> Design {
    // A new holder of a worker id waits so long; the tests do not.
    let skew_max = Duration::from_millis(10);
    Design { ids: Ids::Snowflake, skew_max, ..Design::default() }
}

/// The same, with one cursor for everything.
pub(crate) fn global() -> Design {
    Design { cursor: CursorScope::Global, ..snowflake() }
}

/// Ann's and Ben's direct channel.
pub(crate) fn direct() -> ChannelId {
    ChannelId::direct(ANN, BEN)
}

/// The group that Ann opens.
pub(crate) fn group() -> ChannelId {
    ChannelId::group(ANN, 1)
}

/// Ann on her phone and Ben, both on one chat server and synced.
pub(crate) fn pair() -> World {
    pair_with(Design::default())
}

pub(crate) fn pair_with(design: Design) -> World {
    let mut world = World::new(1, design);
    world.login(ANN, PHONE, 0);
    world.login(BEN, BENS, 0);
    world.run_for(seconds(1));
    world
}

/// Ann, Ben and Cat with a device each on one chat server, in Ann's group.
pub(crate) fn trio() -> World {
    trio_with(1, Design::default())
}

/// The same over several chat servers: Ann and Ben on the first, Cat on the last.
pub(crate) fn trio_with(servers: usize, design: Design) -> World {
    let mut world = World::new(servers, design);
    world.login(ANN, PHONE, 0);
    world.login(BEN, BENS, 0);
    world.login(CAT, CATS, servers - 1);
    world.run_for(seconds(1));
    world.change(PHONE, group(), hubbub_chat::frame::Change::Create(vec![BEN, CAT]));
    world.run_for(seconds(1));
    world
}
