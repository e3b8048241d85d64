//! The presence server: it keeps the leases of the users that fall to it, and tells the chat servers
//! that watch a user of each change.
//!
//! What it knows lives in memory only. After its death others take its users over and learn anew who
//! is online, from the heartbeats that keep coming; until a whole lease has passed, they say of
//! nobody that he is offline. Nor does a server say so of anybody while it does not hold its own lease
//! in the registry: others may keep its users by then, so it cannot know who has fallen silent.

mod activity;
mod answers;
mod leases;
mod placement;
mod watches;

use std::collections::{BTreeMap, VecDeque};

pub use placement::{PresenceView, owner_of};

use crate::{
    design::Design,
    ids::{RequestId, ServerId, UserId},
    ports::{
        Answer, Request,
        presence::{PresenceAnswer, PresenceRequest, Status},
        store::StoreRequest,
    },
    random::Random,
    situation::Situations,
    time::{Monotonic, Now},
    timers::Timers,
};
use activity::{Unwritten, WaitingCall};
use leases::Record;
use placement::Tenure;
use watches::Watches;

/// Statuses in one publication at most; with some 60 bytes each it stays below a TCP buffer.
const STATUSES_MAX: usize = 512;

/// Who a presence server is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PresenceConfig {
    /// Its id.
    pub server: ServerId,
    /// The design.
    pub design: Design,
    /// Where its jitter comes from.
    pub seed: u64,
    /// How much it holds at most.
    pub limits: PresenceLimits,
}

/// How much a presence server holds at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PresenceLimits {
    /// Users of whom it knows something. Heartbeats of further ones are dropped (`refused`).
    pub users: usize,
    /// Pairs of a chat server and a user whom it watches. Further watches get their snapshot and are
    /// told of no changes (`refused`).
    pub watches: usize,
    /// Changes that one chat server is still to be told of. Past that its watches are dropped
    /// (`overflowed`), and it has to take snapshots.
    pub untold: usize,
    /// Answers that wait for the store. Further ones are given at once, without the time of the last
    /// activity.
    pub waiting: usize,
}

impl Default for PresenceLimits {
    /// For a server with a few gigabytes: a user takes some 300 bytes, a watch some 100.
    fn default() -> Self {
        Self { users: 4_000_000, watches: 16_000_000, untold: 1_000_000, waiting: 4096 }
    }
}

/// Pairs the answer of a presence server with the request; the driver's own number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CallId(pub u64);

/// What a presence server is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceInput {
    /// A request.
    Request {
        /// Pairs the answer with it.
        from: CallId,
        /// What is asked.
        request: PresenceRequest,
    },
    /// The presence servers, as the registry has them now.
    View(PresenceView),
    /// It holds its own lease in the registry, or has renewed it.
    Held {
        /// Under which epoch.
        epoch: u64,
        /// When the lease ends by its own clock unless it is renewed.
        until: Monotonic,
    },
    /// It has lost its own lease in the registry, or given it back.
    Lost,
    /// The store's answer.
    Answer(RequestId, Answer),
}

/// What a presence server wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PresenceOutput {
    /// Answer a request.
    Answer(CallId, PresenceAnswer),
    /// Tell a chat server, as a [`PeerFrame::Statuses`](crate::frame::PeerFrame::Statuses). It may be
    /// lost.
    Publish(ServerId, Vec<Status>),
    /// Ask the store. The machine keeps the deadline itself; the port may give up at `deadline` too.
    Request {
        /// Pairs the answer with this.
        id: RequestId,
        /// When the answer is of no use any more.
        deadline: Monotonic,
        /// What to ask.
        request: Request,
    },
}

/// Why a presence server wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PresenceTimer {
    /// A lease of this user may have ended.
    Lease(UserId),
    /// A lease has passed since it took users over: it is certain of them all.
    Certain,
    /// Gathered changes go to those who watch.
    Publish,
    /// Watches of this chat server may have lapsed.
    Lapse(ServerId),
    /// Times of last activity go to the store.
    Activity,
    /// What is of no use any more is forgotten.
    Sweep,
    /// The store has not answered in time.
    Deadline(RequestId),
}

