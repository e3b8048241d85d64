//! The task that owns the machine.

use std::{collections::BTreeMap, sync::Arc};

use hubbub_chat::{
    ChatServer, RequestId, ServerId, SessionId,
    frame::{ChangeOutcome, ServerFrame},
    ports::{Answer, Request, registry::LeaseKey},
    server::{Input, Output},
    time::Monotonic,
};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    ActorInput, ChatConfig, ChatFigures, Form, MembersChanged, Outgoing, PeerLinks, peers_among,
};
use crate::{
    backend::Backend,
    belief::Beliefs,
    net::{Alarm, Net},
    role::stopped,
};

/// Inputs taken in before outputs of the whole batch are flushed to the figures.
const BATCH_MAX: usize = 512;

pub(super) struct Actor {
    net: Arc<dyn Net>,
    server: ServerId,
    machine: ChatServer,
    backend: Arc<dyn Backend>,
    beliefs: Beliefs,
    peers: PeerLinks,
    figures: Arc<ChatFigures>,
    sessions: BTreeMap<SessionId, SessionQueue>,
    calls: BTreeMap<u64, oneshot::Sender<ChangeOutcome>>,
    last_call: u64,
    members: MembersChanged,
    drained: Option<oneshot::Sender<()>>,
    /// Answers are bounded by the requests of the machine, so their queue needs no bound of its
    /// own; a bound could make the store wait for the machine that waits for the store.
    answers: mpsc::UnboundedSender<(RequestId, Answer)>,
    answered: mpsc::UnboundedReceiver<(RequestId, Answer)>,
    alarm: Alarm,
}

struct SessionQueue {
    queue: mpsc::Sender<Outgoing>,
    form: Form,
}

impl Actor {
    pub(super) fn new(net: Arc<dyn Net>, config: ChatConfig, backend: Arc<dyn Backend>) -> Self {
        let figures = config.figures;
        let (answers, answered) = mpsc::unbounded_channel();
        let timeout = config.server.design.request_timeout;
        let mut peers = PeerLinks::new(net.clone(), timeout, figures.hints_lost.clone());
        peers.connect(&config.peers);
        let holder = config.server.registration.as_ref().map_or(0, |place| place.holder);
        Self {
            beliefs: Beliefs::new(net.clone(), holder),
            server: config.server.server,
            machine: ChatServer::new(config.server, net.now()),
            net,
            backend,
            peers,
            figures,
            sessions: BTreeMap::new(),
            calls: BTreeMap::new(),
            last_call: 0,
            members: config.members,
            drained: None,
            answers,
            answered,
            alarm: Alarm::default(),
        }
    }

    pub(super) async fn drive(
        mut self,
        mut inputs: mpsc::Receiver<ActorInput>,
        mut shutdown: watch::Receiver<bool>,
    ) {
        loop {
            self.alarm.set(&*self.net, self.machine.poll_timeout().map(|(due, _)| due));
            // The rare ones first: under load there is always another answer and another input.
            tokio::select! {
                biased;
                () = stopped(&mut shutdown) => {
                    self.handle(Input::Shutdown);
                    self.drain();
                    self.publish_figures();
                    return;
                }
                () = self.alarm.ring() => self.wake(),
                answer = self.answered.recv() => {
                    if let Some((id, answer)) = answer {
                        self.handle(Input::Answer(id, answer));
                    }
                }
                input = inputs.recv() => match input {
                    Some(input) => self.take(input),
                    None => return,
                },
            }
            self.take_waiting(&mut inputs);
            self.drain();
            self.note_leases();
            self.publish_figures();
        }
    }

    /// Takes in what has come in meanwhile, so that one look at the outputs serves many inputs.
    fn take_waiting(&mut self, inputs: &mut mpsc::Receiver<ActorInput>) {
        for _ in 0..BATCH_MAX {
            if let Ok((id, answer)) = self.answered.try_recv() {
                self.handle(Input::Answer(id, answer));
            } else if let Ok(input) = inputs.try_recv() {
                self.take(input);
            } else {
                return;
            }
        }
    }

