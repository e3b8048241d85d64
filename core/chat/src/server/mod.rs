//! The chat server: sessions of devices on one side, the store and routing on the other.
//!
//! A send goes from its session to the store and comes back as an acceptance, then as a delivery
//! to the audience that the append fixed. Deliveries may be lost; whoever is missing something is
//! found by a hole in the sequence or by the regular comparison with the store, and syncs.

mod answers;
mod change;
mod counts;
mod cursor;
mod deliver;
mod ids;
mod lease;
mod presence;
mod requests;
mod send;
mod session;
mod sync;
mod worker;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::Arc,
};

use crate::{
    cursor_rule::CursorRule,
    design::Design,
    entry::Entry,
    frame::{ChangeFrame, ChangeOutcome, ClientFrame, CutReason, PeerFrame, ServerFrame},
    ids::{ChannelId, DeviceId, MessageId, RequestId, ServerId, SessionId, UserId},
    ports::{Answer, Request, registry::Member},
    presence::PresenceView,
    random::Random,
    situation::Situations,
    time::{Monotonic, Now},
    timers::Timers,
};
pub use counts::ServerCounts;
pub use lease::Registration;

use lease::Place;
use requests::Requests;
use session::Session;

/// Who a chat server is among the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerConfig {
    /// Its id.
    pub server: ServerId,
    /// Its incarnation: larger after every restart. With a registry, that of its lease counts.
    pub epoch: u64,
    /// Whether there are other chat servers. Alone, it has no use for routing.
    pub has_peers: bool,
    /// The design.
    pub design: Design,
    /// Where its jitter comes from.
    pub seed: u64,
    /// What it tells the registry; `None` when there is no registry.
    pub registration: Option<Registration>,
}

/// What a chat server is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A device whose token was checked opened a connection.
    Attached {
        /// The connection.
        session: SessionId,
        /// Whose it is.
        user: UserId,
        /// Which device.
        device: DeviceId,
    },
    /// A frame of a session.
    Frame(SessionId, ClientFrame),
    /// The connection is gone.
    Closed(SessionId),
    /// The outgoing queue of a session is full.
    Overflowed(SessionId),
    /// A device was logged out.
    LoggedOut(DeviceId),
    /// A frame of another chat server, or of a presence server.
    Peer(PeerFrame),
    /// The presence servers, as the registry has them now. Until the first one that names a server
    /// there is no presence.
    PresenceView(PresenceView),
    /// A port's answer.
    Answer(RequestId, Answer),
    /// A change of membership that came in over HTTP.
    Api {
        /// Pairs the answer with this.
        call: u64,
        /// Who asks.
        user: UserId,
        /// From which device.
        device: DeviceId,
        /// What for.
        frame: ChangeFrame,
    },
    /// The process is to stop after it has handed its sessions over: [`Output::Drained`] follows.
    Drain,
    /// The process is about to stop.
    Shutdown,
}

/// What a chat server wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Send this entry to all these sessions; it is encoded once.
    Deliver {
        /// Who gets it.
        sessions: Vec<SessionId>,
        /// What they get.
        entry: Arc<Entry>,
    },
    /// Send a frame to a session.
    Frame(SessionId, ServerFrame),
    /// Close a session after telling it why.
    Cut(SessionId, CutReason),
    /// Send a frame to another chat server. It may be lost.
    Peer(ServerId, PeerFrame),
    /// Ask a port. The machine keeps the deadline itself; the port may give up at `deadline` too.
    Request {
        /// Pairs the answer with this.
        id: RequestId,
        /// When the answer is of no use any more.
        deadline: Monotonic,
        /// What to ask.
        request: Request,
    },
    /// The answer to an [`Input::Api`].
    ApiAnswer(u64, ChangeOutcome),
    /// Who holds which lease now: the addresses of the other servers.
    Members(Vec<Member>),
    /// No session is left and nothing is under way: the process can stop.
    Drained,
}

/// Why a chat server wants to be woken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Timer {
    /// A port has not answered in time.
    Deadline(RequestId),
    /// Gathered cursor reports go to the store.
    CursorFlush,
    /// The sessions are compared with the store.
    Resync,
    /// A session has been silent.
    Silence(SessionId),
    /// A sync that the store did not answer is tried again.
    SyncRetry(SessionId),
    /// Sends that were accepted before their append are tried again (`accept = on-receipt`).
    AppendRetry,
    /// The lease is renewed, or ends.
    Lease,
    /// The registry is asked for its members.
    Watch,
    /// The next sessions are handed over, or it has taken too long.
    Drain,
    /// Gathered heartbeats and watches go to the presence servers.
    Presence,
    /// Devices that went long ago are forgotten.
    PresenceSweep,
    /// Watches that were not answered are asked for again.
    WatchRetry,
    /// A session is given the statuses of its user's friends again.
    Observe(SessionId),
    /// The lease of the worker id is renewed, or ends (`ids = snowflake`).
    Worker,
}

/// A chat server.
#[derive(Debug)]
pub struct ChatServer {
    config: ServerConfig,
    place: Place,
    rule: CursorRule,
    ids: ids::IdSupply,
    random: Random,
    sessions: BTreeMap<SessionId, Session>,
    sessions_of: BTreeMap<UserId, BTreeSet<SessionId>>,
    session_of: BTreeMap<DeviceId, SessionId>,
    requests: Requests,
    cursors: BTreeMap<(DeviceId, ChannelId), (UserId, MessageId)>,
    retries: VecDeque<send::Send>,
    presence: presence::Presence,
    timers: Timers<Timer>,
    outputs: VecDeque<Output>,
    counts: ServerCounts,
    situations: Situations,
}