/// What a presence server has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PresenceCounts {
    /// Heartbeats that prolonged a lease.
    pub beats: u64,
    /// Changes of a user's status, those included that it learnt after taking a user over.
    pub changes: u64,
    /// Events: statuses published, once for each chat server that was told.
    pub publications: u64,
    /// Statuses in answers to watches and looks.
    pub statuses_answered: u64,
    /// Users in the watches that were asked for, renewals included.
    pub watches: u64,
    /// Watches that ended because they were not repeated.
    pub lapsed: u64,
    /// Watches dropped because their chat server had too much to be told.
    pub overflowed: u64,
    /// Heartbeats and watches of users beyond the limits.
    pub refused: u64,
}

/// A presence server.
#[derive(Debug)]
pub struct PresenceServer {
    config: PresenceConfig,
    random: Random,
    tenure: Tenure,
    records: BTreeMap<UserId, Record>,
    /// The last version that a status was given.
    version: u64,
    /// No forgotten record had a higher version than this: it is the version of everybody without
    /// one.
    forgotten_version: u64,
    /// Up to when those whom it took over have been settled.
    settled_at: Monotonic,
    watches: Watches,
    unwritten: Unwritten,
    open: BTreeMap<RequestId, Pending>,
    last_request: u64,
    timers: Timers<PresenceTimer>,
    outputs: VecDeque<PresenceOutput>,
    counts: PresenceCounts,
    situations: Situations,
}

/// What an answer of the store is for.
#[derive(Debug)]
enum Pending {
    /// A call waits for it.
    Read(WaitingCall),
    /// These users turned out to be offline, which is to be published.
    Settle(Vec<UserId>),
    /// These times were written.
    Write(Vec<(UserId, u64)>),
}

impl PresenceServer {
    /// A presence server that has just started and keeps nobody until its first view.
    #[must_use]
    pub fn new(config: PresenceConfig, now: Now) -> Self {
        let mut random = Random::stream(config.seed, u64::from(config.server.0));
        let mut lease = config.design.presence_lease();
        if planted!(config.design, TakenOverAsOffline) {
            lease = std::time::Duration::ZERO;
        }
        let mut timers = Timers::new();
        timers.set(PresenceTimer::Sweep, now.monotonic.after(random.around(lease)));
        Self {
            random,
            tenure: Tenure::new(config.server, lease),
            config,
            records: BTreeMap::new(),
            version: 0,
            forgotten_version: 0,
            settled_at: now.monotonic,
            watches: Watches::default(),
            unwritten: Unwritten::default(),
            open: BTreeMap::new(),
            last_request: 0,
            timers,
            outputs: VecDeque::new(),
            counts: PresenceCounts::default(),
            situations: Situations::default(),
        }
    }

    /// Takes in one input.
    pub fn handle_input(&mut self, now: Now, input: PresenceInput) {
        match input {
            PresenceInput::Request { from, request } => self.handle_request(now, from, request),
            PresenceInput::View(view) => self.handle_view(now, view),
            PresenceInput::Held { epoch, until } => self.handle_held(now, epoch, until),
            PresenceInput::Lost => self.tenure.hold(None),
            PresenceInput::Answer(id, answer) => {
                if let Some(pending) = self.open.remove(&id) {
                    self.timers.clear(PresenceTimer::Deadline(id));
                    self.settle(now, pending, answer);
                }
            }
        }
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.expire(now.monotonic) {
            match timer {
                PresenceTimer::Lease(user) => self.check_lease(now, user),
                PresenceTimer::Certain => self.become_certain(now),
                PresenceTimer::Publish => self.publish(now),
                PresenceTimer::Lapse(server) => self.lapse(now, server),
                PresenceTimer::Activity => self.write_activity(now),
                PresenceTimer::Sweep => self.sweep(now),
                PresenceTimer::Deadline(id) => {
                    if let Some(pending) = self.open.remove(&id) {
                        self.settle(now, pending, crate::ports::Port::Store.unknown());
                    }
                }
            }
        }
    }

