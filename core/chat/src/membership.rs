//! A server's place in the registry, for a role whose own machine has no lease: it takes and renews
//! the lease of its key, and watches who else there is.

use std::collections::{BTreeMap, VecDeque};

use crate::{
    design::Design,
    ids::RequestId,
    lease::{LeaseKeeper, LeaseOutput, LeaseTarget},
    ports::{
        Answer, Outcome, Request,
        registry::{LeaseInfo, LeaseKey, Member, RegistryAnswer, RegistryRequest},
    },
    registry_watch::RegistryWatch,
    situation::Situations,
    time::{Monotonic, Now},
    timers::Timers,
};

/// Whose place it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MembershipConfig {
    /// The lease to keep; `None` to watch only.
    pub key: Option<LeaseKey>,
    /// A number that no other process has, and this one after a restart neither.
    pub holder: u64,
    /// What is said of the holder.
    pub info: LeaseInfo,
    /// The design.
    pub design: Design,
}

/// What a membership wants done or has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MembershipOutput {
    /// Ask the registry. The machine keeps the deadline itself.
    Request {
        /// Pairs the answer with this.
        id: RequestId,
        /// When the answer is of no use any more.
        deadline: Monotonic,
        /// What to ask.
        request: Request,
    },
    /// The lease is held; told again with each renewal.
    Held {
        /// Under which epoch.
        epoch: u64,
        /// When it ends unless it is renewed.
        until: Monotonic,
    },
    /// The lease is not held any more.
    Lost,
    /// Who there is, whenever that has changed.
    Members {
        /// The registry's version.
        version: u64,
        /// The leases that live.
        members: Vec<Member>,
    },
}

/// Why a membership wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MembershipTimer {
    /// The lease is to be renewed, or has ended.
    Lease,
    /// The registry is asked who there is.
    Watch,
    /// The registry has not answered in time.
    Deadline(RequestId),
}

#[derive(Debug, Clone, Copy)]
enum Pending {
    Lease(u64),
    Watch,
}

/// Keeps a place in the registry.
#[derive(Debug)]
pub struct Membership {
    design: Design,
    keeper: Option<LeaseKeeper>,
    /// What was last said of the lease: its epoch, and until when it is held.
    told: Option<(u64, Monotonic)>,
    watch: RegistryWatch,
    pending: BTreeMap<RequestId, Pending>,
    last_request: u64,
    timers: Timers<MembershipTimer>,
    outputs: VecDeque<MembershipOutput>,
}

impl Membership {
    /// A place that is asked for at once.
    #[must_use]
    pub fn new(config: MembershipConfig, now: Now) -> Self {
        let MembershipConfig { key, holder, info, design } = config;
        let keeper = key.map(|key| LeaseKeeper::new(LeaseTarget::Key(key), holder, &design, info));
        let mut timers = Timers::new();
        timers.set(MembershipTimer::Watch, now.monotonic);
        timers.set(MembershipTimer::Lease, now.monotonic);
        Self {
            design,
            keeper,
            told: None,
            watch: RegistryWatch::default(),
            pending: BTreeMap::new(),
            last_request: 0,
            timers,
            outputs: VecDeque::new(),
        }
    }

    /// Takes in the registry's answer.
    pub fn handle_answer(&mut self, now: Now, id: RequestId, answer: Answer) {
        if let Some(pending) = self.pending.remove(&id) {
            self.timers.clear(MembershipTimer::Deadline(id));
            let outcome = match answer {
                Answer::Registry(outcome) => outcome,
                _ => Outcome::Unknown,
            };
            self.settle(now, pending, outcome);
        }
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.expire(now.monotonic) {
            match timer {
                MembershipTimer::Lease => {
                    if let Some(keeper) = &mut self.keeper {
                        keeper.handle_timeout(now.monotonic);
                    }
                    self.drive_lease(now);
                }
                MembershipTimer::Watch => self.watch(now),
                MembershipTimer::Deadline(id) => {
                    if let Some(pending) = self.pending.remove(&id) {
                        self.settle(now, pending, Outcome::Unknown);
                    }
                }
            }
        }
    }

    /// Gives the lease back, before the process stops.
    pub fn release(&mut self, now: Now) {
        if let Some(keeper) = &mut self.keeper {
            keeper.release(now.monotonic);
        }
        self.drive_lease(now);
    }

    /// Under which epoch the lease is held at this moment.
    #[must_use]
    pub fn epoch(&self, now: Now) -> Option<u64> {
        self.keeper.as_ref()?.epoch(now.monotonic)
    }

