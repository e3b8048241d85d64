//! The notifier: it asks the store what is owed and due, and pushes it.
//!
//! What is owed is durable at the store, and stays until it is settled. The notifier keeps nothing:
//! one that dies between a push and its settlement leaves the row, and whoever takes over pushes it
//! once more, under the same collapse id. Every attempt follows an answer of the store that names
//! the row, so nothing is repeated that a device has read meanwhile.

mod due;
mod pushes;
mod rows;

use std::collections::{BTreeMap, VecDeque};

use crate::{
    design::Design,
    ids::{MessageId, RequestId},
    lease::{LeaseKeeper, LeaseOutput, LeaseTarget},
    ports::{
        Answer, Outcome, Port, Request,
        push::{PushAnswer, PushRequest},
        registry::{LeaseInfo, LeaseKey},
    },
    random::Random,
    situation::Situations,
    time::{Monotonic, Now},
    timers::Timers,
};
use pushes::Pushes;
use rows::{Row, RowKey};

pub use pushes::IN_FLIGHT_MAX;
pub use rows::{RETRY_BASE, RETRY_MAX, ROWS_MAX, longest_pause};

/// Sets the notifier's randomness apart from that of other machines under the same seed.
const STREAM: u64 = 0x6e6f_7469;

/// Which notifier it is, and under which design.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifierConfig {
    /// A number that no other process has, and this one after a restart neither.
    pub holder: u64,
    /// The design.
    pub design: Design,
    /// Where its jitter comes from.
    pub seed: u64,
}

/// What a notifier is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifierInput {
    /// A port's answer.
    Answer(RequestId, Answer),
    /// The gateway's answer to the push with this id; `None` when it is not known what became of it.
    PushAnswer(u64, Option<PushAnswer>),
    /// The process is to stop after what is under way is answered: [`NotifierOutput::Stopped`]
    /// follows.
    Stop,
}

/// What a notifier wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotifierOutput {
    /// Ask a port. The machine keeps the deadline itself.
    Request {
        /// Pairs the answer with this.
        id: RequestId,
        /// When the answer is of no use any more.
        deadline: Monotonic,
        /// What to ask.
        request: Request,
    },
    /// Ask the gateway to push. The machine keeps the deadline itself.
    Push {
        /// Pairs the answer with this.
        id: u64,
        /// When the notifier stops waiting, and the push should not go out any more.
        deadline: Monotonic,
        /// What to push.
        request: PushRequest,
    },
    /// Nothing is under way and the lease is given back: the process can stop.
    Stopped,
}

/// Why a notifier wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotifierTimer {
    /// The lease is renewed, or ends.
    Lease,
    /// The store is asked what is due.
    Poll,
    /// A port has not answered in time.
    Deadline(RequestId),
    /// The gateway has not answered in time.
    PushDeadline(u64),
}

/// What a notifier has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct NotifierCounts {
    /// Rows that were taken up: what a user is owed in a channel.
    pub due: u64,
    /// Pushes requested of the gateway, one per token and attempt.
    pub pushed: u64,
    /// Rows that the store has as settled.
    pub settled: u64,
    /// Attempts at a row after its first.
    pub retried: u64,
    /// Tokens that the gateway called dead.
    pub dead: u64,
    /// Attempts at a row that no token took.
    pub put_off: u64,
    /// Pushes that the gateway did not answer in time, or nobody knows how.
    pub unanswered: u64,
    /// Rows that were due and one too many to take up: they stay owed.
    pub left: u64,
}

/// What a request to a port is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pending {
    /// The lease's request with this number.
    Lease(u64),
    Due {
        rows_max: u32,
    },
    Settle {
        key: RowKey,
        up_to: MessageId,
    },
    DropToken,
}

/// Pushes what is owed, while it holds the lease.
#[derive(Debug)]
pub struct Notifier {
    design: Design,
    random: Random,
    keeper: LeaseKeeper,
    rows: BTreeMap<RowKey, Row>,
    pushes: Pushes,
    /// Open requests: at most one per row, one per dead token of a push, and a few more.
    requests: BTreeMap<RequestId, Pending>,
    last_request: u64,
    /// The store is being asked what is due.
    is_asking: bool,
    /// There is more that is due than was taken up.
    has_more: bool,
    is_stopping: bool,
    timers: Timers<NotifierTimer>,
    outputs: VecDeque<NotifierOutput>,
    counts: NotifierCounts,
    situations: Situations,
    /// It has its lease, and has not heard yet what was due before.
    is_new: bool,
}

impl Notifier {
    /// A notifier that asks for the lease at once.
    #[must_use]
    pub fn new(config: NotifierConfig) -> Self {
        let NotifierConfig { holder, design, seed } = config;
        let target = LeaseTarget::Key(LeaseKey::Notifier);
        let info = LeaseInfo { open: true, ..LeaseInfo::default() };
        let mut timers = Timers::new();
        timers.set(NotifierTimer::Lease, Monotonic(0));
        Self {
            random: Random::stream(seed, STREAM),
            keeper: LeaseKeeper::new(target, holder, &design, info),
            design,
            rows: BTreeMap::new(),
            pushes: Pushes::default(),
            requests: BTreeMap::new(),
            last_request: 0,
            is_asking: false,
            has_more: false,
            is_stopping: false,
            timers,
            outputs: VecDeque::new(),
            counts: NotifierCounts::default(),
            situations: Situations::default(),
            is_new: false,
        }
    }