    /// What is to be done next; drained after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<PresenceOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Monotonic, PresenceTimer)> {
        self.timers.next()
    }

    /// What it has done since it started.
    #[must_use]
    pub fn counts(&self) -> PresenceCounts {
        self.counts
    }

    /// The situations that it has passed through since it started.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations
    }

    /// How many pairs of a chat server and a user are watched.
    #[must_use]
    pub fn watch_count(&self) -> usize {
        self.watches.count()
    }

    /// How many users it knows something of.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.records.len()
    }

    /// A later view: users that fall to others now are forgotten, once their last activity is on its
    /// way to the store. What other servers watch stays until it lapses: they may have seen the next
    /// view, under which it counts again, before this server.
    fn handle_view(&mut self, now: Now, view: PresenceView) {
        let before = self.tenure.latest().cloned().unwrap_or_default();
        if !self.tenure.take(now.monotonic, view) {
            return;
        }
        let limit = self.config.limits.users;
        let (tenure, unwritten, timers) = (&self.tenure, &mut self.unwritten, &mut self.timers);
        self.records.retain(|user, record| {
            let moves = tenure.latest().is_none_or(|view| view.moves(*user, &before));
            let stays = tenure.owns(*user) && !moves;
            if !stays {
                timers.clear(PresenceTimer::Lease(*user));
                record.hand_over(*user, unwritten, limit);
            }
            stays
        });
        self.schedule_activity(now);
        if let Some(at) = self.tenure.next_certain(now.monotonic) {
            self.timers.set_once(PresenceTimer::Certain, at);
        }
    }

    fn handle_held(&mut self, now: Now, epoch: u64, until: Monotonic) {
        let was_held = self.tenure.is_held(now.monotonic);
        self.tenure.hold(Some((epoch, until)));
        if !was_held && self.tenure.is_held(now.monotonic) {
            self.resume(now);
        }
    }

    /// Tells whoever watches: gathered for a quarter of `publish_max`, since the heartbeat was
    /// gathered for as long before it came here, and the way takes time as well.
    fn changed(&mut self, now: Now, user: UserId) {
        self.counts.overflowed += self.watches.changed(user, self.config.limits.untold) as u64;
        let at = now.monotonic.after(self.config.design.publish_max / 4);
        self.timers.set_once(PresenceTimer::Publish, at);
    }

    fn publish(&mut self, now: Now) {
        for (server, users) in self.watches.take_untold(now.monotonic) {
            let known = users.iter().filter_map(|user| self.status(now, *user));
            let statuses: Vec<Status> = known.collect();
            self.counts.publications += statuses.len() as u64;
            for statuses in statuses.chunks(STATUSES_MAX) {
                self.outputs.push_back(PresenceOutput::Publish(server, statuses.to_vec()));
            }
        }
    }

    fn lapse(&mut self, now: Now, server: ServerId) {
        self.counts.lapsed += self.watches.lapse(now.monotonic, server) as u64;
        if self.watches.is_met(server) {
            self.schedule_lapse(now, server);
        }
    }

    fn schedule_lapse(&mut self, now: Now, server: ServerId) {
        let at = now.monotonic.after(self.config.design.presence_refresh);
        self.timers.set_once(PresenceTimer::Lapse(server), at);
    }

    fn settle(&mut self, now: Now, pending: Pending, answer: Answer) {
        match pending {
            Pending::Read(call) => self.settle_read(now, &call, answer),
            Pending::Settle(users) => self.settle_certain(now, &users, answer),
            Pending::Write(rows) => self.settle_write(now, rows, &answer),
        }
    }

    /// Half the time that a chat server gives this one: its answer must not come too late because
    /// the store is slow.
    fn ask_store(&mut self, now: Now, pending: Pending, request: StoreRequest) {
        let deadline = now.monotonic.after(self.config.design.request_timeout / 2);
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.open.insert(id, pending);
        self.timers.set(PresenceTimer::Deadline(id), deadline);
        let request = Request::Store(request);
        self.outputs.push_back(PresenceOutput::Request { id, deadline, request });
    }
}