    /// The situations that it has passed through.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.keeper.as_ref().map(LeaseKeeper::situations).unwrap_or_default()
    }

    /// What is to be done next; drained after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<MembershipOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Monotonic, MembershipTimer)> {
        self.timers.next()
    }

    fn settle(&mut self, now: Now, pending: Pending, outcome: Outcome<RegistryAnswer>) {
        match pending {
            Pending::Lease(number) => {
                if let Some(keeper) = &mut self.keeper {
                    keeper.handle_answer(now.monotonic, number, outcome);
                }
                self.drive_lease(now);
            }
            Pending::Watch => {
                if let Some(told) = self.watch.settle(outcome).filter(|told| told.is_new) {
                    let (version, members) = (told.version, told.members);
                    self.outputs.push_back(MembershipOutput::Members { version, members });
                }
            }
        }
    }

    fn watch(&mut self, now: Now) {
        self.timers.set(MembershipTimer::Watch, RegistryWatch::again(now, &self.design));
        if self.watch.begin() {
            self.request(now, Pending::Watch, RegistryRequest::Watch);
        }
    }

    fn drive_lease(&mut self, now: Now) {
        while let Some(output) = self.keeper.as_mut().and_then(LeaseKeeper::poll_output) {
            match output {
                LeaseOutput::Request { number, request } => {
                    self.request(now, Pending::Lease(number), request);
                }
                LeaseOutput::Lost => self.outputs.push_back(MembershipOutput::Lost),
                // Its term says more.
                LeaseOutput::Held { .. } | LeaseOutput::Released => {}
            }
        }
        let term = self.keeper.as_ref().and_then(LeaseKeeper::term);
        if let Some((epoch, until)) = term.filter(|_| term != self.told) {
            self.outputs.push_back(MembershipOutput::Held { epoch, until });
        }
        self.told = term;
        match self.keeper.as_ref().and_then(LeaseKeeper::poll_timeout) {
            Some(due) => self.timers.set(MembershipTimer::Lease, due),
            None => self.timers.clear(MembershipTimer::Lease),
        }
    }

    fn request(&mut self, now: Now, pending: Pending, request: RegistryRequest) {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        let deadline = now.monotonic.after(self.design.request_timeout);
        self.pending.insert(id, pending);
        self.timers.set(MembershipTimer::Deadline(id), deadline);
        let request = Request::Registry(request);
        self.outputs.push_back(MembershipOutput::Request { id, deadline, request });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ids::ServerId, ports::registry::RegistryModel, time::Wall};

    fn at(milliseconds: u64) -> Now {
        let time = milliseconds * 1_000_000;
        Now { monotonic: Monotonic(time), wall: Wall(time) }
    }

    fn membership(number: u32, now: Now) -> Membership {
        let key = LeaseKey::Presence(ServerId(number));
        let (holder, info) = (u64::from(number), LeaseInfo::default());
        let config = MembershipConfig { key: Some(key), holder, info, design: Design::default() };
        Membership::new(config, now)
    }

    /// Runs what is due and answers what is asked; gives what the membership says, but for renewals.
    fn turn(
        membership: &mut Membership,
        registry: &mut RegistryModel,
        now: Now,
    ) -> Vec<MembershipOutput> {
        membership.handle_timeout(now);
        let mut said = Vec::new();
        while let Some(output) = membership.poll_output() {
            match output {
                MembershipOutput::Request { id, request: Request::Registry(request), .. } => {
                    let answer = Answer::Registry(Outcome::Ok(registry.handle(now, request)));
                    membership.handle_answer(now, id, answer);
                }
                MembershipOutput::Held { epoch, until } => {
                    assert!(until > now.monotonic && membership.epoch(now) == Some(epoch));
                }
                other => said.push(other),
            }
        }
        said
    }

    #[test]
    fn it_holds_its_lease_and_tells_of_changes_once() {
        let mut registry = RegistryModel::new(Design::default().lease_ttl);
        let (mut one, mut two) = (membership(1, at(0)), membership(2, at(0)));
        turn(&mut one, &mut registry, at(0));
        assert!(one.epoch(at(0)).is_some());
        turn(&mut two, &mut registry, at(1));
        let said = turn(&mut one, &mut registry, at(2000));
        let [MembershipOutput::Members { members, .. }] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert_eq!(members.len(), 2);
        turn(&mut two, &mut registry, at(2001));
        assert_eq!(turn(&mut one, &mut registry, at(4000)), []);
        // The other is not heard of again: its lease ends.
        let said: Vec<_> =
            (6..12).flat_map(|second| turn(&mut one, &mut registry, at(second * 1000))).collect();
        let [MembershipOutput::Members { members, .. }] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert_eq!(members.len(), 1);
    }

    #[test]
    fn each_renewal_is_told_once() {
        let mut registry = RegistryModel::new(Design::default().lease_ttl);
        let mut one = membership(1, at(0));
        let mut told = Vec::new();
        for milliseconds in (0..=4000).step_by(100) {
            let now = at(milliseconds);
            one.handle_timeout(now);
            while let Some(output) = one.poll_output() {
                match output {
                    MembershipOutput::Request {
                        id, request: Request::Registry(request), ..
                    } => {
                        let answer = Answer::Registry(Outcome::Ok(registry.handle(now, request)));
                        one.handle_answer(now, id, answer);
                    }
                    MembershipOutput::Held { epoch, until } => told.push((epoch, until)),
                    _ => {}
                }
            }
        }
        let relied = Design::default().lease_ttl / 10 * 9;
        let expected = [0, 2000, 4000].map(|sent| (1, at(sent).monotonic.after(relied)));
        assert_eq!(told, expected);
    }

    #[test]
    fn a_silent_registry_takes_the_lease_away() {
        let mut registry = RegistryModel::new(Design::default().lease_ttl);
        let mut one = membership(1, at(0));
        turn(&mut one, &mut registry, at(0));
        let mut said = Vec::new();
        for second in 1..10 {
            one.handle_timeout(at(second * 1000));
            while let Some(output) = one.poll_output() {
                if !matches!(output, MembershipOutput::Request { .. }) {
                    said.push(output);
                }
            }
        }
        assert_eq!(said, [MembershipOutput::Lost]);
    }
}
