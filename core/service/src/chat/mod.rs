//! The chat role: the machine, driven by connections, ports and time.

mod actor;
mod connection;
mod http_sessions;
mod peers;
mod polled;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use hubbub_chat::{
    DeviceId, ServerId, SessionId, UserId,
    frame::{ChangeFrame, ChangeOutcome, ClientFrame, CutReason, PeerFrame, ServerFrame},
    ports::registry::Member,
    server::{Input, ServerConfig, ServerCounts},
    situation::Situations,
};
use tokio::sync::{mpsc, oneshot, watch};
use tokio_tungstenite::tungstenite::Utf8Bytes;

use crate::{backend::Backend, codec::Encoder, net::Net};

pub use connection::run_session;
pub(crate) use connection::write;
pub use http_sessions::{HttpSessions, NotTaken, Opening};
pub use peers::{PeerLinks, peers_among, serve_hints};

/// Inputs that wait for the machine at most; whoever brings more waits.
const INPUTS_MAX: usize = 8192;

/// Frames that wait for one session at most; one more cuts it as a slow consumer.
pub const SESSION_QUEUE_MAX: usize = 1024;

/// The chat server's machine and everything that drives it.
pub struct ChatConfig {
    /// The machine's own configuration.
    pub server: ServerConfig,
    /// The other chat servers, as `host:port` of their peer ports. A server that is registered learns
    /// of them from the registry instead.
    pub peers: BTreeMap<ServerId, String>,
    /// Is told of the registry's members whenever they change.
    pub members: MembersChanged,
    /// Counts what it does.
    pub figures: Arc<ChatFigures>,
}

/// Is told of the registry's members.
pub type MembersChanged = Arc<dyn Fn(&[Member]) + Send + Sync>;

/// What goes to a session's connection.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// A frame, encoded for a stream.
    Text(Utf8Bytes),
    /// A frame for a session over polls, which encodes a whole answer.
    Frame(ServerFrame),
    /// The last words.
    Bye(CutReason),
}

/// What a session's queue is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Encoded frames, shared with other sessions.
    Text,
    /// Frames as they are.
    Frames,
}

/// Figures of a running chat server.
#[derive(Debug, Default)]
pub struct ChatFigures {
    /// Counts encoded frames.
    pub encoder: Encoder,
    pub(crate) sessions: AtomicU64,
    pub(crate) counts: std::sync::Mutex<ServerCounts>,
    pub(crate) situations: std::sync::Mutex<Situations>,
    pub(crate) malformed: AtomicU64,
    pub(crate) hints_lost: Arc<AtomicU64>,
    pub(crate) answers_lost: Arc<AtomicU64>,
    pub(crate) connections_refused: AtomicU64,
}

impl ChatFigures {
    /// Sessions now.
    #[must_use]
    pub fn sessions(&self) -> u64 {
        self.sessions.load(Ordering::Relaxed)
    }

    /// What the machine has done.
    #[must_use]
    pub fn counts(&self) -> ServerCounts {
        self.counts.lock().map(|counts| *counts).unwrap_or_default()
    }

    /// The situations that the machine has passed through.
    #[must_use]
    pub fn situations(&self) -> Situations {
        self.situations.lock().map(|situations| *situations).unwrap_or_default()
    }

    /// Frames that could not be read.
    #[must_use]
    pub fn malformed(&self) -> u64 {
        self.malformed.load(Ordering::Relaxed)
    }

    /// Hints to other chat servers that were not sent or not confirmed, and hints from them that
    /// found the machine too far behind.
    #[must_use]
    pub fn hints_lost(&self) -> u64 {
        self.hints_lost.load(Ordering::Relaxed)
    }

    /// Answers to other chat servers that found too many others waiting.
    #[must_use]
    pub fn answers_lost(&self) -> u64 {
        self.answers_lost.load(Ordering::Relaxed)
    }

    /// Connections that were closed at once because too many were open.
    #[must_use]
    pub fn connections_refused(&self) -> u64 {
        self.connections_refused.load(Ordering::Relaxed)
    }

    pub(crate) fn count_malformed(&self) {
        self.malformed.fetch_add(1, Ordering::Relaxed);
    }