    /// Takes in one input.
    pub fn handle_input(&mut self, now: Now, input: NotifierInput) {
        match input {
            NotifierInput::Answer(id, answer) => {
                if let Some(pending) = self.requests.remove(&id) {
                    self.timers.clear(NotifierTimer::Deadline(id));
                    self.settle_request(now, pending, answer);
                }
            }
            NotifierInput::PushAnswer(id, answer) => self.handle_push_answer(now, id, answer),
            NotifierInput::Stop => {
                self.is_stopping = true;
                self.timers.clear(NotifierTimer::Poll);
            }
        }
        self.finish_stop(now);
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.expire(now.monotonic) {
            match timer {
                NotifierTimer::Lease => {
                    self.keeper.handle_timeout(now.monotonic);
                    self.drive_lease(now);
                }
                NotifierTimer::Poll => self.poll(now),
                NotifierTimer::Deadline(id) => {
                    if let Some(pending) = self.requests.remove(&id) {
                        self.settle_request(now, pending, pending.port().unknown());
                    }
                }
                NotifierTimer::PushDeadline(id) => self.handle_push_deadline(now, id),
            }
        }
        self.finish_stop(now);
    }

    /// What is to be done next; drained after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<NotifierOutput> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Monotonic, NotifierTimer)> {
        self.timers.next()
    }

    /// What it has done since it started.
    #[must_use]
    pub fn counts(&self) -> NotifierCounts {
        self.counts
    }

    /// The situations that it has passed through since it started, its lease included.
    #[must_use]
    pub fn situations(&self) -> Situations {
        let mut situations = self.situations;
        situations.add(self.keeper.situations());
        situations
    }

    /// Under which epoch it holds the lease at this moment.
    #[must_use]
    pub fn epoch(&self, now: Now) -> Option<u64> {
        self.keeper.epoch(now.monotonic)
    }

    fn may_push(&self, now: Now) -> bool {
        !self.is_stopping && self.epoch(now).is_some()
    }

    fn settle_request(&mut self, now: Now, pending: Pending, answer: Answer) {
        match (pending, answer) {
            (Pending::Lease(number), Answer::Registry(outcome)) => {
                self.keeper.handle_answer(now.monotonic, number, outcome);
                self.drive_lease(now);
            }
            (Pending::Due { rows_max }, Answer::Store(outcome)) => {
                self.handle_due(now, rows_max, outcome);
            }
            (Pending::Settle { key, up_to }, Answer::Store(outcome)) => {
                self.handle_settled(now, key, up_to, matches!(outcome, Outcome::Ok(_)));
            }
            // A token that stays is found dead again.
            (Pending::DropToken, Answer::Store(_)) => {}
            (pending, _) => debug_assert!(false, "an answer of another port for {pending:?}"),
        }
    }

    fn drive_lease(&mut self, now: Now) {
        while let Some(output) = self.keeper.poll_output() {
            match output {
                LeaseOutput::Request { number, request } => {
                    let deadline = now.monotonic.after(self.design.request_timeout);
                    self.request(Pending::Lease(number), deadline, Request::Registry(request));
                }
                LeaseOutput::Held { .. } if self.is_stopping => {}
                LeaseOutput::Held { .. } => {
                    self.is_new = true;
                    self.timers.set(NotifierTimer::Poll, now.monotonic);
                }
                // What is under way is settled all the same: that a push was taken is a fact.
                LeaseOutput::Lost => self.timers.clear(NotifierTimer::Poll),
                LeaseOutput::Released => self.outputs.push_back(NotifierOutput::Stopped),
            }
        }
        match self.keeper.poll_timeout() {
            Some(due) => self.timers.set(NotifierTimer::Lease, due),
            None => self.timers.clear(NotifierTimer::Lease),
        }
    }

    /// The lease goes back when nothing is under way, so that the next notifier repeats nothing.
    fn finish_stop(&mut self, now: Now) {
        let is_lease = |pending: &Pending| matches!(pending, Pending::Lease(_));
        if self.is_stopping && self.pushes.is_empty() && self.requests.values().all(is_lease) {
            self.keeper.release(now.monotonic);
            self.drive_lease(now);
        }
    }

    fn request(&mut self, pending: Pending, deadline: Monotonic, request: Request) {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        self.requests.insert(id, pending);
        self.timers.set(NotifierTimer::Deadline(id), deadline);
        self.outputs.push_back(NotifierOutput::Request { id, deadline, request });
    }
}

impl Pending {
    fn port(self) -> Port {
        match self {
            Self::Lease(_) => Port::Registry,
            Self::Due { .. } | Self::Settle { .. } | Self::DropToken => Port::Store,
        }
    }
}
