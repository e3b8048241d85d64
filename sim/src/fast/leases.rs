//! Who believes to hold which lease, as the machines say.

use hubbub_chat::{ports::registry::LeaseKey, random::Random, time::nanoseconds};
use hubbub_history::{Source, lease_event};

use super::{Engine, Happening, Seat};
use crate::hosts::server_id;

/// How often within the time of a lease all who hold one are asked whether they still do. A holder
/// stops a tenth of the time before another can have it, so its end is noted in time.
const CHECKS_PER_TTL: u32 = 60;

/// A lease that a machine believes to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Belief {
    key: LeaseKey,
    holder: u64,
    epoch: u64,
}

/// The lease to be who it is, and that of a worker.
pub(super) type Beliefs = [Option<Belief>; 2];

impl Engine<'_> {
    /// The number by which the registry knows this start of a process.
    pub(super) fn holder(&self, seat: Seat) -> u64 {
        let incarnation = u64::from(self.incarnations[self.host_of(seat).0]);
        let (role, index) = match seat {
            Seat::Chat(index) => (1, index),
            Seat::Presence(index) => (2, index),
            Seat::Notify(index) => (3, index),
            Seat::Api(index) => (4, index),
            Seat::Generator => (5, 0),
        };
        let purpose = (role << 56) | ((index as u64) << 32) | incarnation;
        Random::stream(self.setup.seed, purpose).next()
    }

    pub(super) fn check_leases(&mut self) {
        self.every_seat(Self::watch_leases);
        let next = self.now + nanoseconds(self.setup.design.lease_ttl / CHECKS_PER_TTL).max(1);
        self.at(next, Happening::LeaseCheck);
    }

    /// Notes what a machine believes now, where that is not what it believed before.
    pub(super) fn watch_leases(&mut self, seat: Seat) {
        let now = self.beliefs_of(seat);
        let before = self.beliefs.insert(seat, now).unwrap_or_default();
        for (before, now) in before.into_iter().zip(now) {
            if before != now {
                // A process that died believes nothing: its host's end says so.
                let is_up = self.is_up(seat);
                before
                    .filter(|_| is_up)
                    .into_iter()
                    .for_each(|it| self.record_belief(seat, it, false));
                now.into_iter().for_each(|it| self.record_belief(seat, it, true));
            }
        }
    }

    fn record_belief(&mut self, seat: Seat, belief: Belief, held: bool) {
        let host = self.host_of(seat);
        let Belief { key, holder, epoch } = belief;
        let source = match seat {
            Seat::Notify(_) => Source::Notifier,
            _ => Source::Server,
        };
        let (name, incarnation) = (self.setup.hosts.name(host), self.incarnations[host.0] - 1);
        self.record(source, name, incarnation, lease_event(key, holder, epoch, held));
    }

    fn beliefs_of(&self, seat: Seat) -> Beliefs {
        // Reading what a machine says is no reading of its clock: leases know no wall clock.
        let (now, holder) = (self.true_time(), self.holder(seat));
        let belief = |key, epoch: Option<u64>| epoch.map(|epoch| Belief { key, holder, epoch });
        let worker = |worker: Option<(u16, u64)>| {
            worker.map(|(worker, epoch)| Belief { key: LeaseKey::Worker(worker), holder, epoch })
        };
        match seat {
            Seat::Chat(index) => {
                let Some(machine) = &self.servers[index].machine else { return [None; 2] };
                let key = LeaseKey::Chat(server_id(index));
                [belief(key, machine.lease_epoch(now)), worker(machine.worker_lease(now))]
            }
            Seat::Presence(index) => {
                let Some(node) = &self.presence[index].machine else { return [None; 2] };
                let key = LeaseKey::Presence(server_id(index));
                [belief(key, node.place.epoch(now)), None]
            }
            Seat::Notify(index) => {
                let Some(machine) = &self.notifiers[index].machine else { return [None; 2] };
                [belief(LeaseKey::Notifier, machine.epoch(now)), None]
            }
            Seat::Generator => {
                let machine = self.generator.machine.as_ref();
                [None, worker(machine.and_then(|machine| machine.lease(now)))]
            }
            Seat::Api(_) => [None; 2],
        }
    }

    pub(super) fn is_up(&self, seat: Seat) -> bool {
        match seat {
            Seat::Chat(index) => self.servers[index].machine.is_some(),
            Seat::Presence(index) => self.presence[index].machine.is_some(),
            Seat::Notify(index) => self.notifiers[index].machine.is_some(),
            Seat::Api(index) => self.apis[index].machine.is_some(),
            Seat::Generator => self.generator.machine.is_some(),
        }
    }
}