    fn take(&mut self, input: ActorInput) {
        match input {
            ActorInput::Machine(input) => self.handle(input),
            ActorInput::Attach { session, user, device, queue, form } => {
                self.sessions.insert(session, SessionQueue { queue, form });
                self.net.note_session(session, Some(device));
                self.handle(Input::Attached { session, user, device });
            }
            ActorInput::Frames(session, frames) => {
                for frame in frames {
                    self.handle(Input::Frame(session, frame));
                }
            }
            ActorInput::Peers(peers) => self.peers.connect(&peers),
            ActorInput::Drain(drained) => {
                self.drained = Some(drained);
                self.handle(Input::Drain);
            }
            ActorInput::Api { user, device, frame, reply } => {
                self.last_call += 1;
                self.calls.insert(self.last_call, reply);
                self.handle(Input::Api { call: self.last_call, user, device, frame });
            }
        }
    }

    fn handle(&mut self, input: Input) {
        if let Input::Closed(session) = &input {
            self.forget(*session);
        }
        self.net.note(&|| format!("input {input:?}"));
        self.machine.handle_input(self.net.now(), input);
    }

    fn wake(&mut self) {
        self.net.note(&|| format!("timer {:?}", self.machine.poll_timeout()));
        self.machine.handle_timeout(self.net.now());
    }

    fn drain(&mut self) {
        while let Some(output) = self.machine.poll_output() {
            self.carry_out(output);
        }
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::Deliver { sessions, entry } => {
                self.say(&sessions, ServerFrame::Entry { entry });
            }
            Output::Frame(session, frame) => self.say(&[session], frame),
            Output::Cut(session, reason) => {
                if let Some(SessionQueue { queue, .. }) = self.forget(session) {
                    // A full queue loses the last words; the closed queue ends the connection.
                    drop(queue.try_send(Outgoing::Bye(reason)));
                }
            }
            Output::Peer(server, frame) => self.peers.send(server, frame),
            Output::Request { id, deadline, request } => self.ask(id, deadline, request),
            Output::Members(members) => {
                self.peers.connect(&peers_among(&members, Some(self.server)));
                (self.members)(&members);
            }
            Output::Drained => {
                if let Some(drained) = self.drained.take() {
                    // Whoever asked may have gone in the meantime.
                    let _ = drained.send(());
                }
            }
            Output::ApiAnswer(call, outcome) => {
                if let Some(reply) = self.calls.remove(&call) {
                    // The caller may have gone in the meantime.
                    let _ = reply.send(outcome);
                }
            }
        }
    }

    fn forget(&mut self, session: SessionId) -> Option<SessionQueue> {
        let queue = self.sessions.remove(&session)?;
        self.net.note_session(session, None);
        Some(queue)
    }

    fn ask(&self, id: RequestId, deadline: Monotonic, request: Request) {
        let answers = self.answers.clone();
        let reply = Box::new(move |answer| {
            // The actor may have stopped in the meantime.
            drop(answers.send((id, answer)));
        });
        self.backend.submit_by(deadline, request, reply);
    }

    /// Gives a frame to these sessions. For streams it is encoded once.
    fn say(&mut self, sessions: &[SessionId], frame: ServerFrame) {
        let mut text = None;
        for session in sessions {
            let Some(SessionQueue { queue, form }) = self.sessions.get(session) else { continue };
            let outgoing = match form {
                Form::Text => {
                    let encode = || self.figures.encoder.encode(&frame);
                    Outgoing::Text(text.get_or_insert_with(encode).clone())
                }
                Form::Frames => Outgoing::Frame(frame.clone()),
            };
            if let Err(mpsc::error::TrySendError::Full(_)) = queue.try_send(outgoing) {
                self.handle(Input::Overflowed(*session));
            }
        }
    }

    fn note_leases(&mut self) {
        let now = self.net.now();
        let place = self.machine.lease_epoch(now);
        let worker = self.machine.worker_lease(now);
        self.beliefs.note([
            place.map(|epoch| (LeaseKey::Chat(self.server), epoch)),
            worker.map(|(worker, epoch)| (LeaseKey::Worker(worker), epoch)),
        ]);
    }

    fn publish_figures(&self) {
        let sessions = self.machine.session_count() as u64;
        self.figures.sessions.store(sessions, std::sync::atomic::Ordering::Relaxed);
        if let Ok(mut counts) = self.figures.counts.lock() {
            *counts = self.machine.counts();
        }
        if let Ok(mut situations) = self.figures.situations.lock() {
            *situations = self.machine.situations();
        }
    }
}
