//! The presence role: the machine that keeps leases, its place among the presence servers, and how
//! chat servers reach it and are told of changes.

mod publisher;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use hubbub_chat::{
    RequestId,
    membership::{MembershipConfig, MembershipOutput},
    ports::{
        Answer, Outcome, Port,
        presence::{PresenceAnswer, PresenceRequest},
        registry::{LeaseInfo, LeaseKey},
    },
    presence::{
        CallId, PresenceConfig, PresenceCounts, PresenceInput, PresenceOutput, PresenceServer,
        PresenceView,
    },
    situation::Situations,
    time::{Monotonic, Now},
};
use tokio::sync::{mpsc, watch};

use crate::{
    backend::{Backend, Reply},
    belief::Beliefs,
    membership::keep_membership,
    net::{Listener, Net},
    rpc::{self, ServeConfig},
    task::{Machine, drive},
};

pub use publisher::Publisher;

/// Requests that wait for the machine at most; further ones are refused.
const INPUTS_MAX: usize = 8192;

/// A presence server of the deployment.
pub struct PresenceSetup {
    /// The machine's own configuration.
    pub presence: PresenceConfig,
    /// A number that no other process has, and this one after a restart neither.
    pub holder: u64,
    /// Where chat servers reach it, as `host:port`; empty when they are all in this process.
    pub address: String,
    /// Kept up to date with what it has done.
    pub figures: Arc<Mutex<PresenceFigures>>,
}

/// The way into a running presence server.
#[derive(Clone)]
pub struct PresenceHandle {
    inputs: mpsc::Sender<TaskInput>,
    figures: Arc<Mutex<PresenceFigures>>,
    publisher: Publisher,
}

/// Figures of a running presence server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PresenceFigures {
    /// Whether it has its place in the registry, as far as it knows.
    pub has_place: bool,
    /// Users that it knows something of now.
    pub users: u64,
    /// Pairs of a chat server and a user that are watched now.
    pub watched: u64,
    /// Requests that were one too many to wait, since it started.
    pub requests_overflowed: u64,
    /// What the machine has done since it started.
    pub counts: PresenceCounts,
    /// The situations that the machine has passed through since it started.
    pub situations: Situations,
}

enum TaskInput {
    Ask(PresenceRequest, Reply),
    View(PresenceView),
    Held { epoch: u64, until: Monotonic },
    Lost,
}

impl PresenceHandle {
    /// Starts a presence server, which takes its place in the registry. It stops with the shutdown.
    #[must_use]
    pub fn start(
        net: &Arc<dyn Net>,
        setup: PresenceSetup,
        backend: &Arc<dyn Backend>,
        publisher: Publisher,
        shutdown: &watch::Receiver<bool>,
    ) -> Self {
        let (inputs, received) = mpsc::channel(INPUTS_MAX);
        let PresenceSetup { presence, holder, address, figures } = setup;
        let key = LeaseKey::Presence(presence.server);
        let mut beliefs = Beliefs::new(net.clone(), holder);
        let membership = MembershipConfig {
            key: Some(key),
            holder,
            info: LeaseInfo { peer_address: address, open: true, ..LeaseInfo::default() },
            design: presence.design.clone(),
        };
        let machine = PresenceTask {
            machine: PresenceServer::new(presence, net.now()),
            calls: BTreeMap::new(),
            last_call: 0,
            figures: figures.clone(),
        };
        let changes = inputs.clone();
        let told = publisher.clone();
        let placed = figures.clone();
        let changed = move |output| match output {
            MembershipOutput::Members { version, members } => {
                told.update(&members);
                // A machine that is so far behind takes the next view: it comes with the next
                // change, and until then requests for others' users are answered with "elsewhere".
                drop(
                    changes.try_send(TaskInput::View(PresenceView::of_snapshot(version, &members))),
                );
            }
            MembershipOutput::Held { epoch, until } => {
                note(&placed, |figures| figures.has_place = true);
                beliefs.note([Some((key, epoch)), None]);
                // Without it the machine takes its lease to end sooner, until the next renewal.
                drop(changes.try_send(TaskInput::Held { epoch, until }));
            }
            MembershipOutput::Lost => {
                note(&placed, |figures| figures.has_place = false);
                beliefs.note([None; 2]);
                // Without it the machine goes by the end that it was told.
                drop(changes.try_send(TaskInput::Lost));
            }
            MembershipOutput::Request { .. } => {}
        };
        let keeping =
            keep_membership(net.clone(), membership, backend.clone(), shutdown.clone(), changed);
        net.spawn(Box::pin(keeping));
        let told = publisher.clone();
        let driven = drive(
            net.clone(),
            machine,
            backend.clone(),
            received,
            shutdown.clone(),
            move |asker, output| match output {
                PresenceOutput::Publish(server, statuses) => told.publish(server, statuses),
                PresenceOutput::Request { id, deadline, request } => {
                    asker.ask(id, deadline, request);
                }
                // The task has given it to whoever asked.
                PresenceOutput::Answer(..) => {}
            },
        );
        net.spawn(Box::pin(driven));
        Self { inputs, figures, publisher }
    }