impl ChatServer {
    /// A chat server that has just started.
    #[must_use]
    pub fn new(config: ServerConfig, now: Now) -> Self {
        let mut random = Random::stream(config.seed, u64::from(config.server.0));
        let mut timers = Timers::new();
        let first = random.around(config.design.resync_interval);
        timers.set(Timer::Resync, now.monotonic.after(first));
        let place = Place::new(config.server, config.registration.as_ref(), &config.design);
        if place.is_registered() {
            timers.set(Timer::Lease, now.monotonic);
            timers.set(Timer::Watch, now.monotonic);
        }
        let ids = ids::IdSupply::of(&config);
        if matches!(ids, ids::IdSupply::Leased(_)) {
            timers.set(Timer::Worker, now.monotonic);
        }
        Self {
            rule: CursorRule::of(&config.design),
            ids,
            config,
            place,
            random,
            sessions: BTreeMap::new(),
            sessions_of: BTreeMap::new(),
            session_of: BTreeMap::new(),
            requests: Requests::default(),
            cursors: BTreeMap::new(),
            retries: VecDeque::new(),
            presence: presence::Presence::default(),
            timers,
            outputs: VecDeque::new(),
            counts: ServerCounts::default(),
            situations: Situations::default(),
        }
    }

    /// Takes in one input.
    pub fn handle_input(&mut self, now: Now, input: Input) {
        match input {
            Input::Attached { session, user, device } => self.attach(now, session, user, device),
            Input::Frame(session, frame) => self.handle_frame(now, session, frame),
            Input::Closed(session) => self.remove(now, session),
            Input::Overflowed(session) => self.cut(now, session, CutReason::SlowConsumer),
            Input::LoggedOut(device) => self.log_out(now, device),
            Input::Peer(PeerFrame::Hint { entry, audience }) => {
                self.counts.hints_received += 1;
                self.deliver(now, &entry, &audience);
            }
            Input::Peer(PeerFrame::Statuses(statuses)) => {
                let before = self.counts.statuses_sent;
                self.forward_statuses(&statuses);
                self.counts.statuses_forwarded += self.counts.statuses_sent - before;
            }
            Input::PresenceView(view) => self.handle_presence_view(now, view),
            Input::Answer(id, answer) => self.handle_answer(now, id, answer),
            Input::Api { call, user, device, frame } => {
                self.handle_change(now, change::Asker::Api(call), user, device, frame);
            }
            Input::Drain => self.drain(now),
            Input::Shutdown => {
                let sessions: Vec<_> = self.sessions.keys().copied().collect();
                sessions.into_iter().for_each(|id| self.cut(now, id, CutReason::Shutdown));
            }
        }
        self.finish_drain(now);
    }

    /// Does what has become due.
    pub fn handle_timeout(&mut self, now: Now) {
        while let Some(timer) = self.timers.expire(now.monotonic) {
            match timer {
                Timer::Deadline(request) => self.handle_deadline(now, request),
                Timer::CursorFlush => self.flush_cursors(now),
                Timer::Resync => self.resync(now),
                Timer::Silence(session) => self.check_silence(now, session),
                Timer::SyncRetry(session) => self.start_sync(now, session),
                Timer::AppendRetry => self.retry_appends(now),
                Timer::Lease => self.keep_lease(now),
                Timer::Watch => self.watch_registry(now),
                Timer::Drain => self.hand_over(now),
                Timer::Presence => self.flush_presence(now),
                Timer::PresenceSweep => self.sweep_presence(now),
                Timer::WatchRetry => self.retry_watches(now),
                Timer::Observe(session) => self.observe(now, session),
                Timer::Worker => self.keep_worker(now),
            }
        }
        self.finish_drain(now);
    }

    /// What is to be done next; drained after every `handle_*`.
    pub fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to call [`Self::handle_timeout`] next, and why.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<(Monotonic, Timer)> {
        self.timers.next()
    }

    /// What it has done since it started.
    #[must_use]
    pub fn counts(&self) -> ServerCounts {
        self.counts
    }

    /// The situations that it has passed through since it started, its leases included.
    #[must_use]
    pub fn situations(&self) -> Situations {
        let mut situations = self.situations;
        situations.add(self.place.situations());
        situations.add(self.ids.situations());
        situations
    }

    /// How many sessions it has.
    #[must_use]
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    fn handle_frame(&mut self, now: Now, id: SessionId, frame: ClientFrame) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        session.last_heard = now.monotonic;
        let (user, device) = (session.user, session.device);
        match frame {
            ClientFrame::Hello { version, cursors, newest } => {
                self.hello(now, id, version, cursors, newest);
            }
            _ if !session.greeted => self.cut(now, id, CutReason::Protocol),
            ClientFrame::Send(frame) => self.handle_send(now, id, user, device, frame),
            ClientFrame::Change(frame) => {
                self.handle_change(now, change::Asker::Session(id), user, device, frame);
            }
            ClientFrame::Cursor { cursors } => self.handle_cursors(now, id, &cursors),
            ClientFrame::Look { users } => self.look(now, id, users),
            ClientFrame::Sync { cursors, newest } => self.reset_sync(now, id, cursors, newest),
            ClientFrame::Heartbeat { cursors } => {
                self.beat(now, id);
                self.handle_cursors(now, id, &cursors);
                self.answer_heartbeat(id);
            }
        }
    }
}
