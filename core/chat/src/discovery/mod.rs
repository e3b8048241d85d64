//! Discovery, a part of the API role: which chat server a device goes to, and when.
//!
//! It knows the servers from the registry, whose figures are a few seconds old. While the registry
//! can't be reached it goes on with what it knows; a server that has died meanwhile costs a device
//! one attempt, and its next ask may name another.

mod admission;
mod placement;
mod turns;

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use crate::{
    design::Design,
    ids::{DeviceId, RequestId, ServerId},
    ports::{
        Answer, Outcome, Request,
        registry::{LeaseKey, Member, RegistryRequest},
    },
    random::Random,
    registry_watch::{RegistryWatch, Snapshot},
    situation::{Situation, Situations},
    time::{Monotonic, Now},
    timers::Timers,
};
use admission::Admission;
pub use admission::WAIT_MAX;
use placement::Seat;

/// Sets discovery's randomness apart from that of other machines under the same seed.
const STREAM: u64 = 0x6469_7363;

/// What discovery is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscoveryInput {
    /// A device logs in or lost its chat server.
    Ask {
        /// Pairs the answer with this.
        call: u64,
        /// Which device: it has one turn in the queue however often it asks.
        device: DeviceId,
        /// Where it is; empty when there are no regions.
        region: String,
        /// Whether it has nothing to send.
        background: bool,
        /// How many attempts have failed before.
        attempt: u32,
    },
    /// The registry's answer.
    Answer(RequestId, Answer),
}

/// What discovery wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscoveryOutput {
    /// Ask the registry. The machine keeps the deadline itself.
    Request {
        /// Pairs the answer with this.
        id: RequestId,
        /// When the answer is of no use any more.
        deadline: Monotonic,
        /// What to ask.
        request: Request,
    },
    /// The answer to an [`DiscoveryInput::Ask`].
    Assign(u64, Assignment),
}

/// Where a device goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    /// To this chat server.
    Server {
        /// Which it is.
        server: ServerId,
        /// Where it listens for clients, as `host:port`.
        address: String,
        /// Where to go when that one can't be reached.
        fallback: Option<String>,
    },
    /// Nowhere yet: it is to ask again after this time, at most [`WAIT_MAX`].
    Wait(Duration),
    /// Nowhere: no chat server is open and has room. A failed attempt.
    None,
}

/// Why discovery wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DiscoveryTimer {
    /// The registry is asked for its members.
    Watch,
    /// The registry has not answered in time.
    Deadline,
}

/// What discovery has done since it started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DiscoveryCounts {
    /// Asks, those that were put off each time they came.
    pub asked: u64,
    /// Asks of devices that had failed before.
    pub asked_again: u64,
    /// Asks that were given a server.
    pub assigned: u64,
    /// Asks that were told to come again.
    pub put_off: u64,
    /// Asks for which there was no server.
    pub without_server: u64,
    /// Devices assigned to each server.
    pub per_server: BTreeMap<ServerId, u64>,
}

/// Gives devices their chat servers.
#[derive(Debug)]
pub struct Discovery {
    design: Design,
    random: Random,
    admission: Admission,
    seats: BTreeMap<ServerId, Seat>,
    members: Vec<Member>,
    version: u64,
    watch: RegistryWatch,
    /// The last question to the registry. An answer to an earlier one came too late.
    asked: RequestId,
    timers: Timers<DiscoveryTimer>,
    outputs: VecDeque<DiscoveryOutput>,
    counts: DiscoveryCounts,
    situations: Situations,
}

impl Discovery {
    /// A discovery that knows of no server yet. It asks the registry at once.
    #[must_use]
    pub fn new(design: Design, seed: u64) -> Self {
        let mut timers = Timers::new();
        timers.set(DiscoveryTimer::Watch, Monotonic(0));
        Self {
            random: Random::stream(seed, STREAM),
            admission: Admission::new(design.login_rate),
            design,
            seats: BTreeMap::new(),
            members: Vec::new(),
            version: 0,
            watch: RegistryWatch::default(),
            asked: RequestId(0),
            timers,
            outputs: VecDeque::new(),
            counts: DiscoveryCounts::default(),
            situations: Situations::default(),
        }
    }

    /// Takes in one input.
    pub fn handle_input(&mut self, now: Now, input: DiscoveryInput) {
        match input {
            DiscoveryInput::Ask { call, device, region, background, attempt } => {
                self.counts.asked += 1;
                self.counts.asked_again += u64::from(attempt > 0);
                let assignment = self.assign(now, device, &region, background);
                self.outputs.push_back(DiscoveryOutput::Assign(call, assignment));
            }
            DiscoveryInput::Answer(id, answer) => self.handle_answer(id, answer),
        }
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.expire(now.monotonic) {
            match timer {
                DiscoveryTimer::Watch => self.watch(now),
                DiscoveryTimer::Deadline => {
                    self.watch.settle(Outcome::Unknown);
                }
            }
        }
    }

    /// What is to be done next; drained after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<DiscoveryOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Monotonic, DiscoveryTimer)> {
        self.timers.next()
    }

    /// What it has done since it started.
    #[must_use]
    pub fn counts(&self) -> &DiscoveryCounts {
        &self.counts
    }

    /// The situations that it has passed through since it started.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations
    }

    /// Every lease that the registry last named, with the version of the whole: 0 before the first
    /// answer.
    #[must_use]
    pub fn members(&self) -> (u64, &[Member]) {
        (self.version, &self.members)
    }

    /// A device that no server has room for does not use up an admission.
    fn assign(&mut self, now: Now, device: DeviceId, region: &str, background: bool) -> Assignment {
        if !self.has_room() {
            return self.no_server();
        }
        let admitted = self.admission.admit(now.monotonic, device, background, &mut self.random);
        if let Err(wait) = admitted {
            self.counts.put_off += 1;
            self.situations.mark(Situation::LoginDeferred);
            return Assignment::Wait(wait);
        }
        match self.place(region) {
            Some((server, address, fallback)) => {
                self.counts.assigned += 1;
                *self.counts.per_server.entry(server).or_default() += 1;
                Assignment::Server { server, address, fallback }
            }
            None => self.no_server(),
        }
    }

    fn no_server(&mut self) -> Assignment {
        self.counts.without_server += 1;
        self.situations.mark(Situation::NoServer);
        Assignment::None
    }

    fn watch(&mut self, now: Now) {
        self.timers.set(DiscoveryTimer::Watch, RegistryWatch::again(now, &self.design));
        if !self.watch.begin() {
            return;
        }
        self.asked.0 += 1;
        let id = self.asked;
        let deadline = now.monotonic.after(self.design.request_timeout);
        self.timers.set(DiscoveryTimer::Deadline, deadline);
        let request = Request::Registry(RegistryRequest::Watch);
        self.outputs.push_back(DiscoveryOutput::Request { id, deadline, request });
    }

    fn handle_answer(&mut self, id: RequestId, answer: Answer) {
        let Answer::Registry(outcome) = answer else { return };
        if !self.watch.is_open() || self.asked != id {
            return;
        }
        self.timers.clear(DiscoveryTimer::Deadline);
        let Some(Snapshot { version, members, .. }) = self.watch.settle(outcome) else { return };
        let chat = |member: &Member| match member.key {
            LeaseKey::Chat(server) => Some((server, member.epoch, member.info.clone())),
            _ => None,
        };
        let reports: Vec<_> = members.iter().filter_map(chat).collect();
        self.take_reports(reports);
        (self.version, self.members) = (version, members);
    }
}