    /// Asks it, or refuses when it is too far behind.
    pub fn submit(&self, request: PresenceRequest, reply: Reply) {
        if let Err(error) = self.inputs.try_send(TaskInput::Ask(request, reply))
            && let TaskInput::Ask(_, reply) = error.into_inner()
        {
            note(&self.figures, |figures| figures.requests_overflowed += 1);
            reply(Port::Presence.refused());
        }
    }

    /// What it has done since it started, and what it holds now.
    #[must_use]
    pub fn figures(&self) -> PresenceFigures {
        self.figures.lock().map(|figures| *figures).unwrap_or_default()
    }

    /// Publications that were not sent or not confirmed.
    #[must_use]
    pub fn publications_lost(&self) -> u64 {
        self.publisher.lost()
    }
}

fn note(figures: &Mutex<PresenceFigures>, change: impl FnOnce(&mut PresenceFigures)) {
    // Nothing panics while it holds this.
    change(&mut figures.lock().unwrap_or_else(PoisonError::into_inner));
}

/// Serves a presence server to chat servers in other processes, until the shutdown.
pub async fn serve_presence(
    net: Arc<dyn Net>,
    listener: Box<dyn Listener>,
    presence: PresenceHandle,
    shutdown: watch::Receiver<bool>,
) {
    let handler: rpc::Handler<PresenceRequest, Outcome<PresenceAnswer>> =
        Arc::new(move |request, reply| {
            presence.submit(
                request,
                Box::new(move |answer| match answer {
                    Answer::Presence(outcome) => reply(outcome),
                    _ => reply(Outcome::Refused),
                }),
            );
        });
    rpc::serve(net, listener, handler, ServeConfig::default(), shutdown).await;
}

/// The machine, and those who wait for its answers.
struct PresenceTask {
    machine: PresenceServer,
    /// Each ends with its answer, which the machine gives to every request.
    calls: BTreeMap<CallId, Reply>,
    last_call: u64,
    figures: Arc<Mutex<PresenceFigures>>,
}

impl Machine for PresenceTask {
    type Input = TaskInput;
    type Output = PresenceOutput;

    fn take(&mut self, now: Now, input: TaskInput) {
        match input {
            TaskInput::Ask(request, reply) => {
                self.last_call += 1;
                let from = CallId(self.last_call);
                self.calls.insert(from, reply);
                self.machine.handle_input(now, PresenceInput::Request { from, request });
            }
            TaskInput::View(view) => self.machine.handle_input(now, PresenceInput::View(view)),
            TaskInput::Held { epoch, until } => {
                self.machine.handle_input(now, PresenceInput::Held { epoch, until });
            }
            TaskInput::Lost => self.machine.handle_input(now, PresenceInput::Lost),
        }
    }

    fn settle(&mut self, now: Now, id: RequestId, answer: Answer) {
        self.machine.handle_input(now, PresenceInput::Answer(id, answer));
    }

    fn wake(&mut self, now: Now) {
        self.machine.handle_timeout(now);
    }

    fn next_output(&mut self) -> Option<PresenceOutput> {
        let output = self.machine.poll_output();
        match output {
            Some(PresenceOutput::Answer(call, answer)) => {
                if let Some(reply) = self.calls.remove(&call) {
                    reply(Answer::Presence(Outcome::Ok(answer.clone())));
                }
                Some(PresenceOutput::Answer(call, answer))
            }
            None => {
                let machine = &self.machine;
                note(&self.figures, |figures| {
                    figures.users = machine.user_count() as u64;
                    figures.watched = machine.watch_count() as u64;
                    figures.counts = machine.counts();
                    figures.situations = machine.situations();
                });
                None
            }
            other => other,
        }
    }

    fn wake_at(&self) -> Option<Monotonic> {
        self.machine.poll_timeout().map(|(due, _)| due)
    }
}