    fn lose_hint(&self) {
        self.hints_lost.fetch_add(1, Ordering::Relaxed);
    }
}

/// The way into a running chat server.
#[derive(Clone)]
pub struct ChatHandle {
    inputs: mpsc::Sender<ActorInput>,
    figures: Arc<ChatFigures>,
    last_session: Arc<AtomicU64>,
}

enum ActorInput {
    Machine(Input),
    Attach {
        session: SessionId,
        user: UserId,
        device: DeviceId,
        queue: mpsc::Sender<Outgoing>,
        form: Form,
    },
    /// The frames of one request, in order.
    Frames(SessionId, Vec<ClientFrame>),
    /// The other chat servers' peer addresses.
    Peers(BTreeMap<ServerId, String>),
    /// Hand the sessions over, and say when the last is gone.
    Drain(oneshot::Sender<()>),
    Api {
        user: UserId,
        device: DeviceId,
        frame: ChangeFrame,
        reply: oneshot::Sender<ChangeOutcome>,
    },
}

impl ChatHandle {
    /// Starts a chat server. It stops when `shutdown` turns true, after telling every session.
    #[must_use]
    pub fn start(
        net: &Arc<dyn Net>,
        config: ChatConfig,
        backend: Arc<dyn Backend>,
        shutdown: watch::Receiver<bool>,
    ) -> Self {
        let (inputs, received) = mpsc::channel(INPUTS_MAX);
        let figures = config.figures.clone();
        let actor = actor::Actor::new(net.clone(), config, backend);
        net.spawn(Box::pin(actor.drive(received, shutdown)));
        Self { inputs, figures, last_session: Arc::default() }
    }

    /// Its figures.
    #[must_use]
    pub fn figures(&self) -> &Arc<ChatFigures> {
        &self.figures
    }

    /// Makes a change of membership for somebody who has no session. `None` when the server stops.
    pub async fn change(
        &self,
        user: UserId,
        device: DeviceId,
        frame: ChangeFrame,
    ) -> Option<ChangeOutcome> {
        let (reply, outcome) = oneshot::channel();
        self.inputs.send(ActorInput::Api { user, device, frame, reply }).await.ok()?;
        outcome.await.ok()
    }

    /// A session's id, never given twice.
    fn next_session(&self) -> SessionId {
        SessionId(self.last_session.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Registers a connection of a device; what comes out of the receiver goes to the device.
    /// `None` when the server stops.
    async fn attach_as(
        &self,
        session: SessionId,
        user: UserId,
        device: DeviceId,
        form: Form,
    ) -> Option<mpsc::Receiver<Outgoing>> {
        let (queue, outgoing) = mpsc::channel(SESSION_QUEUE_MAX);
        let attach = ActorInput::Attach { session, user, device, queue, form };
        self.inputs.send(attach).await.ok()?;
        Some(outgoing)
    }

    /// Tells it the other chat servers' peer addresses. When it is too far behind they are lost, and
    /// so are hints until they change again.
    pub(crate) fn connect(&self, peers: BTreeMap<ServerId, String>) {
        if self.inputs.try_send(ActorInput::Peers(peers)).is_err() {
            self.figures.lose_hint();
        }
    }

    /// Hands the sessions over to other servers; returns when the last is gone and everything under
    /// way is answered.
    pub async fn drain(&self) {
        let (drained, done) = oneshot::channel();
        if self.inputs.send(ActorInput::Drain(drained)).await.is_ok() {
            // A server that stops first has no session left either.
            drop(done.await);
        }
    }

    /// Room for one input, to be used without waiting. `None` when the server has stopped.
    async fn reserve(&self) -> Option<mpsc::Permit<'_, ActorInput>> {
        self.inputs.reserve().await.ok()
    }

    /// Hands an input to the machine. False when the server has stopped.
    pub async fn input(&self, input: Input) -> bool {
        self.inputs.send(ActorInput::Machine(input)).await.is_ok()
    }
}

impl ChatHandle {
    /// Hands in a frame of another server, or loses it when the machine is behind.
    pub(crate) fn hint(&self, frame: PeerFrame) {
        if self.inputs.try_send(ActorInput::Machine(Input::Peer(frame))).is_err() {
            self.figures.lose_hint();
        }
    }
}
