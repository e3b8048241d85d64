//! Requests of machines to their ports, and the answers, over the simulated network.

use hubbub_chat::{
    RequestId,
    membership::Membership,
    notifier::NotifierInput,
    ports::{Answer, Port, Request},
    presence::PresenceInput,
    server::Input,
};

use super::{Engine, Lane, Payload};
use crate::hosts::HostId;

/// A machine of a role, counted from 0 within the role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Seat {
    Chat(usize),
    Presence(usize),
    Notify(usize),
    Api(usize),
    Generator,
}

/// Who asked, and under which start of its process: a later one does not know the question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Asker {
    pub(super) seat: Seat,
    pub(super) incarnation: u32,
    /// Whether it is the machine's place in the registry that asked, which counts its own requests.
    pub(super) is_place: bool,
}

impl Engine<'_> {
    pub(super) fn host_of(&self, seat: Seat) -> HostId {
        let hosts = &self.setup.hosts;
        match seat {
            Seat::Chat(index) => hosts.chat(index),
            Seat::Presence(index) => hosts.presence(index),
            Seat::Notify(index) => hosts.notify(index),
            Seat::Api(index) => hosts.api(index),
            Seat::Generator => hosts.generator(),
        }
    }

    pub(super) fn ask(&mut self, asker: Asker, id: RequestId, request: Request) {
        let (from, to) = (self.host_of(asker.seat), self.host_of_port(&request));
        self.transmit(from, to, Lane::Hosts(from, to), Payload::Request { asker, id, request });
    }

    pub(super) fn answer(&mut self, from: HostId, asker: Asker, id: RequestId, answer: Answer) {
        let to = self.host_of(asker.seat);
        self.transmit(from, to, Lane::Hosts(from, to), Payload::Answer { asker, id, answer });
    }

    /// A host that is down answers nothing.
    pub(super) fn request_arrives(&mut self, asker: Asker, id: RequestId, request: Request) {
        let here = self.host_of_port(&request);
        if let Some(fault) = self.down_by.get(&here) {
            return self.network.count(*fault, 1);
        }
        if self.is_unheard(asker, &request) {
            return;
        }
        if self.is_unavailable(request.port()) {
            return self.answer(here, asker, id, request.port().refused());
        }
        let answer = match request {
            Request::Presence(server, request) => {
                let index = server.0.saturating_sub(1) as usize;
                return self.presence_request(index, (asker, id), request);
            }
            Request::Store(request) => return self.store_request(asker, id, request),
            Request::NextId => self.next_id(),
            request => self.ask_store(request),
        };
        self.answer(here, asker, id, answer);
    }

    pub(super) fn answer_arrives(&mut self, asker: Asker, id: RequestId, answer: Answer) {
        let is_registry = matches!(answer, Answer::Registry(_));
        let Asker { seat, incarnation, is_place } = asker;
        if self.incarnation_of(seat) != incarnation {
            return;
        }
        match seat {
            Seat::Chat(index) => self.server_input(index, Input::Answer(id, answer)),
            Seat::Presence(index) if is_place => {
                self.presence_place(index, |place: &mut Membership, now| {
                    place.handle_answer(now, id, answer);
                });
            }
            Seat::Presence(index) => self.presence_input(index, PresenceInput::Answer(id, answer)),
            Seat::Notify(index) => self.notifier_input(index, NotifierInput::Answer(id, answer)),
            Seat::Api(index) => self.discovery_answer(index, id, answer),
            Seat::Generator => self.generator_answer(id, answer),
        }
        if is_registry {
            self.watch_leases(seat);
        }
    }

    fn incarnation_of(&self, seat: Seat) -> u32 {
        match seat {
            Seat::Chat(index) => self.servers[index].incarnation,
            Seat::Presence(index) => self.presence[index].incarnation,
            Seat::Notify(index) => self.notifiers[index].incarnation,
            Seat::Api(index) => self.apis[index].incarnation,
            Seat::Generator => self.generator.incarnation,
        }
    }

    fn host_of_port(&self, request: &Request) -> HostId {
        match (request.port(), request) {
            (_, Request::Presence(server, _)) => {
                let index = server.0.saturating_sub(1) as usize;
                self.setup.hosts.presence(index.min(self.presence.len() - 1))
            }
            (Port::Generator, _) => self.setup.hosts.generator(),
            _ => self.setup.hosts.store(),
        }
    }
}
