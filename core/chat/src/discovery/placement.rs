//! Which of the chat servers a device is given.
//!
//! A reported load is as old as the server's last renewal and discovery's last look, each up to a
//! third of a lease. What discovery has assigned since then counts as load too, until a report is
//! sure to have it in: that is, over the current interval between two looks and the one before.

use std::collections::BTreeMap;

use super::Discovery;
use crate::{design::Placement, ids::ServerId, ports::registry::LeaseInfo, random::Random};

/// A chat server as discovery sees it.
#[derive(Debug)]
pub(super) struct Seat {
    epoch: u64,
    info: LeaseInfo,
    /// Assigned since the last look at the registry, and in the interval before.
    assigned: [u32; 2],
}

impl Seat {
    /// Sessions that it still has room for; 0 when it takes none.
    fn room(&self, placement: Placement) -> u64 {
        if !self.info.open || self.info.address.is_empty() {
            return 0;
        }
        let assigned = match placement {
            Placement::Spread => self.assigned[0].saturating_add(self.assigned[1]),
            Placement::LeastLoaded => 0,
        };
        u64::from(self.info.capacity.saturating_sub(self.info.load).saturating_sub(assigned))
    }
}

impl Discovery {
    /// Takes in what the registry says of the chat servers.
    pub(super) fn take_reports(&mut self, reports: Vec<(ServerId, u64, LeaseInfo)>) {
        let mut earlier = std::mem::take(&mut self.seats);
        for (server, epoch, info) in reports {
            let same = earlier.remove(&server).filter(|seat| seat.epoch == epoch);
            let assigned = same.map_or([0, 0], |seat| [0, seat.assigned[0]]);
            self.seats.insert(server, Seat { epoch, info, assigned });
        }
        if planted!(self.design, DeadServerOffered) {
            self.seats.append(&mut earlier);
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.seats.values().any(|seat| seat.room(self.design.placement) > 0)
    }

    /// A server with its address, and the address of another: from the region as long as that has
    /// one with room, and from anywhere else otherwise.
    pub(super) fn place(&mut self, region: &str) -> Option<(ServerId, String, Option<String>)> {
        let server = self.pick(region, None)?;
        let other = self.pick(region, Some(server));
        let fallback = other.and_then(|other| self.seats.get(&other));
        let fallback = fallback.map(|seat| seat.info.address.clone());
        let seat = self.seats.get_mut(&server)?;
        seat.assigned[0] = seat.assigned[0].saturating_add(1);
        Some((server, seat.info.address.clone(), fallback))
    }

    fn pick(&mut self, region: &str, except: Option<ServerId>) -> Option<ServerId> {
        let placement = self.design.placement;
        let candidates = |near: bool| -> BTreeMap<ServerId, (u64, u32)> {
            let seats = self.seats.iter().filter(|(server, seat)| {
                Some(**server) != except && (seat.info.region == region) == near
            });
            let rated =
                seats.map(|(server, seat)| (*server, (seat.room(placement), seat.info.load)));
            rated.filter(|(_, (room, _))| *room > 0).collect()
        };
        let mut candidates_near = candidates(true);
        if candidates_near.is_empty() {
            candidates_near = candidates(false);
        }
        match placement {
            Placement::Spread => draw(&mut self.random, &candidates_near),
            Placement::LeastLoaded => {
                let least =
                    candidates_near.iter().min_by_key(|(server, (_, load))| (*load, **server));
                least.map(|(server, _)| *server)
            }
        }
    }
}

/// One of them, in proportion to the room that each has.
fn draw(random: &mut Random, candidates: &BTreeMap<ServerId, (u64, u32)>) -> Option<ServerId> {
    let total = candidates.values().map(|(room, _)| room).sum();
    let mut place = random.below(total);
    candidates.iter().find_map(|(server, (room, _))| {
        let is_here = place < *room;
        place = place.saturating_sub(*room);
        is_here.then_some(*server)
    })
}
